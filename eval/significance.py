"""Is a difference more than chance? A paired randomisation test, and Holm's correction for testing several times."""

from collections.abc import Mapping, Sequence

import numpy as np

from eval.bootstrap import paired_differences

SAMPLES = 10_000

_CHUNK = 4_000_000  # signs drawn at a time, so that memory stays bounded whatever the number of queries


def paired_test(a: Mapping[str, float], b: Mapping[str, float], seed: int, samples: int = SAMPLES) -> float:
    """Two-sided p of the mean difference over queries (Fisher's randomisation; Smucker et al., CIKM 2007).

    If the systems were alike, each query's difference could as well have the other sign. p is the share of random sign
    patterns with a mean at least as far from 0 as the observed one, which counts as one of them: p is never 0, at
    least 1 / (samples + 1), and 1 where no query differs.

    Raises:
        InputError: when `a` and `b` do not have the same queries.
    """
    differences = np.array(list(paired_differences(a, b).values()), dtype=np.float64)
    return float(sign_flip_test(differences[:, None], seed, samples)[0])


def sign_flip_test(differences: np.ndarray, seed: int, samples: int = SAMPLES) -> np.ndarray:
    """As `paired_test`, for many experiments at once: p [experiments] of differences [queries, experiments]."""
    queries, experiments = differences.shape
    generator = np.random.default_rng(seed)
    # The same differences summed in another order differ in the last bits; such means are equal.
    observed = np.abs(differences.sum(axis=0)) - 1e-12 * np.abs(differences).sum(axis=0)
    rows = max(1, _CHUNK // max(1, queries, experiments))
    extreme = np.ones(experiments, dtype=np.int64)
    for start in range(0, samples, rows):
        size = (min(rows, samples - start), queries)
        signs = generator.integers(2, size=size, dtype=np.int8) * 2.0 - 1.0
        extreme += np.count_nonzero(np.abs(signs @ differences) >= observed, axis=0)
    return extreme / (samples + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted by Holm's step-down procedure (Scandinavian Journal of Statistics, 1979), in the given order.

    The smallest is multiplied by their number, the next by one less, and so on; none falls below one before it, none
    exceeds 1. Calling those ≤ .05 significant keeps the chance of any false claim at 5 %.
    """
    adjusted = [1.0] * len(p_values)
    floor = 0.0
    for step, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        floor = max(floor, min(1.0, (len(p_values) - step) * p_values[place]))
        adjusted[place] = floor
    return adjusted
