"""An arm that is a whole run up to its student, by the stages of `distilrank run`: its teacher is really trained."""

import argparse
import shutil
from typing import Any

from rich.console import Console

from benchmarks.experiments.setting import MAX_LENGTH, Setting
from rerank.student import Student
from workflow.config.run import Config, load_config
from workflow.run.directory import RunDirectory
from workflow.runner import run_stages
from workflow.stages.open_teacher import open_teacher

_TRAIN = {"pairs_per_batch": 48, "freeze_embeddings": True, "dropout": 0.0}
_TEACHER = {"max_length": MAX_LENGTH, "train": {"epochs": 1, "learning_rate": 1e-4, **_TRAIN}}


def teacher(setting: Setting) -> dict[str, Any]:
    """The teacher's section of such a run."""
    return {"model": str(setting.start(6)), **_TEACHER}


def run_to_student(
    setting: Setting, options: argparse.Namespace, name: str, seed: int, like: str | None = None, **sections: Any
) -> RunDirectory:
    """The run of an arm in `options.work`/runs; it is kept, and goes on where it was stopped.

    The teacher (six layers, warmed as the student is) learns the shop's judged train queries and labels the pairs of
    `options.queries` queries; a two-layer student learns them from the setting's start. `sections` replace parts of the
    config; `like` names an arm whose artefacts are copied first, so that what does not depend on the difference is not
    made again.
    """
    tree = {
        "name": f"{name}-{seed}",
        "seed": seed,
        "threads": 1,
        "data": setting.config.data.model_dump(),
        "pretrain": None,  # both start from what has been
        "teacher": teacher(setting),
        "mine": {"queries": options.queries, "pool": 4 * options.queries},
        "student": {
            "parent": str(setting.start()),
            "max_length": MAX_LENGTH,
            "train": {"epochs": 1, "learning_rate": 1e-4, **_TRAIN},
            "judgements_train": None,
        },
    }
    config = Config.model_validate({**tree, **sections})
    run = RunDirectory(options.work / "runs" / config.name)
    if like is not None and not run.root.exists():
        shutil.copytree(options.work / "runs" / f"{like}-{seed}", run.root)
    accept = frozenset({"teacher", "student"})
    run_stages(config, run, "student", Console(quiet=True), accept=accept, retry_failed=False)
    return run


def student_values(setting: Setting, run: RunDirectory) -> dict[str, float]:
    """The values of a run's student on the setting's test queries."""
    return setting.values(Student.load(run.root / "student", precision="auto"))


def teacher_values(setting: Setting, run: RunDirectory) -> dict[str, float]:
    """The values of a run's teacher."""
    config = load_config(run.config)
    return setting.values(open_teacher(config, setting.prepared, run, run.root / "teacher"))
