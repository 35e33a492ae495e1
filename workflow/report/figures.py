"""What is known of one run beyond its means: quality by depth, calibration, scores by grade, ties, alarms."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from eval.bootstrap import Interval, intervals, paired_differences
from eval.calibration import Reliability, reliability
from eval.depth import depths_up_to, ndcg_at_depth
from eval.score_health import ScoreHealth, score_health
from rerank.blend import blend
from workflow.measure.system_names import STUDENT, TEACHER
from workflow.report.stored import Candidates, StoredRun

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class DepthPoint:
    """Mean nDCG with the first `depth` candidates reranked, and its difference to the first stage for the blend."""

    depth: int
    reranked: float
    blended: float
    difference: Interval


@dataclass(frozen=True)
class ScoresOfGrade:
    """The judged pairs of one grade: how many, and the quantiles (`QUANTILES`) of their scores."""

    grade: str
    n: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class RunFigures:
    """`first` is the first stage's mean nDCG over the whole catalogue; scores and calibration are by model.

    A teacher that is a file of labels scores nothing and is in none of them.
    """

    first: float
    depth: tuple[DepthPoint, ...]
    calibration: dict[str, Reliability]
    scores: dict[str, tuple[ScoresOfGrade, ...]]
    health: dict[str, ScoreHealth]

    def to_json(self) -> dict[str, Any]:
        """For metrics.json."""
        return {
            "depth": [
                {
                    "depth": point.depth,
                    "reranked": point.reranked,
                    "blended": point.blended,
                    "difference": point.difference._asdict(),
                }
                for point in self.depth
            ],
            "calibration": {
                name: {"error": of.error, "bias": of.bias, "pairs": of.n} for name, of in self.calibration.items()
            },
            "scores": {
                name: {of.grade: {"pairs": of.n, "quantiles": list(of.quantiles)} for of in grades}
                for name, grades in self.scores.items()
            },
            "health": {name: of._asdict() | {"alarm": of.alarm} for name, of in self.health.items()},
        }


def run_figures(stored: StoredRun) -> RunFigures:
    """Compute them all from what was stored."""
    full, judged = stored.candidates("full catalogue"), stored.candidates("judged-only")
    qrels = stored.prepared.qrels
    grades = {i: np.array([qrels[i][product] for product in of.ids.to_pylist()]) for i, of in judged.items()}
    gains = np.concatenate(list(grades.values()))
    scale = stored.prepared.scale
    targets = np.array([scale.target(gain) for gain in gains.tolist()])
    scored = {name: [getattr(of, name) for of in judged.values()] for name in (TEACHER, STUDENT)}
    models = {name: lists for name, lists in scored.items() if all(np.isfinite(scores).all() for scores in lists)}
    by_model = {stored.first_stage: [of.first for of in judged.values()], **models}
    first = stored.values["full catalogue"][stored.first_stage][stored.ndcg]
    return RunFigures(
        first=_mean(first),
        depth=_by_depth(stored, full, first),
        calibration={
            name: reliability(expit(np.concatenate(lists).astype(np.float64)), targets, seed=stored.config.seed)
            for name, lists in models.items()
        },
        scores={
            name: tuple(
                ScoresOfGrade(grade.name, int(held.sum()), tuple(np.quantile(scores[held], QUANTILES).tolist()))
                for grade in scale.grades
                if (held := gains == grade.gain).any()
            )
            for name, lists in by_model.items()
            for scores in [np.concatenate(lists)]
        },
        health={name: score_health(getattr(of, name)[: of.window] for of in full.values()) for name in models},
    )


def _by_depth(stored: StoredRun, full: Mapping[str, Candidates], first: Mapping[str, float]) -> tuple[DepthPoint, ...]:
    cutoff, qrels = stored.config.measure.cutoff, stored.prepared.qrels
    lists = {i: scored for i, of in full.items() if (scored := of.scored(qrels[i], cutoff)) is not None}
    blends = {i: partial(blend, weight=full[i].weight) for i in lists}
    found = []
    for depth in depths_up_to(max((of.window for of in full.values()), default=1)):
        reranked = {i: ndcg_at_depth(of, depth, _second, cutoff) for i, of in lists.items()}
        blended = {i: ndcg_at_depth(of, depth, blends[i], cutoff) for i, of in lists.items()}
        found.append((depth, _mean(reranked), blended))
    differences = intervals([paired_differences(blended, first) for _, _, blended in found], seed=stored.config.seed)
    return tuple(
        DepthPoint(depth, reranked, _mean(blended), difference)
        for (depth, reranked, blended), difference in zip(found, differences, strict=True)
    )


def _mean(values: Mapping[str, float]) -> float:
    return float(np.mean(list(values.values())))


def _second(_: np.ndarray, second: np.ndarray) -> np.ndarray:
    return second
