"""A scaling result for the terminal: the table, a plot over the number of labels, and what it says."""

from collections.abc import Mapping
from typing import Any

import numpy as np

_WIDTH, _HEIGHT = 64, 14
_POINT, _CURVE, _TEACHER = "o", "·", "-"


def scaling_text(found: Mapping[str, Any]) -> str:
    """What `workflow.proof.scaling.scale` returned, as lines of text."""
    teacher, seeds = found["teacher"], len(found["seeds"])
    trained = f"{seeds} training seeds" if seeds > 1 else "1 training seed"
    lines = [f"{'labels':>10}  {found['measure']}  95 % interval"]
    rows = [(f"{point['labels']:,.0f}", point) for point in found["points"]]
    rows += [("teacher", teacher)] if teacher is not None else []
    lines += [f"{name:>10}  {row['mean']:>7.4f}  [{row['low']:.4f}, {row['high']:.4f}]" for name, row in rows]
    lines.append("")
    if found["curve"] is not None:
        lines += [*_plot(found), ""]
    lines.append(found["sentence"])
    if found["next"] is not None:
        following = found["next"]
        lines.append(
            f"  (after {following['from']:,.0f}: {following['value']:+.4f} [{following['low']:+.4f}, "
            f"{following['high']:+.4f}])"
        )
    crossing = found["crossing"]
    if crossing is not None:
        reached = "never reaches" if crossing["labels"] is None else f"reaches at {crossing['labels']:,.0f} labels"
        lines.append(
            f"The curve {reached} the teacher's {teacher['mean']:.3f}; it does in {crossing['share']:.0%} of bootstrap "
            "samples."
        )
    queries = found["points"][0]["n"]
    lines.append(
        f"{found['measure']}, {found['mode']}, {found['convention']}, linear gain, log2 discount; {queries} queries "
        f"({found['set']}); {trained}. Intervals: bootstrap over queries, training seeds aside."
    )
    return "\n".join(lines)


def _plot(found: Mapping[str, Any]) -> list[str]:
    """The curve and the sizes it was fitted to, over a logarithmic axis, and the teacher's line."""
    curve = found["curve"]["line"]
    line = [found["teacher"]["mean"]] if found["teacher"] is not None else []
    points = [(point["labels"], point["mean"]) for point in found["points"] if point["labels"] > 0]
    values = [one["value"] for one in curve] + [mean for _, mean in points] + line
    low, high = min(values), max(max(values), min(values) + 1e-3)
    left, right = np.log(curve[0]["labels"]), np.log(curve[-1]["labels"])
    cells = [[" "] * _WIDTH for _ in range(_HEIGHT)]

    def row(value: float) -> int:
        return round((high - value) / (high - low) * (_HEIGHT - 1))

    def column(labels: float) -> int:
        return round(float((np.log(labels) - left) / (right - left)) * (_WIDTH - 1))

    for value in line:
        cells[row(value)] = [_TEACHER] * _WIDTH
    for one in curve:
        cells[row(one["value"])][column(one["labels"])] = _CURVE
    for labels, mean in points:
        cells[row(mean)][column(labels)] = _POINT
    margin = {0: f"{high:.3f}", _HEIGHT - 1: f"{low:.3f}"} | {row(value): f"{value:.3f}" for value in line}
    drawn = [f"{margin.get(number, ''):>6} |{''.join(cell).rstrip()}" for number, cell in enumerate(cells)]
    axis = f"{curve[0]['labels']:,.0f}"
    return [
        *drawn,
        f"{'':>6} +{'-' * _WIDTH}",
        f"{'':>8}{axis}{curve[-1]['labels']:>{_WIDTH - len(axis)},.0f} labels",
        f"{'':>8}{_POINT} measured, {_CURVE} fitted, {_TEACHER} the teacher",
    ]
