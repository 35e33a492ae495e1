"""Several first stages as one, fused by their scores or by their ranks."""

from collections.abc import Sequence

from eval.errors import InputError
from retrieval.fusion import Fusion, fuse, fuse_scores
from retrieval.top_k import check_k
from retrieval.types import Filter, Hit, Products, Query, Retriever


class HybridRetriever:
    """A `Retriever` that adds what its parts say of each product; `retrieval.fusion` says how.

    Args:
        parts: the retrievers to fuse, all over `catalogue`, each with its floor.
        depth: how many hits are asked of each part; more for a larger k, see `deep`.
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
        self.fusion: Fusion = fusion
        self._floors = [floor for _, floor in self.parts]

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order."""
        check_k(k)
        depth = self.deep(k)
        lists = [part.search(queries, depth, where) for part, _ in self.parts]
        return [self.fused([hits[place] for hits in lists], k, depth) for place in range(len(queries))]

    def deep(self, k: int) -> int:
        """How many hits are asked of each part for `k`: the same for many, so that the best 10 are the same whether 10
        or 100 are asked, and pages of one ranking fit together."""
        depth = self.depth
        while depth < k:
            depth *= 5
        return depth

    def fused(self, lists: Sequence[Sequence[Hit]], k: int, depth: int) -> list[Hit]:
        """The best `k` of one query's hits from each part, of which `depth` were asked."""
        return fuse(lists, self._floors, self.catalogue, self.fusion, k, depth)

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The fusion of the parts' scores of just these products: a product's score depends on the others given."""
        if not product_ids:
            return []
        scores = [part.score_products(query, product_ids) for part, _ in self.parts]
        return fuse_scores(scores, self._floors, self.fusion)
