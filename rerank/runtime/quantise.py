"""From calibration pairs to int8: constant scales for activations, one scale a column for weights.

A few channels of BERT's activations are an order of magnitude larger than the rest, and would leave the rest few of the
256 steps. They are divided by a constant first, and the weights that read them multiplied by it (Xiao et al.,
"SmoothQuant", arXiv 2211.10438), but for outliers only: channels below a threshold stay as they are. The threshold is
the one, of a few, with the least error in the layer's output.
"""

from typing import NamedTuple

import numpy as np

THRESHOLDS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05)
"""Tried shares of the largest channel that all channels are brought down to; 1 leaves all as they are."""

_ROWS = 768
"""Tokens, spread over the calibration pairs, that errors are measured on."""

_ROWS_AT_ONCE = 24
"""Tokens kept of each batch that is looked at: the extremes need all, the errors a sample."""


class Scale(NamedTuple):
    """Activations x as uint8: round(x / divisors / step) + zero, clipped to 0 … 255.

    `divisors` float32 [channels] are 1 but for outliers, whose weights are multiplied by them.
    """

    step: float
    zero: int
    divisors: np.ndarray


class Watched:
    """What was seen at one layer's input: some tokens' activations, and the extremes of all."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._low: np.ndarray | None = None
        self._high: np.ndarray | None = None

    def add(self, values: np.ndarray) -> None:
        """Look at activations, float32 [..., channels]."""
        rows = values.reshape(-1, values.shape[-1])
        low, high = rows.min(axis=0), rows.max(axis=0)
        self._low = low if self._low is None else np.minimum(self._low, low)
        self._high = high if self._high is None else np.maximum(self._high, high)
        self._rows.append(rows[:: -(-len(rows) // _ROWS_AT_ONCE)].copy())

    def scale(self, weight: np.ndarray) -> Scale:
        """The scale that changes the output of `weight` (float32 [channels, outputs]) least."""
        assert self._low is not None
        assert self._high is not None
        every = np.concatenate(self._rows)
        rows = every[:: -(-len(every) // _ROWS)]
        wanted = rows @ weight
        spread = wanted.var(axis=0) + 1e-9
        largest = np.maximum(np.maximum(-self._low, self._high), 1e-6)
        best, least = None, np.inf
        for threshold in THRESHOLDS:
            divisors = np.maximum(1.0, largest / (threshold * largest.max())).astype(np.float32)
            scale = _spanning(float((self._low / divisors).min()), float((self._high / divisors).max()), divisors)
            columns, steps = quantise_weight(weight * divisors[:, None])
            found = _rounded(rows, scale) @ (columns * steps)
            # By column: keys are larger than values, and errors in both cost the same.
            error = float((np.square(found - wanted).mean(axis=0) / spread).mean())
            if error < least:
                best, least = scale, error
        assert best is not None
        return best


def quantise_weight(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 [inputs, outputs] and the float32 step of each column, symmetric around 0."""
    steps = (np.maximum(np.abs(weight).max(axis=0), 1e-12) / 127.0).astype(np.float32)
    return np.rint(weight / steps).astype(np.int8), steps


def _spanning(low: float, high: float, divisors: np.ndarray) -> Scale:
    low, high = min(low, 0.0), max(high, 0.0)
    step = float(np.float32(max(high - low, 1e-6) / 255.0))
    return Scale(step, round(-low / step), divisors)


def _rounded(rows: np.ndarray, scale: Scale) -> np.ndarray:
    """The activations as int8 arithmetic sees them."""
    levels = np.clip(np.rint(rows / scale.divisors / scale.step) + scale.zero, 0, 255)
    return ((levels - scale.zero) * scale.step).astype(np.float32)
