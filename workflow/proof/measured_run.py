"""A measured run to look at or to compare: a run directory's rankings and judgements, or a TREC file with its qrels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval.errors import InputError
from eval.segments import Segment
from eval.trec import Qrels, Run, read_qrels, read_run
from workflow.config.run import load_config
from workflow.measure.bench import measured_sets
from workflow.measure.segmentation import read_segments
from workflow.measure.system_names import BLENDED
from workflow.measure.systems import parts
from workflow.run.chains import chains
from workflow.run.finished import finished
from workflow.run.prepared import load_prepared

_FILE = "run"  # the one system of a file

ReadMode = Literal["judged-only", "full"]
_FOLDERS: dict[ReadMode, str] = {"judged-only": "judged-only", "full": "full-catalogue"}


@dataclass(frozen=True)
class MeasuredRun:
    """Rankings by system, the judgements of the queries they were measured on, and these queries' segments.

    `gains` are those of the judgements' scale; none where it is not known.
    """

    qrels: Qrels
    gains: tuple[int, ...]
    runs: dict[str, Run]
    segments: list[Segment]


def run_file(report: Path, mode: ReadMode, system: str) -> Path:
    """Where `report/` keeps a system's ranking."""
    return report / _FOLDERS[mode] / f"{system.replace(', ', '-').replace(' ', '-')}.run"


def open_measured(path: Path, qrels: Path | None, systems: Sequence[str], mode: ReadMode) -> MeasuredRun:
    """A finished run directory, or a TREC run file with its `qrels`.

    A directory's queries are those of its widest honest set: out-of-fold where there are folds, else the test split.
    A file has one system, called as the first of `systems` is ("run" without one), and no segments.

    Raises:
        InputError: when there is neither, a file comes without qrels or a directory with them, or a system is unknown.
    """
    if path.is_file():
        if qrels is None:
            raise InputError(f"{path} is a run file and needs judgements; give them with --qrels FILE")
        return MeasuredRun(read_qrels(qrels), (), {(systems or [_FILE])[0]: read_run(path)}, [])
    run = finished(path)
    if qrels is not None:
        raise InputError(f"{path} is a run directory with judgements of its own; leave --qrels out, or give run files")
    runs = {}
    for system in systems or [BLENDED]:
        file = run_file(run.report, mode, system)
        if not file.exists():
            known = ", ".join(sorted(found.stem for found in file.parent.glob("*.run")))
            raise InputError(f"{file.parent} has no system {system!r}; it has {known}")
        runs[system] = read_run(file)
    config, prepared = load_config(run.config), load_prepared(run.data)
    least = config.measure.min_judged
    sets = measured_sets(prepared.qrels, parts(prepared, chains(config, prepared, run), least), least)
    wanted = max(sets.values(), key=len)
    return MeasuredRun(
        {i: prepared.qrels[i] for i in wanted},
        prepared.scale.gains,
        {name: {i: found[i] for i in wanted if i in found} for name, found in runs.items()},
        read_segments(run.report),
    )
