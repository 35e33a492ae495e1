"""Searching vectors by cosine with FAISS. Knows rows, not products or queries.

FAISS returns equal scores in any order, and its scores differ in their last digits with the number of queries searched
at once. So it only proposes vectors, a few more than asked; their scores are computed anew, each from its two vectors
alone, and ranked with ties in row order.
"""

from typing import Any

import numpy as np

from eval.errors import InputError, MachineError
from retrieval.gpu import LARGEST_K, GpuIndex
from retrieval.index_kinds import search_parameters
from retrieval.index_manifest import IndexManifest

Found = tuple[np.ndarray, np.ndarray]
"""Rows (or vectors), int64, and their scores, float32."""

EF_SEARCH = 128
"""How many neighbours an HNSW search keeps in view, at least; more find more and cost more."""
EXACT_SHARE = 0.2
"""A filter that keeps no more than this share of the products is answered by scanning them all: HNSW, which walks over
neighbours that do not match, loses recall there (faiss#4727, #3186) and gains no time; nor do cells, of which most must
be looked into then."""
EXACT_ROWS = 20_000
"""Nor is an approximate search worth it when a filter keeps no more than this many rows."""
CODED_FETCH = 512
"""Vectors fetched by their codes (ivf_pq), at least: codes order roughly, the exact scores come after."""

_SPARE = 32  # vectors fetched beyond k
_TOLERANCE = 1e-5  # far above the float32 error of an inner product of unit vectors
_CHUNK = 8192  # vectors held in memory at once


class VectorIndex:
    """An opened index; safe to search from several threads, since nothing in it changes.

    Args:
        index: proposes vectors.
        flat: the vectors themselves, in a flat index: the same as `index` where that is one, or its storage.
        vector_of_row: int64 [rows]: rows of equal vectors share one.
        gpu: a copy of `index` on a GPU, if there is one.
    """

    def __init__(
        self, index: Any, flat: Any, vector_of_row: np.ndarray, manifest: IndexManifest, gpu: GpuIndex | None = None
    ):
        self.manifest = manifest
        self._faiss = import_faiss()
        self._index = index
        self._flat = flat
        self._gpu = gpu
        self._vector_of_row = vector_of_row
        self._rows = np.argsort(vector_of_row, kind="stable")  # the rows of vector v: _rows[_first[v] : _first[v + 1]]
        self._first = np.searchsorted(vector_of_row[self._rows], np.arange(index.ntotal + 1))

    def search(self, vectors: np.ndarray, k: int, rows: np.ndarray | None = None) -> list[Found]:
        """The `k` nearest rows of each query vector, among `rows` (int64, ascending) where given.

        Args:
            vectors: float32 [queries, dim], of any length.

        Returns:
            For each query its rows, int64, best first, ties in row order, and their cosines, float32; fewer than `k`
            only when there are no more. Exact for "flat" and for selective filters.
        """
        queries = normalise(vectors)
        if rows is None:
            allowed = keep = None
            total = self._index.ntotal
        else:
            keep = np.zeros(self.manifest.count, dtype=bool)
            keep[rows] = True
            allowed = np.unique(self._vector_of_row[rows])
            total = len(allowed)
        wanted = min(k, total)  # vectors: each stands for one row or more
        if wanted == 0:
            return [(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in queries]
        selective = rows is not None and total <= max(EXACT_ROWS, EXACT_SHARE * self._index.ntotal)
        if self.manifest.kind == "flat" or selective:
            found = self._search_exact(queries, wanted, allowed)
        else:
            found = self._search_roughly(queries, wanted, allowed)
        return [self._expanded(vectors, scores, k, keep) for vectors, scores in found]

    def search_exactly(self, vectors: np.ndarray, k: int) -> list[Found]:
        """As `search` without rows, comparing with every vector whatever the kind: what recall is measured against."""
        found = self._search_exact(normalise(vectors), min(k, self._index.ntotal), None)
        return [self._expanded(vectors, scores, k, None) for vectors, scores in found]

    def scores(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Cosines, float32 [len(rows)], of one query vector [dim] with the given rows."""
        return self._scores(normalise(vector[None])[0], self._vector_of_row[np.asarray(rows, dtype=np.int64)])

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """float32 unit vectors [len(rows), dim], as they are indexed."""
        return self._flat.reconstruct_batch(self._vector_of_row[np.asarray(rows, dtype=np.int64)])

    def _search_exact(self, queries: np.ndarray, wanted: int, allowed: np.ndarray | None) -> list[Found]:
        total = self._index.ntotal if allowed is None else len(allowed)
        parameters = None
        if allowed is not None:
            parameters = self._faiss.SearchParameters(sel=self._faiss.IDSelectorArray(allowed))
        found: list[Found] = [(np.zeros(0), np.zeros(0))] * len(queries)
        pending, spare = np.arange(len(queries)), _SPARE
        while len(pending):
            fetch = min(total, wanted + spare)
            scores, proposed = self._asked(
                self._flat, queries[pending], fetch, parameters, filtered=allowed is not None
            )
            # Ties across the cut: which of them FAISS left out is chance, so fetch until the last is clearly worse.
            settled = (scores[:, wanted - 1] - scores[:, -1] > _TOLERANCE) | (fetch == total)
            for place in np.flatnonzero(settled):
                found[pending[place]] = self._best(queries[pending[place]], proposed[place], wanted)
            pending, spare = pending[~settled], spare * 8
        return found

    def _search_roughly(self, queries: np.ndarray, wanted: int, allowed: np.ndarray | None) -> list[Found]:
        every = self._index.ntotal
        total = every if allowed is None else len(allowed)
        fetch = min(total, max(CODED_FETCH, 8 * wanted) if self.manifest.kind == "ivf_pq" else wanted + _SPARE)
        breadth = max(EF_SEARCH, 2 * fetch) if self.manifest.kind == "hnsw" else self.manifest.probes
        selector = None
        if allowed is not None:
            keep = np.zeros(every, dtype=bool)
            keep[allowed] = True
            selector = self._faiss.IDSelectorBitmap(np.packbits(keep, bitorder="little"))
            breadth = breadth * every // total
        parameters = search_parameters(self._faiss, self.manifest.kind, breadth, selector)
        _, proposed = self._asked(self._index, queries, fetch, parameters, filtered=allowed is not None)
        found = [self._best(query, some[some >= 0], wanted) for query, some in zip(queries, proposed, strict=True)]
        short = [place for place, (vectors, _) in enumerate(found) if len(vectors) < wanted]
        if short:  # a part of the graph that this walk could not reach, or cells with too few vectors
            for place, exact in zip(short, self._search_exact(queries[short], wanted, allowed), strict=True):
                found[place] = exact
        return found

    def _asked(
        self, index: Any, queries: np.ndarray, k: int, parameters: Any, *, filtered: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores and vectors as FAISS gives them: from the copy on the GPU where it can answer."""
        if self._gpu is None or index is not self._index or filtered or k > LARGEST_K:
            return index.search(queries, k, params=parameters)
        return self._gpu.search(queries, k, parameters)

    def _best(self, query: np.ndarray, proposed: np.ndarray, wanted: int) -> Found:
        """The best of the proposed vectors, with their scores: `wanted` of them, and more where the last ones tie."""
        scores = self._scores(query, proposed)
        if len(scores) > wanted:
            chosen = scores >= np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
            proposed, scores = proposed[chosen], scores[chosen]
        return proposed, scores

    def _expanded(self, vectors: np.ndarray, scores: np.ndarray, k: int, keep: np.ndarray | None) -> Found:
        """The rows of the vectors, ranked."""
        sizes = self._first[vectors + 1] - self._first[vectors]
        rows = np.concatenate([self._rows[self._first[vector] : self._first[vector + 1]] for vector in vectors])
        scores = np.repeat(scores, sizes)
        if keep is not None:
            rows, scores = rows[keep[rows]], scores[keep[rows]]
        order = np.lexsort((rows, -scores))[:k]
        return rows[order], scores[order]

    def _scores(self, query: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        scores = np.empty(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors), _CHUNK):
            scores[start : start + _CHUNK] = inner_products(
                self._flat.reconstruct_batch(vectors[start : start + _CHUNK]), query
            )
        return scores


def inner_products(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """float32 [n] of vectors [n, dim] with a query [dim]: cosines, where all are unit vectors.

    In float64, rounded at the end: the same score for the same two vectors, whatever is computed beside it.
    """
    return (vectors.astype(np.float64) * query.astype(np.float64)).sum(axis=1).astype(np.float32)


def vector_scores(vectors: np.ndarray, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`VectorIndex.scores` without an index: cosines, float32 [len(rows)], of a query vector [dim] with rows of
    float32 unit vectors [n, dim]."""
    return inner_products(vectors[rows], normalise(query[None])[0])


def normalise(vectors: np.ndarray) -> np.ndarray:
    """float32 [n, dim] with rows of length 1 (a zero row stays zero); a copy.

    Raises:
        InputError: numbers that are not finite.
    """
    vectors = np.array(vectors, dtype=np.float32, order="C")
    if not np.isfinite(vectors).all():
        raise InputError("embeddings hold numbers that are not finite; encode again with a sound model")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def import_faiss() -> Any:
    """The faiss module.

    Raises:
        MachineError: it is not installed.
    """
    try:
        import faiss
    except ImportError:
        raise MachineError(
            "FAISS is not installed; run: pip install 'distilrank[cpu]' (or: pip install 'distilrank[gpu]')"
        ) from None
    return faiss
