"""The bi-encoder first stage over a changing catalogue: the vector index, and a scan of what came since."""

from collections.abc import Sequence

import numpy as np

from retrieval.dense import DenseRetriever
from retrieval.live.cosines import live_cosines
from retrieval.live.view import LiveCatalogue
from retrieval.top_k import check_k
from retrieval.types import Filter, Hit, Query
from retrieval.vector_index import Found, normalise
from retrieval.wanted import wanted

_BATCH = 64  # queries encoded and searched at once
_SPARE = 64  # hits asked of the index, at least, for retired products among them


class LiveDense:
    """A `Retriever` by cosine: what an index built anew over these products would answer, ties in row order.

    Exact where the index is ("flat"); with the other kinds the new products are found exactly, the old ones as by the
    index.
    """

    def __init__(self, base: DenseRetriever, catalogue: LiveCatalogue) -> None:
        self.base = base
        self.catalogue = catalogue

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in row order; none for a blank query."""
        check_k(k)
        hits: list[list[Hit]] = [[] for _ in queries]
        rows = self.catalogue.matching(where) if where else None
        asked = [place for place, query in enumerate(queries) if query.text.strip()]
        for start in range(0, len(asked), _BATCH):
            places = asked[start : start + _BATCH]
            vectors = self.base.encoder.encode_queries([wanted(queries[place].text) for place in places])
            for place, (found, scores) in zip(places, self._nearest(vectors, k, rows), strict=True):
                ids = self.catalogue.ids_of(found.tolist())
                hits[place] = [Hit(product_id, score) for product_id, score in zip(ids, scores.tolist(), strict=True)]
        return hits

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The cosine of the query with each given product; 0 for a blank query."""
        if not query.text.strip() or not product_ids:
            return [0.0] * len(product_ids)
        rows = np.array([self.catalogue.row(product_id) for product_id in product_ids], dtype=np.int64)
        vector = self.base.encoder.encode_queries([wanted(query.text)])[0]
        return live_cosines(self.base.index.scores, vector, rows, self.catalogue).tolist()

    def _nearest(self, vectors: np.ndarray, k: int, rows: np.ndarray | None) -> list[Found]:
        live, size = self.catalogue, len(self.catalogue.base)
        if rows is None:
            old, new = self._nearest_old(vectors, k), live.new_rows
        else:
            end = int(np.searchsorted(rows, size))
            old, new = self.base.index.search(vectors, k, rows[:end]), rows[end:] - size
        if not len(new):
            return old
        found = []
        for (a, a_scores), (b, b_scores) in zip(
            old, live.delta.nearest(normalise(vectors), k, new, live.count), strict=True
        ):
            both, scores = np.concatenate([a, b + size]), np.concatenate([a_scores, b_scores])
            order = np.lexsort((both, -scores))[:k]
            found.append((both[order], scores[order]))
        return found

    def _nearest_old(self, vectors: np.ndarray, k: int) -> list[Found]:
        """The index's `k` nearest rows that are not retired: more are asked for until so many are left."""
        alive, retired = self.catalogue.alive, self.catalogue.retired_in_base
        left = len(self.catalogue.base) - retired
        spare = min(retired, _SPARE + 2 * k * retired // max(left, 1))  # twice what to expect of an even mixture
        while True:
            found = self.base.index.search(vectors, k + spare)
            if not retired:
                return found
            kept = [(rows[alive[rows]], scores[alive[rows]]) for rows, scores in found]
            if spare == retired or all(len(rows) >= k for rows, _ in kept):
                return [(rows[:k], scores[:k]) for rows, scores in kept]
            spare = min(retired, 4 * spare)
