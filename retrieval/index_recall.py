"""How much of the exact answer an approximate index finds, and how many cells it takes to find enough."""

from dataclasses import replace

import numpy as np

from retrieval.vector_index import VectorIndex

DEPTH = 100
ENOUGH = 0.95
"""Recall@100 up to which more cells are looked into, and below which a warning is due."""

_TIED = 1e-6
_FEWEST = 4


def exact_cuts(index: VectorIndex, queries: np.ndarray) -> np.ndarray:
    """float32 [n]: for each query vector [n, dim] the exact score of its last product among the best 100."""
    return np.array([scores[-1] for _, scores in index.search_exactly(queries, DEPTH)], dtype=np.float32)


def measured_recall(index: VectorIndex, queries: np.ndarray, cuts: np.ndarray) -> float:
    """Mean share of the exact best 100 (or all, where there are fewer) that the index finds; ties count as found.

    `cuts` is what `exact_cuts` says of the queries.
    """
    wanted = min(DEPTH, index.manifest.count)
    found = index.search(queries, DEPTH)
    hits = [np.sum(scores >= cut - _TIED) for (_, scores), cut in zip(found, cuts, strict=True)]
    return float(np.mean(hits) / wanted)


def choose_probes(index: VectorIndex, queries: np.ndarray, cuts: np.ndarray, cells: int) -> int:
    """The fewest cells to look into, doubling, with which recall@100 is enough; all, if it takes them."""
    given, probes = index.manifest, min(_FEWEST, cells)
    while True:
        index.manifest = replace(given, probes=probes)
        if probes == cells or measured_recall(index, queries, cuts) >= ENOUGH:
            index.manifest = given
            return probes
        probes = min(cells, 2 * probes)
