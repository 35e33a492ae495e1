"""Opens the teacher that a chain has, whatever its kind."""

from pathlib import Path

from eval.files import read_json
from rerank.ensemble import ENSEMBLE, EnsembleTeacher, load_ensemble
from rerank.teacher import TEACHER_FILE, Teacher
from retrieval.catalogue import Catalogue
from workflow.config import Config
from workflow.first_stage import open_first_stages
from workflow.run_directory import RunDirectory

AnyTeacher = Teacher | EnsembleTeacher
"""What labels and ranks: it has `version`, `label(pairs)` and `score(pairs)`."""


def open_teacher(config: Config, catalogue: Catalogue, run: RunDirectory, path: Path) -> AnyTeacher:
    """The teacher in the directory `path` of a run.

    Raises:
        MachineError: when there is none, or something it needs is missing.
    """
    about = path / TEACHER_FILE
    if about.is_file() and read_json(about).get("kind") == ENSEMBLE:
        return load_ensemble(path, open_first_stages(config, catalogue, run))
    return Teacher.load(path)
