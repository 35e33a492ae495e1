"""What more labels would be worth: a saturating power law through the quality measured at several numbers of labels.

q(n) = limit − amount · (n / at)^(−exponent), fitted by weighted least squares with bounds. Learning curves of neural
models follow such laws (Hestness et al., arXiv 1712.00409). Intervals come from a bootstrap over queries: all sizes are
drawn with the same queries and fitted anew each time. They do not hold what another training seed would change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.bootstrap import LEVEL
from eval.errors import InputError

SAMPLES = 300
_EXPONENTS = np.geomspace(0.05, 3.0, 200)


@dataclass(frozen=True)
class PowerLaw:
    """`limit` is what quality tends to, in [0, 1]; `amount` what lacks of it at `at` labels; `exponent`: how fast."""

    limit: float
    amount: float
    exponent: float
    at: float

    def __call__(self, labels: np.ndarray | float) -> np.ndarray:
        """Quality at numbers of labels > 0."""
        return self.limit - self.amount * (np.asarray(labels, dtype=np.float64) / self.at) ** -self.exponent


@dataclass(frozen=True)
class Range:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Saturation:
    """A fitted curve, and the curves of the bootstrap samples around it."""

    curve: PowerLaw
    samples: tuple[PowerLaw, ...]

    def quality(self, labels: float) -> Range:
        """The curve at a number of labels."""
        return self._range([float(one(labels)) for one in (self.curve, *self.samples)])

    def worth(self, labels: float, more: float) -> Range:
        """What `more` labels add to `labels`."""
        return self._range([float(one(labels + more) - one(labels)) for one in (self.curve, *self.samples)])

    def crossing(self, line: float) -> float | None:
        """The number of labels at which the curve reaches `line`; None where it never does."""
        return _crossing(self.curve, line)

    def reach(self, lines: Sequence[float]) -> float:
        """The share of samples whose curve reaches its line (one a sample, of the same queries)."""
        return float(np.mean([_crossing(one, line) is not None for one, line in zip(self.samples, lines, strict=True)]))

    def _range(self, values: Sequence[float]) -> Range:
        low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Range(values[0], float(low), float(high))


def fit_saturation(labels: Sequence[float], values: np.ndarray, draws: np.ndarray) -> Saturation:
    """Fit the curve to `values` [sizes, queries], each query's quality at each number of `labels` (> 0).

    `draws` [samples, queries] are the queries of each bootstrap sample, as `drawn` makes them. A size weighs as its
    mean is sure: 1 / its squared standard error.

    Raises:
        InputError: when there are fewer than three sizes: three numbers cannot be told from two.
    """
    sizes = np.asarray(labels, dtype=np.float64)
    if len(np.unique(sizes)) < 3 or sizes.min() <= 0:
        raise InputError(f"a curve needs three numbers of labels above 0, there are {len(np.unique(sizes[sizes > 0]))}")
    weights = 1 / np.maximum(values.var(axis=1) / values.shape[1], 1e-8)
    means = np.stack([values.mean(axis=1), *(values[:, own].mean(axis=1) for own in draws)])
    curve, *around = _fit(sizes, means, weights)
    return Saturation(curve, tuple(around))


def drawn(queries: int, seed: int, samples: int = SAMPLES) -> np.ndarray:
    """[samples, queries]: places of the queries of each bootstrap sample."""
    return np.random.default_rng(seed).integers(queries, size=(samples, queries))


def _fit(sizes: np.ndarray, means: np.ndarray, weights: np.ndarray) -> list[PowerLaw]:
    """The best curve through each row of `means` [curves, sizes].

    For a given exponent the rest is linear, with a closed solution; the best exponent is looked for among many
    (variable projection; Golub and Pereyra, 1973). There is no starting point to be wrong about.
    """
    at = float(np.exp(np.log(sizes).mean()))
    power = (sizes / at) ** -_EXPONENTS[:, None]  # [exponents, sizes]
    share = weights / weights.sum()
    centred = power - (power @ share)[:, None]
    level = means @ share  # [curves]
    slope = (means - level[:, None]) @ (centred * share).T / (centred**2 @ share)  # [curves, exponents]
    amount = np.maximum(-slope, 0.0)
    limit = level[:, None] + amount * (power @ share)
    # A limit above 1 is impossible: at 1 the amount alone is left to fit.
    amount = np.where(limit > 1, (1 - means) @ (power * share).T / (power**2 @ share), amount)
    limit = np.minimum(limit, 1.0)
    errors = limit[..., None] - amount[..., None] * power - means[:, None, :]  # [curves, exponents, sizes]
    best = (errors**2 @ share).argmin(axis=1)
    return [
        PowerLaw(float(limit[row, place]), float(amount[row, place]), float(_EXPONENTS[place]), at)
        for row, place in enumerate(best.tolist())
    ]


def _crossing(curve: PowerLaw, line: float) -> float | None:
    lacking = curve.limit - line
    if lacking <= 0:
        return None
    with np.errstate(over="ignore"):
        found = curve.at * (curve.amount / lacking) ** (1 / curve.exponent)
    return float(found) if np.isfinite(found) else None
