"""How well the catalogue can answer a query, from what the first stages find: 0 not at all, 1 fully.

A query that the catalogue cannot answer yields only irrelevant labels. Of the best few products of every retriever:

    lexical  = max over the products of  Σ idf(w) [w in the product's text] / Σ idf(w),  w the words of the query
    cosine   = the best score of the dense retriever, clipped to [0, 1]
    coverage = (lexical + cosine) / 2, or lexical alone where there is no dense retriever

with idf(w) = ln(1 + N / (1 + df(w))) over the N products, so that a word that the catalogue does not know weighs most
and "for" next to nothing. The lexical part asks for one product that holds all the words: a red shoe and a green shirt
do not cover "red shirt".
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from augment.pairs import shard_name, write_table
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Query, Retriever

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue

CHUNK = 1024
"""Queries a shard of coverage."""

_TEXT_BATCH = 4096
_SCHEMA = pa.schema([("lexical", pa.float32()), ("cosine", pa.float32()), ("coverage", pa.float32())])


class WordWeights:
    """Inverse document frequencies in the catalogue of the words that queries use."""

    def __init__(self, texts: Iterable[str], vocabulary: Iterable[str]):
        """Counts only the words of `vocabulary`, in one pass over the products' `texts`: memory grows with the log."""
        wanted = frozenset(vocabulary)
        counts: Counter[str] = Counter()
        self.products = 0
        for text in texts:
            self.products += 1
            counts.update(wanted.intersection(tokenize(text)))
        self._counts = dict(counts)

    def weight(self, word: str) -> float:
        """idf(word), above 0; the highest for a word that no product holds."""
        return math.log(1 + self.products / (1 + self._counts.get(word, 0)))

    def lexical(self, query: str, texts: Sequence[str]) -> float:
        """Share in [0, 1] of the query's words, by weight, that the best single text holds."""
        words = set(tokenize(query))
        weights = {word: self.weight(word) for word in words}
        total = math.fsum(weights.values())
        if not total:
            return 0.0
        held = (math.fsum(weights[word] for word in words.intersection(tokenize(text))) for text in texts)
        return min(1.0, max(held, default=0.0) / total)


def coverage(lexical: float, cosine: float | None) -> float:
    """The two kinds of evidence as one number in [0, 1]; `cosine` is None where there is no dense retriever."""
    return lexical if cosine is None else (lexical + min(1.0, max(0.0, cosine))) / 2


def measure_coverage(
    queries: Sequence[Query],
    retrievers: Mapping[str, Retriever],
    catalogue: "Catalogue",
    template: ProductTemplate,
    path: Path,
    *,
    evidence: int,
    report: Callable[[int], None],
) -> np.ndarray:
    """Coverage of each query, float32 [n], also written to the directory `path`, a shard for every `CHUNK` queries.

    Looks at the best `evidence` products of each of `retrievers`; the scores of the one named "dense" are cosines.
    Shards that are there already are read, not computed. `report` is called with the number of queries done.
    """
    shards = [path / shard_name(number) for number in range(-(-len(queries) // CHUNK))]
    weights = None
    for number, shard in enumerate(shards):
        chunk = queries[number * CHUNK : (number + 1) * CHUNK]
        if not shard.exists():
            weights = weights or WordWeights(_texts(catalogue, template), _vocabulary(queries))
            rows = _cover(chunk, retrievers, catalogue, template, weights, evidence)
            write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), shard)
        report(number * CHUNK + len(chunk))
    covered = [pq.read_table(shard, columns=["coverage"])["coverage"].to_numpy() for shard in shards]
    return np.concatenate(covered) if covered else np.zeros(0, dtype=np.float32)


def _cover(
    queries: Sequence[Query],
    retrievers: Mapping[str, Retriever],
    catalogue: "Catalogue",
    template: ProductTemplate,
    weights: WordWeights,
    evidence: int,
) -> list[dict[str, Any]]:
    found = {name: retriever.search(queries, evidence) for name, retriever in retrievers.items()}
    ids = sorted({hit.product_id for lists in found.values() for hits in lists for hit in hits})
    products = catalogue.products([catalogue.row(product_id) for product_id in ids])
    texts = {product.id: template.text(product) for product in products}
    rows: list[dict[str, Any]] = []
    for place, query in enumerate(queries):
        lexical = weights.lexical(
            query.text, [texts[hit.product_id] for lists in found.values() for hit in lists[place]]
        )
        cosine = max((hit.score for hit in found["dense"][place]), default=0.0) if "dense" in found else None
        rows.append({"lexical": lexical, "cosine": cosine, "coverage": coverage(lexical, cosine)})
    return rows


def _vocabulary(queries: Iterable[Query]) -> set[str]:
    return {word for query in queries for word in tokenize(query.text)}


def _texts(catalogue: "Catalogue", template: ProductTemplate) -> Iterable[str]:
    for start in range(0, len(catalogue), _TEXT_BATCH):
        yield from catalogue.texts(template, start, min(start + _TEXT_BATCH, len(catalogue)))
