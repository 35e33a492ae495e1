"""The lexical first stage: BM25 over the product text, with bm25s.

Lucene's variant (Kamphuis et al., ECIR 2020): a word's score in a product is idf · tf / (tf + k1 (1 − b + b length /
mean length)) with idf = ln(1 + (N − df + .5) / (df + .5)); a query's is the sum over its words, a repeated word
counting again. bm25s (Lù, arXiv 2407.03618) computes all word scores when the index is built, so a search only adds up.
"""

import copy
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import bm25s
import numpy as np

from eval.errors import InputError, MachineError
from eval.files import atomic_path
from retrieval.catalogue import Catalogue
from retrieval.filters import matching_rows
from retrieval.index_manifest import IndexManifest
from retrieval.product_text import ProductTemplate
from retrieval.progress import Progress
from retrieval.tokens import TOKENIZER_VERSION, tokenize
from retrieval.top_k import check_k, top_k
from retrieval.types import Filter, Hit, Query
from retrieval.wanted import wanted

_CHUNK = 4096  # products tokenized between two progress reports
_TOKENIZER = f"tokens-{TOKENIZER_VERSION}"


class BM25Retriever:
    """A `Retriever` by shared words. Only products that share a word with the query are hits; their scores are
    positive."""

    def __init__(self, index: bm25s.BM25, manifest: IndexManifest, catalogue: Catalogue):
        manifest.check_catalogue(catalogue)
        self.manifest = manifest
        self.catalogue = catalogue
        self.index = index
        self.more: Mapping[str, float] = {}
        """Tokens that are looked for beside the query's, and how many times a word of the query each counts."""
        self._vocabulary: dict[str, int] = index.vocab_dict

    @classmethod
    def build(
        cls,
        catalogue: Catalogue,
        template: ProductTemplate,
        path: Path,
        *,
        k1: float = 1.2,
        b: float = 0.75,
        progress: Progress | None = None,
    ) -> "BM25Retriever":
        """Index the catalogue into the directory `path`, whole or not at all, and open it.

        Raises:
            InputError: no product has a word in the template's fields.
            MachineError: the disk is full, or cannot be written.
        """
        vocabulary: dict[str, int] = {}  # numbered as words first appear: the same index from every process
        documents = [
            [vocabulary.setdefault(token, len(vocabulary)) for token in tokenize(text)]
            for text in _texts(catalogue, template, progress)
        ]
        if not vocabulary:
            raise InputError(f"no product of {len(catalogue)} has a word in the fields {', '.join(template.fields)}")
        index = bm25s.BM25(method="lucene", k1=k1, b=b)
        index.index((documents, vocabulary), create_empty_token=False, show_progress=False)
        with atomic_path(path) as temporary:
            temporary.mkdir(parents=True)
            index.save(temporary, show_progress=False)
            IndexManifest.describe("bm25", len(vocabulary), _TOKENIZER, template, catalogue).write(temporary)
        return cls.load(path, catalogue)

    @classmethod
    def load(cls, path: Path, catalogue: Catalogue) -> "BM25Retriever":
        """Open an index, its word scores memory-mapped.

        Raises:
            InputError: it was built over another catalogue, or with another tokenizer.
            MachineError: there is no sound index.
        """
        path = Path(path)
        manifest = IndexManifest.read(path)
        if manifest.kind != "bm25":
            raise MachineError(f"{path} is no BM25 index but of kind {manifest.kind}")
        manifest.check_encoder(_TOKENIZER, path)
        try:
            index = bm25s.BM25.load(path, mmap=True, show_progress=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise MachineError(f"{path} cannot be read ({error}); build the index again") from error
        return cls(index, manifest, catalogue)

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order; none for a query without a known word."""
        check_k(k)
        rows = matching_rows(self.catalogue, where) if where else None
        return [self._search(query, k, rows) for query in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The BM25 score of each given product; 0 where it shares no word with the query."""
        rows = np.array([self.catalogue.row(product_id) for product_id in product_ids], dtype=np.int64)
        return self.scores(query)[rows].tolist()

    def _search(self, query: Query, k: int, rows: np.ndarray | None) -> list[Hit]:
        scores = self.scores(query)
        found = np.flatnonzero(scores) if rows is None else rows[scores[rows] > 0]
        best = found[top_k(scores[found], k)]
        ids = self.catalogue.ids
        return [Hit(ids[row], score) for row, score in zip(best.tolist(), scores[best].tolist(), strict=True)]

    @property
    def vocabulary(self) -> Collection[str]:
        """The words of all products."""
        return self._vocabulary

    def adding(self, words: Mapping[str, float]) -> "BM25Retriever":
        """The same index, with these tokens looked for in every query, each counting so many times a word of it."""
        other = copy.copy(self)
        other.more = dict(words)
        return other

    def knows(self, word: str) -> bool:
        """Whether any product has this token."""
        return word in self._vocabulary

    def idf(self, word: str) -> float:
        """`inverse_frequency` of a token; of one that no product has, with a df of 0."""
        number, starts = self._vocabulary.get(word), self.index.scores["indptr"]
        return inverse_frequency(0 if number is None else int(starts[number + 1] - starts[number]), self.manifest.count)

    def scores(self, query: Query) -> np.ndarray:
        """float32 scores [len(catalogue)] of all products, by row; 0 where a product shares no word with the query."""
        known = [self._vocabulary[token] for token in tokenize(wanted(query.text)) if token in self._vocabulary]
        scores = self.index.get_scores_from_ids(sorted(known))
        stored = self.index.scores
        for word, times in self.more.items():
            if (number := self._vocabulary.get(word)) is not None:
                held = slice(*stored["indptr"][number : number + 2])
                scores[stored["indices"][held]] += np.float32(times) * stored["data"][held]  # a product has it once
        return scores


def inverse_frequency(df: int, count: int) -> float:
    """ln(1 + (N − df + .5) / (df + .5)) of a word that `df` of `count` products have."""
    return math.log(1 + (count - df + 0.5) / (df + 0.5))


def _texts(catalogue: Catalogue, template: ProductTemplate, progress: Progress | None) -> Iterator[str]:
    count = len(catalogue)
    for start in range(0, count, _CHUNK):
        end = min(start + _CHUNK, count)
        yield from catalogue.texts(template, start, end)
        if progress is not None:
            progress(end, count)
