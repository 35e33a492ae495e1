"""Which of a query's candidates the teacher is asked about, when it is not their first-stage rank that decides.

Pure functions of numbers about n candidates and a seeded generator; each returns the places (int64) of `size` of them,
or of all where there are no more.
"""

from collections.abc import Sequence

import numpy as np

from augment.selection import sample

STRATEGIES = ("rank", "random", "score", "length", "diversity", "difficulty")
"""`rank`: strata of first-stage rank (`augment.selection`). `random`: uniformly. `score`: evenly across the range of a
scorer's (the teacher's) scores, as arXiv 2604.04734. `length`: evenly across the lengths of the product texts.
`diversity`: far from one another in the encoder's space. `difficulty`: in proportion to how far the sources' ranks
disagree. (Random, length, diversity and difficulty: arXiv 2504.17220.)"""


def across_range(values: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Evenly across the range of `values` [n]: one from each of `size` bins of equal width, round after round.

    A bin that has no more is passed over, so that rare values are taken first and common ones fill up; within a bin the
    choice is uniform. Returned in the order in which they were taken.
    """
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if high == low:
        return sample(np.arange(len(values)), size, generator)
    bins = np.minimum(((values - low) / (high - low) * size).astype(np.int64), size - 1)
    shuffled = generator.permutation(len(values))
    rounds = np.empty(len(values), dtype=np.int64)  # how many of its bin were dealt before it
    for number in range(size):
        inside = shuffled[bins[shuffled] == number]
        rounds[inside] = np.arange(len(inside))
    return shuffled[np.argsort(rounds[shuffled], kind="stable")][:size]


def farthest_first(vectors: np.ndarray, size: int) -> np.ndarray:
    """The first of the unit vectors [n, d], then always the one whose nearest chosen one is farthest by cosine.

    (Gonzalez 1985: at most twice the best possible covering radius.) Of equals the earlier one.
    """
    if not len(vectors) or not size:
        return np.empty(0, dtype=np.int64)
    chosen = [0]
    nearest = vectors @ vectors[0]
    while len(chosen) < min(size, len(vectors)):
        nearest[chosen] = np.inf
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return np.array(chosen, dtype=np.int64)


def disagreement(ranks: Sequence[int | None], depth: int) -> float:
    """How far sources disagree about a product, in doublings of its rank: log2 of its worst rank over its best.

    `ranks` are from 1; None, where a source asked for its best `depth` did not find it, counts as `depth` + 1.
    """
    known = [depth + 1 if rank is None else rank for rank in ranks]
    return float(np.log2(max(known) / min(known))) if known else 0.0


def by_weight(weights: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Without replacement, in proportion to `weights` [n] ≥ 0; those of weight 0 only where nothing else is left."""
    return sample(np.arange(len(weights)), size, generator, np.maximum(weights, 1e-9))
