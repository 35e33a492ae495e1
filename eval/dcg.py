"""Discounted cumulative gain on arrays, for rankings whose gains are at hand; the same values as `eval/measures.py`."""

from collections.abc import Iterable

import numpy as np


def dcg(gains: np.ndarray, cutoff: int) -> float:
    """Σ gain / log2(rank + 1) over the first `cutoff` gains, best-ranked first."""
    top = gains[:cutoff]
    return float(np.dot(top, 1 / np.log2(np.arange(2, len(top) + 2))))


def ideal_dcg(judged: Iterable[int], cutoff: int) -> float:
    """The DCG of the best order of all judged gains; 0 when none is positive."""
    return dcg(np.array(sorted(judged, reverse=True), dtype=np.float64), cutoff)
