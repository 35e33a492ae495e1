"""How far two samples are apart, beside what chance alone would do."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from eval.bootstrap import LEVEL, Interval
from eval.errors import InputError

Statistic = Callable[[np.ndarray, np.ndarray], float]


class AgainstChance(NamedTuple):
    """A statistic of two samples, and the `high` quantile (at `LEVEL`) and p of what random halves of both give."""

    value: float
    high: float
    p: float


def jensen_shannon(a: np.ndarray, b: np.ndarray) -> float:
    """Divergence in bits, 0 (alike) to 1 (nothing shared), of two count vectors over the same things (Lin, 1991).

    Raises:
        InputError: when one of them counts nothing.
    """
    if not a.sum() or not b.sum():
        raise InputError("a divergence needs counts on both sides, one has none")
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2
    return max(0.0, (_relative(p, middle) + _relative(q, middle)) / 2)


def kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> float:
    """The largest distance, 0 to 1, between the shares of the two samples that lie at or below a value."""
    if not len(a) or not len(b):
        raise InputError("a distance of two samples needs values on both sides, one has none")
    values = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(sample), values, side="right") / len(sample) for sample in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def against_chance(
    a: Sequence[float] | np.ndarray,
    b: Sequence[float] | np.ndarray,
    statistic: Statistic,
    *,
    seed: int,
    samples: int = 1000,
) -> AgainstChance:
    """A permutation test: both samples are put together and dealt anew, `samples` times (p is never 0)."""
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    value = statistic(first, second)
    pooled = np.concatenate([first, second])
    generator = np.random.default_rng(seed)
    null = np.empty(samples)
    for number in range(samples):
        dealt = generator.permutation(pooled)
        null[number] = statistic(dealt[: len(first)], dealt[len(first) :])
    p = (1 + int(np.count_nonzero(null >= value - 1e-12))) / (samples + 1)
    return AgainstChance(value, float(np.quantile(null, LEVEL)), p)


def mean_difference(
    a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, *, seed: int, samples: int = 10_000
) -> Interval:
    """mean(a) − mean(b) of two independent samples, and its percentile-bootstrap interval; `n` is the smaller size."""
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not len(first) or not len(second):
        raise InputError("a difference of means needs values on both sides, one has none")
    generator = np.random.default_rng(seed)
    drawn = [
        np.array([generator.choice(sample, len(sample)).mean() for _ in range(samples)]) for sample in (first, second)
    ]
    low, high = np.quantile(drawn[0] - drawn[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(first.mean() - second.mean()), float(low), float(high), min(len(first), len(second)))


def _relative(p: np.ndarray, q: np.ndarray) -> float:
    held = p > 0
    return float(np.sum(p[held] * np.log2(p[held] / q[held])))
