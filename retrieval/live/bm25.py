"""The lexical first stage over a changing catalogue: the BM25 index, and a scan of what came since.

New products are scored with the index's statistics (`retrieval.live.words`); retired ones still count in them, as they
do in Lucene, until a merge.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from retrieval.bm25 import BM25Retriever
from retrieval.live.view import LiveCatalogue
from retrieval.top_k import check_k, top_k
from retrieval.types import Filter, Hit, Query
from retrieval.wanted import wanted


class LiveBM25:
    """A `Retriever` by shared words."""

    def __init__(self, base: BM25Retriever, catalogue: LiveCatalogue) -> None:
        self.base = base
        self.catalogue = catalogue

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in row order; none for a query without a known word."""
        check_k(k)
        rows = self.catalogue.matching(where) if where else None
        return [self._search(query, k, rows) for query in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The BM25 score of each given product; 0 where it shares no word with the query."""
        rows = np.array([self.catalogue.row(product_id) for product_id in product_ids], dtype=np.int64)
        return self._scores(query)[rows].tolist()

    def adding(self, words: Mapping[str, float]) -> "LiveBM25":
        """The same, with these tokens looked for in every query; see `BM25Retriever`."""
        return LiveBM25(self.base.adding(words), self.catalogue)

    def knows(self, word: str) -> bool:
        """Whether any product, new ones too, has this token."""
        return self.base.knows(word) or self.catalogue.delta.knows(word, self.catalogue.count)

    def idf(self, word: str) -> float:
        """The index's idf of a token: new products do not count in it until a merge."""
        return self.base.idf(word)

    def _search(self, query: Query, k: int, rows: np.ndarray | None) -> list[Hit]:
        scores = self._scores(query)
        if rows is None:
            rows = np.flatnonzero(scores)
            rows = rows[self.catalogue.alive[rows]]
        else:
            rows = rows[scores[rows] > 0]
        best = rows[top_k(scores[rows], k)].tolist()
        return [
            Hit(product_id, score)
            for product_id, score in zip(self.catalogue.ids_of(best), scores[best].tolist(), strict=True)
        ]

    def _scores(self, query: Query) -> np.ndarray:
        """float32 scores of all rows, retired ones too."""
        old = self.base.scores(query)
        count = self.catalogue.count
        if not count:
            return old
        return np.concatenate([old, self.catalogue.delta.word_scores(wanted(query.text), self.base.more, count)])
