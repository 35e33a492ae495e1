"""Several first stages as one: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from eval.errors import InputError
from retrieval.top_k import check_k, top_k
from retrieval.types import Filter, Hit, Products, Query, Retriever


class HybridRetriever:
    """A `Retriever` that adds 1 / (constant + rank) over its parts; a part that does not find a product adds nothing.

    Products with equal scores in a part share their mean rank there, so that catalogue order decides nothing before the
    end.

    Args:
        parts: the retrievers to fuse, all over `catalogue`.
        constant: 60 in the paper; larger values trust the top of each ranking less.
        depth: how many hits are asked of each part (at least k), so that the best 10 are the same whether 10 or 100 are
            asked.
    """

    def __init__(self, parts: Sequence[Retriever], catalogue: Products, *, constant: float = 60.0, depth: int = 200):
        if not parts:
            raise InputError("a hybrid retriever needs at least one part")
        self.parts = list(parts)
        self.catalogue = catalogue
        self.constant = constant
        self.depth = depth

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order."""
        check_k(k)
        lists = [part.search(queries, max(k, self.depth), where) for part in self.parts]
        return [self._fused([hits[place] for hits in lists], k) for place in range(len(queries))]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The fusion of the parts' rankings of just these products: a product's score depends on the others given."""
        if not product_ids:
            return []
        fused = np.zeros(len(product_ids))
        for part in self.parts:
            fused += self._reciprocal(part.score_products(query, product_ids))
        return fused.astype(np.float32).tolist()

    def _fused(self, lists: list[list[Hit]], k: int) -> list[Hit]:
        scores: dict[str, float] = defaultdict(float)
        for hits in lists:
            for hit, share in zip(hits, self._reciprocal([hit.score for hit in hits]), strict=True):
                scores[hit.product_id] += float(share)
        ids = sorted(scores, key=self.catalogue.row)
        fused = np.array([scores[product_id] for product_id in ids], dtype=np.float32)
        return [Hit(ids[place], float(fused[place])) for place in top_k(fused, k).tolist()]

    def _reciprocal(self, scores: Sequence[float]) -> np.ndarray:
        ranks = rankdata(-np.asarray(scores, dtype=np.float32)) if len(scores) else np.zeros(0)
        return 1.0 / (self.constant + ranks)
