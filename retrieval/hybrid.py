"""Several first stages as one, fused by their scores or by their ranks."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from eval.errors import InputError
from retrieval.top_k import check_k, top_k
from retrieval.types import Filter, Hit, Products, Query, Retriever

Fusion = Literal["scores", "ranks"]


class HybridRetriever:
    """A `Retriever` that adds what its parts say of each product.

    "scores": the mean of the parts' scores, each brought to [0, 1] between its `floor` (the least a score can be: 0 for
    BM25, −1 for a cosine) and the query's best (the convex combination of Bruch, Gai and Ingber, arXiv 2210.11934, in
    equal shares). A product that a part did not find counts with that part's last hit, or with the floor where the part
    ran out of hits.

    "ranks": the sum of 1 / (60 + rank), reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009); equal scores
    share their mean rank, and a product that a part did not find gets nothing from it.

    Args:
        parts: the retrievers to fuse, all over `catalogue`, each with its floor.
        depth: how many hits are asked of each part (at least k), so that the best 10 are the same whether 10 or 100 are
            asked.
    """

    def __init__(
        self,
        parts: Sequence[tuple[Retriever, float]],
        catalogue: Products,
        *,
        fusion: Fusion = "scores",
        depth: int = 200,
    ):
        if not parts:
            raise InputError("a hybrid retriever needs at least one part")
        self.parts = list(parts)
        self.catalogue = catalogue
        self.depth = depth
        self.fusion = fusion
        self._share: Callable[[Sequence[float], float], np.ndarray] = _scaled if fusion == "scores" else _reciprocal

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order."""
        check_k(k)
        depth = max(k, self.depth)
        lists = [part.search(queries, depth, where) for part, _ in self.parts]
        return [self._fused([hits[place] for hits in lists], k, depth) for place in range(len(queries))]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The fusion of the parts' scores of just these products: a product's score depends on the others given."""
        if not product_ids:
            return []
        fused = np.zeros(len(product_ids))
        for part, floor in self.parts:
            fused += self._share(part.score_products(query, product_ids), floor)
        return fused.astype(np.float32).tolist()

    def _fused(self, lists: list[list[Hit]], k: int, depth: int) -> list[Hit]:
        ids = sorted({hit.product_id for hits in lists for hit in hits}, key=self.catalogue.row)
        place = {product_id: i for i, product_id in enumerate(ids)}
        fused = np.zeros(len(ids))
        for hits, (_, floor) in zip(lists, self.parts, strict=True):
            shares = self._share([hit.score for hit in hits], floor)
            cut_off = self.fusion == "scores" and len(hits) == depth
            column = np.full(len(ids), shares[-1] if cut_off else 0.0)
            column[[place[hit.product_id] for hit in hits]] = shares
            fused += column
        fused = fused.astype(np.float32)
        return [Hit(ids[i], float(fused[i])) for i in top_k(fused, k).tolist()]


def hybrid(bm25: Retriever, dense: Retriever, catalogue: Products, fusion: Fusion) -> HybridRetriever:
    """BM25 and a bi-encoder as one."""
    return HybridRetriever([(bm25, 0.0), (dense, -1.0)], catalogue, fusion=fusion)


def _scaled(scores: Sequence[float], floor: float) -> np.ndarray:
    """Scores from the floor (0) to their best (1); all 0 where the best is the floor."""
    values = np.asarray(scores, dtype=np.float64) - floor
    best = values.max(initial=0.0)
    return values / best if best > 0 else np.zeros(len(values))


def _reciprocal(scores: Sequence[float], _: float) -> np.ndarray:
    return 1.0 / (60.0 + rankdata(-np.asarray(scores, dtype=np.float32))) if len(scores) else np.zeros(0)
