"""What `distilrank scaling` found: where it is kept, whether it is of the run as it stands, what it says in words."""

from collections.abc import Mapping
from typing import Any

from eval.files import read_json
from workflow.measure.system_names import STUDENT
from workflow.run.directory import RunDirectory
from workflow.run.stage import record_path

SCALING = "scaling"
FILE, BASIS = "scaling.json", "basis.json"

_FAR = 10
"""A curve is told to so many times what was measured, not beyond."""


def basis(run: RunDirectory) -> dict[str, Any]:
    """What the models of both axes stand on: the run's student stage, with its labels, its recipe, its code."""
    return {"student stage": read_json(record_path(run, "student"))["key"]}


def read_scaling(run: RunDirectory) -> list[dict[str, Any]]:
    """The results that there are of the run as it stands, an axis each."""
    paths = sorted((run.root / SCALING).glob(f"*/{FILE}"))
    return [read_json(path) for path in paths if read_json(path.with_name(BASIS)) == basis(run)]


def systems(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Each system with its points and its curve, the student first."""
    return {STUDENT: found, **found.get("beside", {})}


def sentences(found: Mapping[str, Any]) -> list[str]:
    """What the result says, in words."""
    lines = [found["sentence"]]
    if (following := found["next"]) is not None:
        lines[0] += (
            f" After {following['from']:,.0f} {found['unit']}: {following['value']:+.4f} [{following['low']:+.4f}, "
            f"{following['high']:+.4f}]."
        )
    for name, of in systems(found).items():
        if of["crossing"] is not None:
            lines.append(_crossing(found, name, of))
    return lines + _refused(found)


def _crossing(found: Mapping[str, Any], name: str, of: Mapping[str, Any]) -> str:
    """Where a system's curve reaches the line, a word on curves that do so outside of what was measured."""
    crossing, unit, target = of["crossing"], found["unit"], found["target"]
    sizes, at = [point["size"] for point in of["points"] if point["size"] > 0], crossing["size"]
    line = f"the {target['name']}'s {target['mean']:.3f}"
    if at is None:
        said = f"never reaches {line}"
    elif at > _FAR * max(sizes):
        said = f"does not reach {line} within {_FAR} times what was measured"
    elif at <= min(sizes):
        said = f"lies above {line} from {min(sizes):,.0f} {unit} on"
    else:
        said = f"reaches {line} at {at:,.0f} {unit}" + (", beyond what was measured" if at > max(sizes) else "")
    return f"The curve of the {name} {said}; in {crossing['share']:.0%} of bootstrap samples it gets there somewhere."


def _refused(found: Mapping[str, Any]) -> list[str]:
    """At which sizes the gate refuses the teacher; nothing where it never does."""
    seeds = len(found["seeds"])
    sizes = [
        f"{point['size']:,.0f}" + (f" ({point['refused']} of {seeds} seeds)" if seeds > 1 else "")
        for point in found["points"]
        if point.get("refused")
    ]
    if not sizes:
        return []
    return [
        f"The gate refuses the teacher with these numbers of {found['unit']}: {', '.join(sizes)}. It is clearly worse "
        "than the first stage there, and labelled all the same."
    ]
