"""From grades to labels: what a judge who says one grade, or a share for each, says in logits."""

from collections.abc import Sequence

import numpy as np

from eval.grades import GradeScale
from rerank.types import SCORE_LIMIT, Label

CONFIDENCE = 0.9
"""The share of a grade that is said without shares: a judge errs, mostly to a neighbouring grade."""


def label_of_shares(shares: Sequence[float], scale: GradeScale, note: str = "") -> Label:
    """The label of a distribution over the scale's grades, best first; it is normalised. Its sum must be above 0.

    `note` becomes the label's reason: how it was got, where that matters.
    """
    distribution = np.asarray(shares, dtype=np.float64)
    distribution = distribution / distribution.sum()
    expected = float(distribution @ [grade.target for grade in scale.grades])
    with np.errstate(divide="ignore"):  # a target of 0 or 1 is infinite, and cut at the limit
        score = np.log(expected) - np.log1p(-min(expected, 1.0))
    return Label(float(np.clip(score, -SCORE_LIMIT, SCORE_LIMIT)), tuple(distribution.tolist()), "ok", note)


def label_of_grade(place: int, scale: GradeScale, note: str = "") -> Label:
    """The label of one grade, by its place (0 the best): `CONFIDENCE` on it, the rest spread over its neighbours."""
    shares = np.zeros(len(scale.grades))
    neighbours = [other for other in (place - 1, place + 1) if 0 <= other < len(shares)]
    shares[place] = CONFIDENCE
    shares[neighbours] = (1 - CONFIDENCE) / len(neighbours)
    return label_of_shares(shares.tolist(), scale, note)
