"""The student reads only the products whose vectors lie nearest to the query's; the others follow below by cosine.

The cosines come from vectors that were made with the index, so that a list costs one encoding, of the query, and the
student's time for `keep` products instead of all. What that costs in nDCG is measured (docs/serving.md).

A product's score then depends on which others were asked with it: on whether it is among the `keep` nearest of them
and, where it is not, on what the student says of those. No list of at most `keep` products is touched.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from eval.errors import InputError
from rerank.types import Pair, Reranker, score_by_rows
from retrieval.types import Product, Products, Query


class Cosines(Protocol):
    """What is known of products' vectors; `retrieval.live.cosines.StoredCosines` is one."""

    def of_rows(self, query: Query, rows: np.ndarray, products: Products | None) -> np.ndarray:
        """float32 [len(rows)]: the cosine of the query with the product of each row (int64), NaN where none is known.

        `products` is the catalogue whose rows these are; None for that of the index, without live changes.
        """
        ...

    def rows(self, products: Sequence[Product]) -> np.ndarray:
        """int64 [len(products)]: the row of the index's product that reads the same as each, -1 where none does."""
        ...


class ShortlistedReranker:
    """A `RowReranker` and `Reranker`: the student's scores of the `keep` nearest products, `scores_below` for the rest.

    A product without a vector (a text that is no product's of the index) is always read by the student, and takes one
    of the `keep` places as long as there are any. The student reads everything that is asked with a blank query.

    Args:
        cosines: of the catalogue that is asked about.
        student: asked by rows where it is a `RowReranker`.
        keep: how many products of a query the student reads.

    Raises:
        InputError: `keep` is below 1.
    """

    def __init__(self, cosines: Cosines, student: Reranker, keep: int) -> None:
        if keep < 1:
            raise InputError(f"a shortlist of {keep} products; expected at least 1, or none for all to be read")
        self.cosines = cosines
        self.student = student
        self.keep = keep

    def score_rows(self, query: Query, rows: Sequence[int], products: Products) -> np.ndarray:
        """float32 scores [len(rows)] of the catalogue's products in these rows."""
        if self._reads_all(query, len(rows)):
            return score_by_rows(self.student, query, rows, products)
        every = np.asarray(rows, dtype=np.int64)
        cosines = self.cosines.of_rows(query, every, products)

        def read(places: np.ndarray) -> np.ndarray:
            return score_by_rows(self.student, query, every[places].tolist(), products)

        return self._scored(every, cosines, read)

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 scores [len(pairs)]; each query has a shortlist of its own, of those products that the index knows by
        their text."""
        places: dict[Query, list[int]] = {}
        for place, (query, _) in enumerate(pairs):
            places.setdefault(query, []).append(place)
        if all(self._reads_all(query, len(own)) for query, own in places.items()):
            return self.student.score(pairs)
        scores = np.empty(len(pairs), dtype=np.float32)
        for query, own in places.items():
            scores[own] = self._of_one([pairs[place] for place in own], query)
        return scores

    def _of_one(self, pairs: Sequence[Pair], query: Query) -> np.ndarray:
        if self._reads_all(query, len(pairs)):
            return self.student.score(pairs)
        rows = self.cosines.rows([product for _, product in pairs])
        cosines = self.cosines.of_rows(query, rows, None)
        return self._scored(rows, cosines, lambda places: self.student.score([pairs[place] for place in places]))

    def _reads_all(self, query: Query, count: int) -> bool:
        return count <= self.keep or not query.text.strip()

    def _scored(self, rows: np.ndarray, cosines: np.ndarray, read: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """`read` answers the student's scores of places."""
        # Nearest first, ties in row order (of one row, as given); what has no cosine comes before all.
        order = np.lexsort((rows, -np.where(np.isnan(cosines), np.inf, cosines)))
        kept = max(self.keep, int(np.isnan(cosines).sum()))
        if kept >= len(rows):
            return read(np.arange(len(rows)))
        found = read(order[:kept])
        scores = np.empty(len(rows), dtype=np.float32)
        scores[order] = np.concatenate([found, scores_below(found, cosines[order], kept)])
        return scores


def scores_below(read: np.ndarray, cosines: np.ndarray, kept: int) -> np.ndarray:
    """float32 scores [len(cosines) - kept], falling strictly, all below the lowest that the student gave.

    A product's is `min(read) − d(read) · (cut − cosine) / d(cosines)`, `cut` the lowest cosine of a product that was
    read and `d` the standard deviation: one deviation of the cosines of all that was asked is worth one of the scores
    that were read (a logit, where those do not differ). So the scores are the student's in scale, and lie a few
    deviations below it at most: what is standardised afterwards still tells the products apart that were read. Where
    this gives no lower number than the product before (cosines that tie), the next lower float32 is taken.

    Args:
        read: float32, the student's scores of the first `kept` products.
        cosines: float32 of all products, falling; NaN where there is none, first.
    """
    known = cosines[~np.isnan(cosines)].astype(np.float64)
    unknown = len(cosines) - len(known)
    cut = known[max(kept - unknown, 1) - 1]
    gaps = cut - known[kept - unknown :]
    unit = float(np.std(read.astype(np.float64))) or 1.0
    wanted = float(read.min()) - unit * gaps / (float(np.std(known)) or 1.0)
    scores = np.empty(len(gaps), dtype=np.float32)
    lowest = read.min()
    for place, score in enumerate(wanted.astype(np.float32)):
        lowest = min(score, np.nextafter(lowest, np.float32(-np.inf)))
        scores[place] = lowest
    return scores
