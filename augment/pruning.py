"""Labels that are better not learnt: the teacher is unsure, or contradicts what two independent sources agree on.

Pure functions of one query's labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from augment.label_weights import uncertainty

UNCERTAIN, CONTRADICTED = "uncertain", "contradicted"


@dataclass(frozen=True)
class PruneLimits:
    """`uncertain`: the entropy, as a share of the largest possible, above which a label is dropped; `contradicted`: how
    far, as a share of the list, the teacher may place a product from where both sources place it. None drops none."""

    uncertain: float | None = None
    contradicted: float | None = None


def contradiction(scores: np.ndarray, sources: Sequence[np.ndarray]) -> np.ndarray:
    """How far the teacher's place of each product is from the nearest of the sources', in [0, 1] of the list's length.

    0 where the sources stand on both sides of the teacher: then they contradict each other. `scores` and each of
    `sources` are [n]; equal scores share their mean place.
    """
    if len(scores) < 2:
        return np.zeros(len(scores))
    teacher, *others = ((rankdata(-values) - 1) / (len(scores) - 1) for values in (scores, *sources))
    gaps = np.stack(others) - teacher
    one_side = (gaps > 0).all(axis=0) | (gaps < 0).all(axis=0)
    return np.where(one_side, np.abs(gaps).min(axis=0), 0.0)


def prune(
    limits: PruneLimits, scores: np.ndarray, distributions: np.ndarray | None, sources: Sequence[np.ndarray]
) -> list[str | None]:
    """For each label of one query the reason it is dropped for, or None when it stays; uncertainty is asked first."""
    reasons: list[str | None] = [None] * len(scores)
    if limits.contradicted is not None:
        for place in np.flatnonzero(contradiction(scores, sources) > limits.contradicted):
            reasons[place] = CONTRADICTED
    if limits.uncertain is not None:
        for place in np.flatnonzero(uncertainty(scores, distributions) > limits.uncertain):
            reasons[place] = UNCERTAIN
    return reasons
