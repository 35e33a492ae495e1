"""Does a score mean what it says? Reliability of predicted soft targets (Murphy and Winkler, 1977)."""

from typing import NamedTuple

import numpy as np

from eval.bootstrap import Interval, interval
from eval.errors import InputError

_SAMPLES = 2000


class Bin(NamedTuple):
    """Pairs of similar prediction: its mean, and the mean of what was judged with its interval."""

    predicted: float
    actual: Interval


class Reliability(NamedTuple):
    """`bins` by rising prediction; `error` is the expected calibration error, `bias` the mean of predicted − actual."""

    bins: tuple[Bin, ...]
    error: float
    bias: float
    n: int


def reliability(predicted: np.ndarray, actual: np.ndarray, *, seed: int, bins: int = 10) -> Reliability:
    """Bin pairs by predicted value [n] in [0, 1], as many in each bin, and compare with the judged targets [n].

    Equal predictions stay in one bin, so that labels which are mere grades have a bin each. Intervals treat pairs as
    independent, so they are a little too narrow where a query has many.

    Raises:
        InputError: when there is no pair.
    """
    if not len(predicted):
        raise InputError("no judged pair with a score: calibration needs judged pairs")
    order = np.argsort(predicted, kind="stable")
    ranked = predicted[order]
    begins = [part[0] for part in np.array_split(np.arange(len(order)), min(bins, len(order)))]
    parts = np.split(order, np.unique(np.searchsorted(ranked, ranked[begins]))[1:])
    found = tuple(
        Bin(float(predicted[part].mean()), interval(actual[part], seed=seed, samples=_SAMPLES)) for part in parts
    )
    error = sum(len(part) * abs(one.predicted - one.actual.mean) for part, one in zip(parts, found, strict=True))
    return Reliability(found, float(error / len(order)), float((predicted - actual).mean()), len(order))
