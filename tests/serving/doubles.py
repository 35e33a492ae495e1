"""Rerankers that misbehave, around a real one."""

import threading
from collections.abc import Sequence

import numpy as np

from rerank.types import Pair, Reranker


class HungReranker:
    """Answers only once `release` is set; `started` counts the calls."""

    def __init__(self, real: Reranker) -> None:
        self.real = real
        self.release = threading.Event()
        self.started = threading.Semaphore(0)

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        self.started.release()
        self.release.wait(60)
        return self.real.score(pairs)


class BrokenReranker:
    """Raises what it is given."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        raise self.error


class NotFiniteReranker:
    """Scores that cannot be ranked."""

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        return np.full(len(pairs), np.nan, dtype=np.float32)
