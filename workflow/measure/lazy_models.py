"""Models that are loaded when they are first asked, so that a run need not hold all of them at once."""

import gc
from collections.abc import Callable, Sequence

import numpy as np
import torch

from rerank.types import Pair, Reranker


class LazyReranker:
    """A reranker that is loaded by its first `score`, and again by the first after `release`."""

    def __init__(self, load: Callable[[], Reranker]):
        self._load = load
        self._model: Reranker | None = None

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)], as the loaded model's."""
        if self._model is None:
            self._model = self._load()
        return self._model.score(pairs)

    def release(self) -> None:
        """Give the model's memory back."""
        self._model = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
