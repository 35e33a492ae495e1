"""The teacher's heads: how grades become training targets, and how logits become labels.

Both heads' `Label.score` is the logit of the expected soft target, clipped to ±8, so that every loss of the student
reads the same scale.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from eval.errors import InputError
from eval.grades import GradeScale, Shares
from rerank.types import SCORE_LIMIT, Label

HeadName = Literal["soft", "grades"]


class SingleLogitHead:
    """One logit, trained with soft-target binary cross-entropy (arXiv 2505.07105); its sigmoid is the target."""

    name: HeadName = "soft"
    loss = "soft_bce"
    outputs = 1

    def __init__(self, scale: GradeScale) -> None:
        self.scale = scale

    def targets(self, gains: Sequence[int], shares: Sequence[Shares | None] | None = None) -> np.ndarray:
        """Soft targets in [0, 1], float32 [len(gains)]: a grade's, or the expected one where its shares are given."""
        given = [None] * len(gains) if shares is None else shares
        return np.array([self.scale.target(*one) for one in zip(gains, given, strict=True)], dtype=np.float32)

    def labels(self, logits: np.ndarray) -> list[Label]:
        """Labels from logits [n, 1]; one that is not finite becomes a failed label."""
        return [_label(float(value), float(value), None) for value in logits[:, 0]]


class GradeHead:
    """One logit a grade, best grade first, trained with soft-target cross-entropy (arXiv 2410.17152)."""

    name: HeadName = "grades"
    loss = "soft_cross_entropy"

    def __init__(self, scale: GradeScale) -> None:
        self.scale = scale
        self.outputs = len(scale.grades)

    def targets(self, gains: Sequence[int], shares: Sequence[Shares | None] | None = None) -> np.ndarray:
        """Distributions over the grades, float32 [len(gains), K]: all on the judged grade, or the shares given.

        (A judgement by several raters is the mean of their rows.)
        """
        rows = np.zeros((len(gains), self.outputs), dtype=np.float32)
        rows[np.arange(len(gains)), [self.scale.index(gain) for gain in gains]] = 1
        for row, share in enumerate(shares or ()):
            if share is not None:
                rows[row] = share
        return rows

    def labels(self, logits: np.ndarray) -> list[Label]:
        """Labels from logits [n, K]; a row with a logit that is not finite becomes a failed label."""
        values = np.where(np.isfinite(logits), logits, 0).astype(np.float64)
        values -= np.logaddexp.reduce(values, axis=1, keepdims=True)
        targets = np.array([grade.target for grade in self.scale.grades])
        with np.errstate(divide="ignore"):  # a target of 0 or 1 is minus infinity on one side, and meant
            scores = np.logaddexp.reduce(values + np.log(targets), axis=1)
            scores = scores - np.logaddexp.reduce(values + np.log1p(-targets), axis=1)
        labels = []
        for given, row, score in zip(logits, values, scores, strict=True):
            bad = given[~np.isfinite(given)]
            labels.append(_label(float(bad[0]) if len(bad) else 0.0, float(score), tuple(np.exp(row).tolist())))
        return labels


Head = SingleLogitHead | GradeHead


def head_named(name: str, scale: GradeScale) -> Head:
    """The head a config names: "soft" or "grades".

    Raises:
        InputError: on another name.
    """
    if name == "soft":
        return SingleLogitHead(scale)
    if name == "grades":
        return GradeHead(scale)
    raise InputError(f"teacher head is {name!r}; expected 'soft' (one logit) or 'grades' (one logit a grade)")


def _label(logit: float, score: float, distribution: tuple[float, ...] | None) -> Label:
    """A label, failed when `logit`, what the model said, is not finite."""
    if not np.isfinite(logit):
        return Label(float("nan"), None, "failed", f"the teacher's output is not finite ({logit})")
    return Label(float(np.clip(score, -SCORE_LIMIT, SCORE_LIMIT)), distribution)
