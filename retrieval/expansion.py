"""A hybrid first stage that looks twice: words that its best products share are looked for as well.

Pseudo-relevance feedback after RM3 (Abdul-Jaleel et al., TREC 2004; the relevance models of Lavrenko and Croft, SIGIR
2001), on BM25's sums of word weights. The feedback comes from both parts, so the bi-encoder, which finds what the query
means, tells BM25 what that is called in this catalogue. It widens what is found; docs/experiments.md has by how much.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from retrieval.demotion import DemotingRetriever, Demotion
from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR, Fusion, fuse, fuse_scores
from retrieval.hybrid import HybridRetriever
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Filter, Hit, Products, Query, Retriever

_FLOORS = (BM25_FLOOR, COSINE_FLOOR)


@dataclass(frozen=True)
class Expansion:
    """The `words` words that tell most of the best `products` products; all of them together count `weight` times as
    much as the query's own."""

    products: int = 10
    words: int = 10
    weight: float = 0.25


class WordRetriever(Retriever, Protocol):
    """A lexical first stage that can be told to look for more."""

    def adding(self, words: Mapping[str, float]) -> "WordRetriever":
        """The same, with these tokens looked for in every query, each counting so many times a word of the query."""
        ...

    def idf(self, word: str) -> float:
        """How much a token tells; the rarer, the higher."""
        ...


class ExpandingRetriever:
    """A `Retriever`: BM25 and the bi-encoder fused, then fused again with what BM25 finds for the expanded query.

    Args:
        words: BM25, which does not demote; `vectors`, which does.
        template: which text of a product its words are taken from.
    """

    def __init__(
        self,
        words: WordRetriever,
        vectors: Retriever,
        demotion: Demotion,
        catalogue: Products,
        template: ProductTemplate,
        fusion: Fusion,
        expansion: Expansion,
    ) -> None:
        self.expansion = expansion
        self.catalogue = catalogue
        self._words = words
        self._vectors = vectors
        self._demotion = demotion
        self._template = template
        self._plain = HybridRetriever(
            [(self._adding({}), BM25_FLOOR), (vectors, COSINE_FLOOR)], catalogue, fusion=fusion
        )

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order; with a filter, feedback passes it too."""
        depth = max(k, self._plain.depth)
        first, near = (part.search(queries, depth, where) for part, _ in self._plain.parts)
        found = []
        for query, lexical, vectors in zip(queries, first, near, strict=True):
            best = self._fused(lexical, vectors, self.expansion.products, depth)
            more = self._more(query, best)
            again = self._adding(more).search([query], depth, where)[0] if more else lexical
            found.append(self._fused(again, vectors, k, depth))
        return found

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The fusion of the parts' scores of just these products, as in `HybridRetriever`; feedback is a search's."""
        if not product_ids:
            return []
        more = self._more(query, self._plain.search([query], self.expansion.products)[0])
        parts = (self._adding(more), self._vectors)
        return fuse_scores([part.score_products(query, product_ids) for part in parts], _FLOORS, self._plain.fusion)

    def _adding(self, more: Mapping[str, float]) -> Retriever:
        return DemotingRetriever(self._words.adding(more), self._demotion, BM25_FLOOR)

    def _fused(self, lexical: Sequence[Hit], vectors: Sequence[Hit], k: int, depth: int) -> list[Hit]:
        return fuse([lexical, vectors], _FLOORS, self.catalogue, self._plain.fusion, k, depth)

    def _more(self, query: Query, best: Sequence[Hit]) -> dict[str, float]:
        products = self.catalogue.products([self.catalogue.row(hit.product_id) for hit in best])
        return expansion_words(
            query, [self._template.text(product) for product in products], self._words, self.expansion
        )


def expansion_words(query: Query, texts: Sequence[str], words: WordRetriever, expansion: Expansion) -> dict[str, float]:
    """Tokens to look for as well, with what each counts.

    A word's weight is the share of the texts that hold it times its idf. Words of the query (what it is to be without
    among them) and words of a single text are left out.
    """
    own = set(tokenize(query.text))
    held = Counter(token for text in texts for token in set(tokenize(text)))
    weights = {
        token: count / len(texts) * words.idf(token) for token, count in held.items() if count > 1 and token not in own
    }
    best = sorted(weights, key=lambda token: (-weights[token], token))[: expansion.words]
    total = math.fsum(weights[token] for token in best)
    scale = expansion.weight * len(own) / total if total else 0.0
    return {token: float(np.float32(scale * weights[token])) for token in sorted(best)}
