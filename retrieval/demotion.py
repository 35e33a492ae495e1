"""Behind with what a shopper says they do not want: a query "… without handles", a product that mentions handles.

On the 71 full train queries of ESCI-150, 17 of which say "without", this takes the hybrid first stage from .697 to .726
nDCG@10 (docs/experiments.md). No cross-encoder of MiniLM's size learnt it from an LLM's grades, so their scores lose
something as well.
"""

from collections.abc import Sequence

import numpy as np

from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR
from retrieval.product_text import ProductTemplate
from retrieval.tokens import fold, tokenize, trace
from retrieval.top_k import check_k
from retrieval.types import Filter, Hit, Products, Query, Retriever
from retrieval.wanted import affirmed, unwanted

LOSS = {BM25_FLOOR: 0.25, COSINE_FLOOR: 1 / 30}
"""By a stage's floor (`retrieval.fusion`): the share of its height above the floor that a product's score loses where
the product mentions all that is unwanted. Chosen on the train queries of ESCI-150: enough to fall behind products that
match as well, too little to fall out of a list."""

RERANKER_LOSS = 2.0
"""How many standard deviations of a reranker's scores of a query's candidates such a product loses. Chosen on the train
queries of ESCI-150, where 1 to 3 are alike."""

_DEEPER, _AT_LEAST = 100, 300  # hits asked for where some are to fall behind; one depth for every usual k


class Demotion:
    """What the products of a catalogue mention, as the template's text has it."""

    def __init__(self, catalogue: Products, template: ProductTemplate) -> None:
        self._catalogue = catalogue
        self._template = template

    def scores(self, query: Query, product_ids: Sequence[str], scores: Sequence[float], floor: float) -> list[float]:
        """A stage's scores of these products, less what they lose; as they are where the query is without nothing."""
        things = unwanted(query.text)
        if not things or not product_ids:
            return list(scores)
        given = np.asarray(scores, dtype=np.float64)
        lost = LOSS[floor] * self._mentioned(things, product_ids) * (given - floor)
        return (given - lost).astype(np.float32).tolist()

    def hits(self, query: Query, hits: Sequence[Hit], floor: float) -> list[Hit]:
        """A stage's hits in their new order, ties in catalogue order."""
        if not unwanted(query.text):
            return list(hits)
        ids = [hit.product_id for hit in hits]
        scores = self.scores(query, ids, [hit.score for hit in hits], floor)
        found = map(Hit, ids, scores)
        return sorted(found, key=lambda hit: (-hit.score, self._catalogue.row(hit.product_id)))

    def reranked(
        self, query: Query, product_ids: Sequence[str], scores: np.ndarray, spread: float | None = None
    ) -> np.ndarray:
        """A reranker's scores of products for the query, less what they lose; float32 [len(product_ids)].

        Rerankers have no scale of their own: the loss is measured by how far the scores of a query's candidates lie
        apart, which is their standard deviation where these are all of the candidates, and else has to be given.
        """
        things = unwanted(query.text)
        if not things or not product_ids:
            return scores
        apart = scores.std(dtype=np.float64) if spread is None else spread
        lost = RERANKER_LOSS * apart * self._mentioned(things, product_ids)
        return (scores - lost).astype(np.float32)

    def _mentioned(self, things: Sequence[tuple[str, ...]], product_ids: Sequence[str]) -> np.ndarray:
        """How much of any of the things, in [0, 1], each product mentions and does not say it is without."""
        products = self._catalogue.products([self._catalogue.row(product_id) for product_id in product_ids])
        traces = [trace(token) for thing in things for token in thing]
        shares = np.zeros(len(products))
        for place, product in enumerate(products):
            text = self._template.text(product)
            folded = fold(text)
            if any(part in folded for part in traces):
                held = set(tokenize(affirmed(text)))
                shares[place] = max(sum(token in held for token in thing) / len(thing) for thing in things)
        return shares


class DemotingRetriever:
    """A `Retriever` whose hits fall behind where they mention what the query is to be without.

    Of a query that is without something, more hits are asked for than k, so that others move up.
    """

    def __init__(self, retriever: Retriever, demotion: Demotion, floor: float) -> None:
        self.retriever = retriever
        self._demotion = demotion
        self._floor = floor

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order."""
        check_k(k)
        plain = [place for place, query in enumerate(queries) if not unwanted(query.text)]
        negated = [place for place, query in enumerate(queries) if unwanted(query.text)]
        found: list[list[Hit]] = [[] for _ in queries]
        for places, depth in ((plain, k), (negated, deep(k))):
            asked = [queries[place] for place in places]
            lists = self.retriever.search(asked, depth, where) if asked else []
            for place, query, hits in zip(places, asked, lists, strict=True):
                found[place] = self._demotion.hits(query, hits, self._floor)[:k]
        return found

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The stage's own score of each given product, less what it loses."""
        scores = self.retriever.score_products(query, product_ids)
        return self._demotion.scores(query, product_ids, scores, self._floor)


def deep(k: int) -> int:
    """How many hits are asked for, so that those that fall behind leave k good ones."""
    return max(k + _DEEPER, _AT_LEAST)
