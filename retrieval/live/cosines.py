"""The cosine of a query with products whose vectors are there already: nothing is encoded but the query."""

from collections.abc import Callable, Sequence

import numpy as np

from retrieval.live.view import LiveCatalogue
from retrieval.text_rows import TextRows
from retrieval.types import Product, Products, Query, TextEncoder
from retrieval.vector_index import normalise
from retrieval.wanted import wanted

RowScores = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""float32 cosines [n] of a query vector [dim] with rows [n] of the index; `VectorIndex.scores` is one."""


class StoredCosines:
    """Cosines by the index's rows, by those of its live changes, and by text.

    Args:
        encoder: of the query.
        scores: of the index.
        texts: those of the index's products.
    """

    def __init__(self, encoder: TextEncoder, scores: RowScores, texts: TextRows) -> None:
        self._encoder = encoder
        self._scores = scores
        self._texts = texts

    def of_rows(self, query: Query, rows: np.ndarray, products: Products | None) -> np.ndarray:
        """float32 [len(rows)], NaN for a row below 0; `products` is asked for the vectors of live changes."""
        found = np.full(len(rows), np.nan, dtype=np.float32)
        known = rows >= 0
        if known.any():
            vector = self._encoder.encode_queries([wanted(query.text)])[0]
            if isinstance(products, LiveCatalogue):
                found[known] = live_cosines(self._scores, vector, rows[known], products)
            else:
                found[known] = self._scores(vector, rows[known])
        return found

    def rows(self, products: Sequence[Product]) -> np.ndarray:
        """int64 [len(products)]: the row of the index's product with the same text as each, -1 where there is none."""
        return self._texts.rows(products)


def live_cosines(scores: RowScores, vector: np.ndarray, rows: np.ndarray, catalogue: LiveCatalogue) -> np.ndarray:
    """float32 cosines [len(rows)] of a query vector [dim] with rows of a live catalogue, old and new."""
    size = len(catalogue.base)
    old = rows < size
    found = np.zeros(len(rows), dtype=np.float32)
    if old.any():
        found[old] = scores(vector, rows[old])
    found[~old] = catalogue.delta.cosines(normalise(vector[None])[0], rows[~old] - size)
    return found
