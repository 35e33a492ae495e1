"""The report's charts, from its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.calibration import Reliability
from workflow.measure.scaling_results import systems
from workflow.report.figures import RunFigures, ScoresOfGrade
from workflow.report.speed import Choice
from workflow.report.svg import Axis, Chart, linear, logarithmic, named

_BESIDE = 1.03
"""Intervals of the same size stand beside each other, so many times further on."""


def depth_chart(figures: RunFigures, first_stage: str, measure: str) -> str:
    """nDCG by how many candidates are reranked."""
    points = figures.depth
    low = [(float(p.depth), figures.first + p.difference.low) for p in points]
    high = [(float(p.depth), figures.first + p.difference.high) for p in points]
    reranked = [(float(p.depth), p.reranked) for p in points]
    blended = [(float(p.depth), p.blended) for p in points]
    values = [y for line in (low, high, reranked) for _, y in line] + [figures.first]
    chart = Chart(
        logarithmic("candidates reranked (logarithmic)", [x for x, _ in blended]),
        linear(f"{measure}, whole catalogue", values),
        f"{measure} of first stage, student and blend by the number of candidates reranked",
    )
    chart.band(low, high, 0)
    ends = (blended[0][0], blended[-1][0])
    chart.line([(end, figures.first) for end in ends], 3, first_stage, marks=False)
    chart.line(reranked, 1, "student alone")
    chart.line(blended, 0, "blended")
    return chart.render()


def scaling_chart(found: Mapping[str, Any]) -> str:
    """nDCG by how many labels or judged queries were learnt: measured, fitted, and the line to reach."""
    drawn, target = systems(found), found["target"]
    points = [[point for point in of["points"] if point["size"] > 0] for of in drawn.values()]
    curves = [of["curve"]["line"] if of["curve"] is not None else [] for of in drawn.values()]
    sizes = [one["size"] for of in (*points, *curves) for one in of]
    values = [bound for of in points for point in of for bound in (point["low"], point["high"])]
    chart = Chart(
        logarithmic(f"{found['unit']} (logarithmic)", sizes),
        linear(f"{found['measure']}, judged-only", [*values, *([target["mean"]] if target is not None else [])]),
        f"{found['measure']} by the number of {found['unit']} learnt",
    )
    if target is not None:
        chart.line([(end, target["mean"]) for end in (min(sizes), max(sizes))], 3, target["name"], marks=False)
    for series, (name, of, curve) in enumerate(zip(drawn, points, curves, strict=True)):
        for point in of:
            beside = point["size"] * _BESIDE**series
            chart.bar((beside, point["low"]), (beside, point["high"]), series)
            chart.mark(beside, point["mean"], series)
        line = [(one["size"], one["value"]) for one in curve] or [(point["size"], point["mean"]) for point in of]
        chart.line(line, series, name, marks=False)
    return chart.render()


def speed_chart(choices: Sequence[Choice], measure: str) -> str:
    """nDCG against milliseconds, the frontier drawn; marks are numbered as in the table beside it."""
    settings = [choice.setting for choice in choices]
    chart = Chart(
        logarithmic("milliseconds a search (median, logarithmic)", [max(s.milliseconds, 0.1) for s in settings]),
        linear(f"{measure}, whole catalogue", [s.quality for s in settings], pad=0.08),
        f"{measure} against milliseconds a search, with the Pareto frontier",
    )
    best = [(max(c.setting.milliseconds, 0.1), c.setting.quality) for c in choices if c.on_frontier]
    if len(best) > 1:
        chart.line(best, 0, "frontier", marks=False, steps=True)
    for number, choice in enumerate(choices, start=1):
        x, y = max(choice.setting.milliseconds, 0.1), choice.setting.quality
        chart.mark(x, y, 0 if choice.on_frontier else 4, str(number))
    return chart.render()


def calibration_chart(calibration: dict[str, Reliability]) -> str:
    """Predicted soft targets against judged ones; on the diagonal a score means what it says."""
    unit = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    chart = Chart(
        Axis("predicted soft target (sigmoid of the score)", -0.02, 1.02, unit),
        Axis("judged soft target, mean", -0.02, 1.02, unit),
        "Reliability: judged soft target by predicted soft target",
        width=400,
        height=360,
    )
    chart.line([(0, 0), (1, 1)], 5, "perfect", marks=False)
    for series, (name, of) in enumerate(calibration.items()):
        for one in of.bins:
            chart.bar((one.predicted, one.actual.low), (one.predicted, one.actual.high), series)
        chart.line([(one.predicted, one.actual.mean) for one in of.bins], series, name)
    return chart.render()


def scores_chart(name: str, grades: Sequence[ScoresOfGrade]) -> str:
    """Scores by grade: a box from the 25 % to the 75 % quantile, a line from 5 % to 95 %, a mark at the median."""
    labels = [of.grade for of in grades]
    widest = max(map(len, labels))
    chart = Chart(
        linear("score", [value for of in grades for value in of.quantiles]),
        named(labels),
        f"Scores of {name} by grade",
        width=400,
        height=56 + 34 * len(grades),
        left=min(140, 22 + 8 * widest),
    )
    for row, of in enumerate(grades):
        low, lower, median, upper, high = of.quantiles
        chart.bar((low, row), (high, row), 0)
        chart.bar((lower, row), (upper, row), 0, "thick")
        chart.mark(median, row, 5)
    return chart.render()
