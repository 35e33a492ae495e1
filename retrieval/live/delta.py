"""The products added since the index was built, in memory: append-only, so that every view reads its beginning."""

from collections.abc import Mapping, Sequence

import numpy as np

from retrieval.live.grown import Grown
from retrieval.live.words import DeltaWords, WordStatistics
from retrieval.product_text import ProductTemplate
from retrieval.top_k import top_k
from retrieval.types import Product
from retrieval.vector_index import inner_products

_TOLERANCE = 1e-5  # far above the float32 error of an inner product of unit vectors


class Delta:
    """Versions of products in the order they came; row numbers here start at 0 for the first.

    One thread at a time may `add`; any may read what a view's `count` covers.

    Args:
        fields: the catalogue's fields; each added product has all of them.
        dimension: of the vectors.
        statistics: of the BM25 index this delta lies beside.
    """

    def __init__(self, fields: Sequence[str], dimension: int, statistics: WordStatistics) -> None:
        self.products: list[Product] = []
        self._template: ProductTemplate = statistics.template
        self._vectors = Grown(np.float32, dimension)
        self._words = DeltaWords(statistics)
        self._rows: dict[str, list[int]] = {}
        self._values: dict[str, dict[str, int]] = {name: {} for name in fields}
        self._codes = {name: Grown(np.int32) for name in fields}

    def __len__(self) -> int:
        return len(self.products)

    def add(self, product: Product, vector: np.ndarray) -> int:
        """Append a product with its unit vector [dim]; returns its row."""
        row = len(self.products)
        self._vectors.extend(vector[None])
        self._words.add(self._template.text(product))
        for name, values in self._values.items():
            value = product[name]
            self._codes[name].extend(np.array([values.setdefault(value, len(values))], dtype=np.int32))
        self.products.append(product)
        self._rows.setdefault(product.id, []).append(row)
        return row

    def newest(self, product_id: str, count: int) -> int | None:
        """The row of the product's newest version among the first `count`; None when it has none there."""
        return next((row for row in reversed(self._rows.get(product_id, ())) if row < count), None)

    def matching(self, field: str, wanted: Sequence[str], count: int) -> np.ndarray:
        """bool [count]: which of the first rows have one of the wanted values in a field."""
        values = self._values[field]
        codes = [values[value] for value in wanted if value in values]
        return np.isin(self._codes[field].first(count), codes)

    def word_scores(self, text: str, more: Mapping[str, float], count: int) -> np.ndarray:
        """float32 BM25 scores [count] of the first rows; `more`: see `BM25Retriever.more`."""
        return self._words.scores(text, more, count)

    def knows(self, word: str, count: int) -> bool:
        """Whether one of the first rows has this token."""
        return self._words.knows(word, count)

    def nearest(self, queries: np.ndarray, k: int, rows: np.ndarray, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each unit query vector [queries, dim] the `k` nearest of `rows`, exactly: rows, cosines (float32)."""
        vectors = self._vectors.first(count)
        few = 4 * len(rows) < count  # a filter keeps them: gathering their vectors is less work than scanning all
        rough = queries @ vectors[rows].T if few else (queries @ vectors.T)[:, rows]
        found = []
        for query, scores in zip(queries, rough, strict=True):
            near = rows
            if len(rows) > k:
                cut = np.partition(scores, len(rows) - k)[len(rows) - k]
                near = rows[scores >= cut - _TOLERANCE]
            exact = self.cosines(query, near)
            best = top_k(exact, k)
            found.append((near[best], exact[best]))
        return found

    def cosines(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """float32 cosines of a unit query vector [dim] with rows: the same for two vectors as `VectorIndex` gives."""
        return inner_products(self.vectors(rows), query)

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """float32 unit vectors [len(rows), dim]."""
        return self._vectors.first(len(self._vectors))[rows]
