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
from retrieval.fusion import BM25_FLOOR
from retrieval.hybrid import HybridRetriever
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Filter, Hit, Query, Retriever
from retrieval.wanted import wanted


@dataclass(frozen=True)
class Expansion:
    """The `words` words that tell most of the best `products` products; all of them together count `weight` times as
    much as the query's own that any product has."""

    products: int = 10
    words: int = 10
    weight: float = 0.25


class WordRetriever(Retriever, Protocol):
    """A lexical first stage that can be told to look for more."""

    def adding(self, words: Mapping[str, float]) -> "WordRetriever":
        """The same, with these tokens looked for in every query, each counting so many times a word of the query."""
        ...

    def knows(self, word: str) -> bool:
        """Whether a token is in any product."""
        ...

    def idf(self, word: str) -> float:
        """How much a token tells; the rarer, the higher."""
        ...


class ExpandingRetriever:
    """A `Retriever`: BM25 and the bi-encoder fused, then fused again with what BM25 finds for the expanded query.

    Args:
        hybrid: the fusion of BM25 and the bi-encoder, in this order, both of which demote.
        words: its BM25, which does not demote.
        template: which text of a product its words are taken from.
    """

    def __init__(
        self,
        hybrid: HybridRetriever,
        words: WordRetriever,
        demotion: Demotion,
        template: ProductTemplate,
        expansion: Expansion,
    ) -> None:
        self.expansion = expansion
        self._hybrid = hybrid
        self._words = words
        self._demotion = demotion
        self._template = template

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order; with a filter, feedback passes it too."""
        depth = self._hybrid.deep(k)
        first, near = (part.search(queries, depth, where) for part, _ in self._hybrid.parts)
        found = []
        for query, lexical, vectors in zip(queries, first, near, strict=True):
            more = self._more(query, self._hybrid.fused([lexical, vectors], self.expansion.products, depth))
            again = self._adding(more).search([query], depth, where)[0] if more else lexical
            found.append(self._hybrid.fused([again, vectors], k, depth))
        return found

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """As `HybridRetriever.score_products`, with the words that a search would add."""
        if not product_ids:
            return []
        more = self._more(query, self._hybrid.search([query], self.expansion.products)[0])
        (_, floor), vectors = self._hybrid.parts
        expanded = HybridRetriever(
            [(self._adding(more), floor), vectors], self._hybrid.catalogue, fusion=self._hybrid.fusion
        )
        return expanded.score_products(query, product_ids)

    def _adding(self, more: Mapping[str, float]) -> Retriever:
        return DemotingRetriever(self._words.adding(more), self._demotion, BM25_FLOOR)

    def _more(self, query: Query, best: Sequence[Hit]) -> dict[str, float]:
        catalogue = self._hybrid.catalogue
        products = catalogue.products([catalogue.row(hit.product_id) for hit in best])
        return expansion_words(
            query, [self._template.text(product) for product in products], self._words, self.expansion
        )


def expansion_words(query: Query, texts: Sequence[str], words: WordRetriever, expansion: Expansion) -> dict[str, float]:
    """Tokens to look for as well, with what each counts.

    A word's weight is the share of the texts that hold it times its idf. Words of the query (what it is to be without
    among them) and words of a single text are left out. All together count `expansion.weight` times the query's words
    that BM25 finds: to a query of which it knows no word nothing is added, that would be all it looks for.
    """
    own = set(tokenize(query.text))
    held = Counter(token for text in texts for token in set(tokenize(text)))
    weights = {
        token: count / len(texts) * words.idf(token) for token, count in held.items() if count > 1 and token not in own
    }
    best = sorted(weights, key=lambda token: (-weights[token], token))[: expansion.words]
    total = math.fsum(weights[token] for token in best)
    searched = sum(words.knows(token) for token in set(tokenize(wanted(query.text))))
    if not searched:
        return {}
    scale = expansion.weight * searched / total if total else 0.0
    return {token: float(np.float32(scale * weights[token])) for token in sorted(best)}
