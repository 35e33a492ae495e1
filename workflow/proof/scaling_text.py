"""A scaling result for the terminal: the table, a plot over what was learnt, and what it says."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workflow.measure.scaling_results import sentences, systems
from workflow.measure.system_names import STUDENT, TEACHER, WITHOUT

_WIDTH, _HEIGHT = 64, 14
_MARKS = {STUDENT: "o", WITHOUT: "w", TEACHER: "t"}
_CURVE, _TARGET = "·", "-"


def scaling_text(found: Mapping[str, Any]) -> str:
    """What `scale_labels` or `scale_judgements` returned, as lines of text."""
    seeds = len(found["seeds"])
    trained = f"{seeds} training seeds" if seeds > 1 else "1 training seed"
    lines = [*_table(found), ""]
    if found["curve"] is not None:
        lines += [*_plot(found), ""]
    lines += [*sentences(found), *found.get("notes", ())]
    queries = found["points"][0]["n"]
    lines.append(
        f"{found['measure']}, {found['mode']}, {found['convention']}, linear gain, log2 discount; {queries} queries "
        f"({found['set']}); {trained}. Intervals: bootstrap over queries, training seeds aside."
    )
    return "\n".join(lines)


def _table(found: Mapping[str, Any]) -> list[str]:
    """A row a size; beside the student whatever else was measured at it."""
    points, beside, target = found["points"], found.get("beside", {}), found["target"]
    rows = [[found["unit"], f"{found['measure']}  95 % interval"]]
    rows += [[f"{point['size']:,.0f}", _interval(point)] for point in points]
    if beside:
        rows[0][1] = STUDENT
        rows[0].insert(1, "judgements")
        for row, point in zip(rows[1:], points, strict=True):
            row.insert(1, f"{point['judgements']:,.0f}")
    for name, of in beside.items():
        rows[0].append(name.removeprefix("student "))
        for row, point in zip(rows[1:], of["points"], strict=True):
            row.append(_interval(point))
    if WITHOUT in beside:
        rows[0].append("student − without")
        for row, point in zip(rows[1:], points, strict=True):
            row.append(_interval(point["gained"], signed=True))
    if target is not None:
        rows.append([target["name"], *([""] if beside else []), _interval(target)])
    return _columns(rows)


def _interval(of: Mapping[str, Any], *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{of['mean']:{sign}.3f} [{of['low']:{sign}.3f}, {of['high']:{sign}.3f}]"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows, each column as wide as its widest cell, aligned to the right."""
    width = max(map(len, rows))
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    widths = [max(len(row[place]) for row in padded) for place in range(width)]
    return ["  ".join(f"{cell:>{wide}}" for cell, wide in zip(row, widths, strict=True)).rstrip() for row in padded]


def _plot(found: Mapping[str, Any]) -> list[str]:
    """Each system's curve and the sizes it was fitted to, over a logarithmic axis, and the line to reach."""
    drawn = systems(found)
    curves = [one for of in drawn.values() for one in of["curve"]["line"]]
    target = [found["target"]["mean"]] if found["target"] is not None else []
    points = [
        (_MARKS[name], point["size"], point["mean"])
        for name, of in reversed(drawn.items())  # the student is on top
        for point in of["points"]
        if point["size"] > 0
    ]
    values = [one["value"] for one in curves] + [mean for _, _, mean in points] + target
    low, high = min(values), max(max(values), min(values) + 1e-3)
    sizes = [one["size"] for one in curves]
    left, right = np.log(min(sizes)), np.log(max(sizes))
    cells = [[" "] * _WIDTH for _ in range(_HEIGHT)]

    def row(value: float) -> int:
        return round((high - value) / (high - low) * (_HEIGHT - 1))

    def column(size: float) -> int:
        return round(float((np.log(size) - left) / (right - left)) * (_WIDTH - 1))

    for value in target:
        cells[row(value)] = [_TARGET] * _WIDTH
    for one in curves:
        cells[row(one["value"])][column(one["size"])] = _CURVE
    for mark, size, mean in points:
        cells[row(mean)][column(size)] = mark
    margin = {0: f"{high:.3f}", _HEIGHT - 1: f"{low:.3f}"} | {row(value): f"{value:.3f}" for value in target}
    lines = [f"{margin.get(number, ''):>6} |{''.join(cell).rstrip()}" for number, cell in enumerate(cells)]
    axis = f"{min(sizes):,.0f}"
    marks = [f"{_MARKS[name]} {name}" for name in drawn] + [f"{_CURVE} fitted"]
    marks += [f"{_TARGET} {found['target']['name']}"] if target else []
    return [
        *lines,
        f"{'':>6} +{'-' * _WIDTH}",
        f"{'':>8}{axis}{max(sizes):>{_WIDTH - len(axis)},.0f} {found['unit']}",
        f"{'':>8}{', '.join(marks)}",
    ]
