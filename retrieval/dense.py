"""The bi-encoder first stage: products whose vectors lie nearest to the query's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.catalogue import Catalogue
from retrieval.faiss_index import load_index
from retrieval.filters import matching_rows
from retrieval.top_k import check_k
from retrieval.types import Filter, Hit, Query, TextEncoder
from retrieval.vector_index import VectorIndex
from retrieval.wanted import wanted

_BATCH = 64  # queries encoded and searched at once


class DenseRetriever:
    """A `Retriever` over a vector index; a hit's score is the cosine of query and product.

    A blank query finds nothing.

    Raises:
        InputError: `index` was built over another catalogue.
    """

    def __init__(self, encoder: TextEncoder, index: VectorIndex, catalogue: Catalogue):
        index.manifest.check_catalogue(catalogue)
        self.encoder = encoder
        self.index = index
        self.catalogue = catalogue

    @classmethod
    def load(cls, path: Path, encoder: TextEncoder, catalogue: Catalogue, *, gpu: bool = False) -> "DenseRetriever":
        """Open the index directory `path`; see `load_index` for `gpu` and the errors."""
        return cls(encoder, load_index(path, encoder.fingerprint, gpu=gpu), catalogue)

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order."""
        check_k(k)
        rows = matching_rows(self.catalogue, where) if where else None
        hits: list[list[Hit]] = [[] for _ in queries]
        asked = [place for place, query in enumerate(queries) if query.text.strip()]
        if rows is not None and len(rows) == 0:
            return hits
        ids = self.catalogue.ids
        for start in range(0, len(asked), _BATCH):
            places = asked[start : start + _BATCH]
            vectors = self.encoder.encode_queries([wanted(queries[place].text) for place in places])
            for place, (found, scores) in zip(places, self.index.search(vectors, k, rows), strict=True):
                hits[place] = [Hit(ids[row], score) for row, score in zip(found.tolist(), scores.tolist(), strict=True)]
        return hits

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """The cosine of the query with each given product; 0 for a blank query."""
        if not query.text.strip() or not product_ids:
            return [0.0] * len(product_ids)
        rows = np.array([self.catalogue.row(product_id) for product_id in product_ids], dtype=np.int64)
        vector = self.encoder.encode_queries([wanted(query.text)])[0]
        return self.index.scores(vector, rows).tolist()
