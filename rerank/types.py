"""What a reranker is, and what a teacher says of a pair."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from retrieval.types import Product, Products, Query

Pair = tuple[Query, Product]

SCORE_LIMIT = 8.0
"""Teacher scores are logits clipped to plus or minus this, so that a certain teacher does not drown the rest."""


class Label(NamedTuple):
    """A teacher's output for one pair.

    `score` is the logit of the expected soft target, clipped to ±`SCORE_LIMIT`, whatever the teacher's head; NaN when
    `status` is not "ok". `distribution` holds the probability of each grade, best grade first, where the head has
    grades. `reason` says why a label failed.
    """

    score: float
    distribution: tuple[float, ...] | None = None
    status: str = "ok"
    reason: str = ""


def label_scores(labels: Sequence[Label]) -> np.ndarray:
    """float32 scores [len(labels)] to rank by; a pair whose label failed ranks last (−8)."""
    scores = np.array([label.score for label in labels], dtype=np.float32)
    return np.nan_to_num(scores, nan=-SCORE_LIMIT)


@runtime_checkable
class Reranker(Protocol):
    """Puts a number on pairs of query and product; only its order within a query means anything."""

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 scores of shape [len(pairs)], higher is better; works across queries."""
        ...


@runtime_checkable
class RowReranker(Protocol):
    """A reranker that keeps the catalogue's products itself (tokenised, say), so that nothing is read to ask it."""

    def score_rows(self, query: Query, rows: Sequence[int], products: Products) -> np.ndarray:
        """float32 scores of shape [len(rows)] of the products in these catalogue rows, for one query.

        A row is one version of one product and never changes: what is known of a row stays true. `products` reads those
        rows that the reranker does not keep (products that came after it was made).
        """
        ...


def score_by_rows(
    reranker: Reranker | RowReranker, query: Query, rows: Sequence[int], products: Products
) -> np.ndarray:
    """float32 scores of shape [len(rows)] of any reranker: by rows where it takes them, else by the products there."""
    if isinstance(reranker, RowReranker):
        return reranker.score_rows(query, rows, products)
    return reranker.score([(query, product) for product in products.products(rows)])
