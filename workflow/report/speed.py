"""Quality against time: what each way to serve a run costs, which of them no other beats, and how to serve it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.frontier import Setting, frontier
from workflow.measure.system_names import BLENDED, SHORTLISTED, STUDENT, TEACHER, WITHOUT
from workflow.report.figures import RunFigures
from workflow.report.stored import StoredRun

_SPARE = 4
"""A deadline this many times the median leaves the slowest queries room."""


@dataclass(frozen=True)
class Choice:
    """A setting with what to paste to serve it; `on_frontier`: no other is better in as little time.

    `snippet` is empty where a setting cannot be served (the teacher).
    """

    setting: Setting
    snippet: str
    on_frontier: bool

    def to_json(self) -> dict[str, Any]:
        """For metrics.json."""
        return {**self.setting._asdict(), "on_frontier": self.on_frontier, "serve": self.snippet}


def choices(stored: StoredRun, figures: RunFigures) -> list[tuple[Setting, str]]:
    """Each way to answer a search with this run that was timed: nDCG over the whole catalogue, and its snippet."""
    window, times = stored.config.measure.window, stored.metrics["milliseconds"]
    systems = stored.values["full catalogue"]

    def mean(system: str) -> float:
        return float(np.mean(list(systems[system][stored.ndcg].values())))

    found = [
        (Setting(name, times[name], mean(name)), _first_stage_snippet(stored, name))
        for name in times
        if name not in (TEACHER, WITHOUT, STUDENT, BLENDED, SHORTLISTED)
    ]
    if TEACHER in times:
        found.append((Setting(f"teacher, window {window}", times[TEACHER], mean(TEACHER)), ""))
    blended = {point.depth: point.blended for point in figures.depth}
    layers = stored.config.student.layers
    kept = "" if layers is None else f" {layers if isinstance(layers, int) else len(layers)} layers,"
    runtime = stored.metrics["runtime"]
    for timed, milliseconds in stored.metrics["milliseconds_by_window"].get(BLENDED, {}).items():
        if int(timed) in blended:
            setting = Setting(f"student,{kept} {runtime}, window {timed}", milliseconds, blended[int(timed)])
            found.append((setting, _snippet(stored, {"window": int(timed)}, milliseconds)))
    if SHORTLISTED in times:
        keep = stored.config.measure.shortlist
        name = f"student,{kept} {runtime}, window {window}, shortlist of {keep}"
        snippet = _snippet(stored, {"window": window, "shortlist": keep}, times[SHORTLISTED])
        found.append((Setting(name, times[SHORTLISTED], mean(SHORTLISTED)), snippet))
    return found


def marked(settings: list[tuple[Setting, str]]) -> list[Choice]:
    """The settings, fastest first, with the frontier marked."""
    best = frontier([setting for setting, _ in settings])
    ordered = sorted(settings, key=lambda one: (one[0].milliseconds, one[0].name))
    return [Choice(setting, snippet, setting in best) for setting, snippet in ordered]


def _first_stage_snippet(stored: StoredRun, name: str) -> str:
    if name != stored.first_stage:
        return f"# in the config, then distilrank run it again\nindex:\n  first_stage: {name}\n"
    return '# without reranking: ask with a window of 0\nPOST /v1/search  {"query": "…", "window": 0}\n'


def _snippet(stored: StoredRun, options: dict[str, int | None], milliseconds: float) -> str:
    deadline = max(50, int(np.ceil(_SPARE * milliseconds / 50) * 50))
    why = f"{_SPARE} times the median here"
    root = stored.run.root
    given = "".join(f" --set serve.{name}={value}" for name, value in options.items())
    written = "".join(f"  {name}: {value}\n" for name, value in options.items())
    export = "" if stored.metrics["runtime"] == "torch" else f"distilrank export {root}\n"
    return (
        f"{export}distilrank serve {root}{given} --set serve.deadline_ms={deadline}\n\n"
        f"# or in the config\nserve:\n{written}  deadline_ms: {deadline}   # {why}\n"
    )
