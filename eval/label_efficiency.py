"""Quality against the number of labels or of judged queries: the points, the curve, what the next ones are worth."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eval.bootstrap import interval
from eval.saturation import Saturation, drawn, fit_saturation

Values = dict[str, float]
"""Query id to the value of a measure."""


@dataclass(frozen=True)
class Axis:
    """What is counted (`unit`, in the plural), and the number of them whose worth is told."""

    name: str
    unit: str
    more: int


LABELS = Axis("labels", "labels", 10_000)
JUDGEMENTS = Axis("judgements", "judged queries", 100)


@dataclass(frozen=True)
class Point:
    """The models of one size: `size` is the mean number over chains and seeds, `values` the mean over seeds."""

    size: float
    values: Values


def summary(points: Sequence[Point], target: Values | None, *, axis: Axis, seed: int) -> dict[str, Any]:
    """The points with their intervals, what the fitted curve says, and where it reaches the target's mean.

    The curve is None below three sizes above 0; the crossing then too, and without a target.
    """
    ids = sorted(points[0].values)
    rows = [{"size": point.size, **interval(point.values, seed=seed)._asdict()} for point in points]
    found: dict[str, Any] = {"points": rows, "curve": None, "next": None, "crossing": None}
    fitted = [point for point in points if point.size > 0]
    if len({point.size for point in fitted}) < 3:
        return found | {"sentence": f"A curve needs three numbers of {axis.unit} above 0."}
    draws = drawn(len(ids), seed)
    values = np.array([[point.values[i] for i in ids] for point in fitted])
    saturation = fit_saturation([point.size for point in fitted], values, draws)
    if target is not None:
        own = np.array([target[i] for i in ids])
        share = saturation.reach(own[draws].mean(axis=1).tolist())
        found["crossing"] = {"size": saturation.crossing(float(own.mean())), "share": share}
    return found | _told(saturation, fitted[0].size, fitted[-1].size, axis)


def _told(saturation: Saturation, least: float, most: float, axis: Axis) -> dict[str, Any]:
    worth = saturation.worth(most, axis.more)
    law, half = saturation.curve, (worth.high - worth.low) / 2
    grid = np.geomspace(least, most + axis.more, 40).tolist()
    return {
        "curve": {**asdict(law), "line": [{"size": n, **asdict(saturation.quality(n))} for n in grid]},
        "next": {"from": most, "more": axis.more, **asdict(worth)},
        "sentence": f"The next {axis.more:,} {axis.unit} are worth {worth.value:+.3f} ± {half:.3f}.",
    }
