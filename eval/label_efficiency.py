"""Quality against the number of labels: the points, the teacher's line, the curve, what the next labels are worth."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eval.bootstrap import interval
from eval.saturation import Saturation, drawn, fit_saturation

NEXT = 10_000
"""The labels whose worth is told."""

Values = dict[str, float]
"""Query id to the value of a measure."""


@dataclass(frozen=True)
class Point:
    """The students of one size: `labels` is the mean number over chains and seeds, `values` the mean over seeds."""

    labels: float
    values: Values


def summary(points: Sequence[Point], teacher: Values | None, *, seed: int) -> dict[str, Any]:
    """The points with their intervals, the teacher's line (None without one), and what the fitted curve says.

    The curve is None below three sizes above 0.
    """
    ids = sorted(points[0].values)
    rows = [{"labels": point.labels, **interval(point.values, seed=seed)._asdict()} for point in points]
    line = None if teacher is None else interval(teacher, seed=seed)._asdict()
    found: dict[str, Any] = {"points": rows, "teacher": line, "curve": None, "next": None, "crossing": None}
    fitted = [point for point in points if point.labels > 0]
    if len({point.labels for point in fitted}) < 3:
        return found | {"sentence": "A curve needs three numbers of labels above 0."}
    draws = drawn(len(ids), seed)
    values = np.array([[point.values[i] for i in ids] for point in fitted])
    saturation = fit_saturation([point.labels for point in fitted], values, draws)
    if teacher is not None:
        own = np.array([teacher[i] for i in ids])
        share = saturation.reach(own[draws].mean(axis=1).tolist())
        found["crossing"] = {"labels": saturation.crossing(float(own.mean())), "share": share}
    return found | _told(saturation, fitted[0].labels, fitted[-1].labels)


def _told(saturation: Saturation, least: float, most: float) -> dict[str, Any]:
    worth = saturation.worth(most, NEXT)
    law, half = saturation.curve, (worth.high - worth.low) / 2
    grid = np.geomspace(least, most + NEXT, 40).tolist()
    return {
        "curve": {**asdict(law), "line": [{"labels": n, **asdict(saturation.quality(n))} for n in grid]},
        "next": {"from": most, "labels": NEXT, **asdict(worth)},
        "sentence": f"The next {NEXT:,} labels are worth {worth.value:+.3f} ± {half:.3f}.",
    }
