"""Opens the teacher that a chain has, whatever its kind."""

from collections.abc import Callable
from pathlib import Path

from augment.given_labels import FILE
from augment.labelling import LabelTeacher
from eval.errors import InputError
from eval.files import read_json
from rerank.api.teacher import API, ApiTeacher
from rerank.ensemble import ENSEMBLE, EnsembleTeacher, load_ensemble
from rerank.teacher import TEACHER_FILE, Teacher
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.api_teacher import open_api_teacher
from workflow.stages.first_stage import open_first_stages
from workflow.stages.given import given_teacher

Ranker = Teacher | EnsembleTeacher | ApiTeacher
"""What labels and ranks: it has `version`, `label(pairs)` and `score(pairs)`."""


def ranks(config: Config) -> bool:
    """Whether the run's teacher can, and may, be asked about queries to measure."""
    return config.teacher.kind != "file" and (config.teacher.api is None or config.teacher.api.measured)


def open_teacher(
    config: Config,
    prepared: Prepared,
    run: RunDirectory,
    path: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Ranker:
    """The teacher in the directory `path` of a run, to be asked about any pair.

    Args:
        progress: told of an API teacher's answers as they come; it may raise to stop, what came is kept.

    Raises:
        InputError: when it is a file of labels, which knows only its own pairs.
        MachineError: when there is none, or something it needs is missing.
    """
    about = path / TEACHER_FILE
    kind = read_json(about).get("kind") if about.is_file() else None
    if kind == ENSEMBLE:
        return load_ensemble(path, open_first_stages(config, prepared.catalogue, run))
    if kind == API:
        return open_api_teacher(config, prepared, run, progress)
    if kind == FILE:
        raise InputError(
            "the run's labels come from a file (teacher.kind: file): there is no teacher to ask about other pairs; "
            "train one (teacher.kind: model with the same teacher.labels) for this"
        )
    return Teacher.load(path)


def open_labeller(
    work: Work, prepared: Prepared, path: Path, progress: Callable[[int, int], None] | None = None
) -> LabelTeacher:
    """The teacher in the directory `path` of a run, to label the pairs in `pairs/`; `progress` as in `open_teacher`."""
    if work.config.teacher.kind == FILE:
        return given_teacher(work, prepared)
    return open_teacher(work.config, prepared, work.run, path, progress)
