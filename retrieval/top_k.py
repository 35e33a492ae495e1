"""The best k of an array of scores, ties in row order, whatever k is."""

import numpy as np

from eval.errors import InputError


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Positions of the `k` highest (or all, where k is larger) of float `scores` [n], best first, ties by position."""
    if k >= len(scores):
        return np.argsort(-scores, kind="stable")
    cut = np.partition(scores, len(scores) - k)[len(scores) - k]
    candidates = np.flatnonzero(scores >= cut)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]


def check_k(k: int) -> None:
    """Refuse a number of hits below 1.

    Raises:
        InputError: always then.
    """
    if k < 1:
        raise InputError(f"k is {k}; expected a number of hits of at least 1")
