"""Products that a request brings with it, as the pipeline reranks them."""

from collections.abc import Sequence

import numpy as np

from rerank.types import Pair, Reranker
from retrieval.types import Product


class GivenProducts:
    """Looks products up by their ids, which are their places: "0", "1", …"""

    def __init__(self, products: Sequence[Product]) -> None:
        self._products = products

    def row(self, product_id: str) -> int:
        """The product's place."""
        return int(product_id)

    def products(self, rows: Sequence[int]) -> list[Product]:
        """The products at these places."""
        return [self._products[row] for row in rows]


class GivenPairs:
    """A reranker asked by pairs, whatever else it can do: rows mean the catalogue's products, and these are none."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)], as the reranker's."""
        return self._reranker.score(pairs)
