"""Confidence intervals over queries by the percentile bootstrap (Efron 1979; for retrieval: Sakai, SIGIR 2006)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eval.errors import InputError

LEVEL = 0.95
SAMPLES = 10_000

_CHUNK = 250_000  # values drawn at a time: they stay in the cache, which is three times faster than 4 million


class Interval(NamedTuple):
    """A mean over `n` queries and its confidence interval [low, high]."""

    mean: float
    low: float
    high: float
    n: int


def interval(
    values: Mapping[str, float] | Sequence[float] | np.ndarray,
    *,
    seed: int,
    level: float = LEVEL,
    samples: int = SAMPLES,
) -> Interval:
    """The mean of `values`, one a query, and its interval: queries are drawn anew, with replacement, `samples` times.

    A mapping's values are taken in the order of its keys, so that the result does not depend on how it was filled.

    Raises:
        InputError: when there are no values, or one is not finite.
    """
    return intervals([values], seed=seed, level=level, samples=samples)[0]


def intervals(
    lists: Sequence[Mapping[str, float] | Sequence[float] | np.ndarray],
    *,
    seed: int,
    level: float = LEVEL,
    samples: int = SAMPLES,
) -> list[Interval]:
    """`interval` of several lists of values of the same queries at once: the queries are drawn only once for all.

    Raises:
        InputError: as `interval`.
    """
    array = np.column_stack([_values(values) for values in lists])
    means = _resampled_means(array, samples, np.random.default_rng(seed))
    bounds = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [
        Interval(float(mean), float(low), float(high), len(array))
        for mean, low, high in zip(array.mean(axis=0), *bounds, strict=True)
    ]


def paired_interval(
    a: Mapping[str, float],
    b: Mapping[str, float],
    *,
    seed: int,
    level: float = LEVEL,
    samples: int = SAMPLES,
) -> Interval:
    """The mean of a − b over queries, and its interval: both systems are drawn with the same queries each time.

    Raises:
        InputError: when `a` and `b` do not have the same queries (dropping the rest would compare chosen ones).
    """
    return interval(paired_differences(a, b), seed=seed, level=level, samples=samples)


def ratio_interval(
    numerators: Mapping[str, float],
    denominators: Mapping[str, float],
    *,
    seed: int,
    level: float = LEVEL,
    samples: int = 1000,
) -> Interval:
    """Σ numerators / Σ denominators over queries (a share of pairs, say), and its interval; whole queries are drawn.

    Pairs of one query are alike, so drawing pairs would make the interval too narrow.

    Raises:
        InputError: when there are no queries, or a value is not finite.
    """
    above, below = _values(numerators), _values(denominators)
    drawn = np.random.default_rng(seed).integers(len(above), size=(samples, len(above)), dtype=np.int32)
    low, high = np.quantile(above[drawn].sum(axis=1) / below[drawn].sum(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(above.sum() / below.sum()), float(low), float(high), len(above))


def crossed_interval(values: np.ndarray, *, seed: int, level: float = LEVEL, samples: int = SAMPLES) -> Interval:
    """The mean of `values` [seeds, queries] and its interval: seeds and queries are both drawn anew, each time a whole
    row and a whole column at once (the pigeonhole bootstrap, Owen 2007).

    So a difference that other queries *or* other seeds would not show has a wide interval; drawing queries from all
    cells alike would count a query under three seeds as three. With few seeds their part is rough.

    Raises:
        InputError: when there are no values, or one is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    _values(array.ravel())
    seeds, queries = array.shape
    generator = np.random.default_rng(seed)
    rows = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=samples) / seeds
    means = np.empty(samples)
    step = max(1, _CHUNK // queries)
    for start in range(0, samples, step):
        size = len(means[start : start + step])
        columns = generator.multinomial(queries, np.full(queries, 1 / queries), size=size) / queries
        means[start : start + size] = ((rows[start : start + size] @ array) * columns).sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(array.mean()), float(low), float(high), queries)


def paired_differences(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
    """a − b for each query, in the order of query ids; InputError when the two do not have the same queries."""
    if a.keys() != b.keys():
        only_a, only_b = len(a.keys() - b.keys()), len(b.keys() - a.keys())
        raise InputError(
            f"the systems to compare differ in their queries: {only_a} only in the first and {only_b} in the second; "
            "measure both against the same judgements"
        )
    return {query: a[query] - b[query] for query in sorted(a)}


def _values(values: Mapping[str, float] | Sequence[float] | np.ndarray) -> np.ndarray:
    if isinstance(values, Mapping):
        values = [values[key] for key in sorted(values)]
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise InputError("no query to take a mean over; check that judgements and run use the same query ids")
    if not np.isfinite(array).all():
        raise InputError("a query's value is NaN or infinite; expected a finite number for each query")
    return array


def _resampled_means(array: np.ndarray, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Means [samples, lists] of the columns of `array` [queries, lists], each over queries drawn with replacement."""
    queries = len(array)
    means = np.empty((samples, array.shape[1]))
    rows = max(1, _CHUNK // queries)
    for start in range(0, samples, rows):
        size = min(rows, samples - start)
        drawn = generator.integers(queries, size=(size, queries), dtype=np.int32)
        drawn += np.arange(size, dtype=np.int32)[:, None] * queries
        times = np.bincount(drawn.ravel(), minlength=size * queries).reshape(size, queries)
        means[start : start + size] = times @ array / queries
    return means
