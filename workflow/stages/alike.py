"""Chains that are alike: where no teacher learns judgements, folds differ in nothing but the queries they measure.

Every chain's labels and students are then the same, since the guard keeps the queries of all folds out of what is
labelled; they are made once, for the main chain, and copied.
"""

import shutil
from pathlib import Path

from eval.files import atomic_path
from workflow.config.run import Config


def labels_alike(config: Config) -> bool:
    """Whether the teachers of all chains give the same labels: none of them learns its chain's judgements."""
    return config.teacher.kind not in ("model", "ensemble") or config.teacher.train is None


def students_alike(config: Config) -> bool:
    """Whether the students of all chains are the same: they learn the same labels and no judgement after them."""
    return labels_alike(config) and config.student.final_train is None and config.rounds == 1


def copy(made: Path, path: Path) -> None:
    """The same directory at `path`, in place of what may be there; whole or not at all."""
    with atomic_path(path) as temporary:
        shutil.copytree(made, temporary)
