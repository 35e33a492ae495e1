"""A whole run that is small enough for a test: a tiny shop, a tiny BERT as teacher and student, a tiny bi-encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from distilrank import main

WriteConfig = Callable[..., Path]
ACCEPT = ["--accept", "teacher", "--accept", "student"]


@pytest.fixture(scope="session")
def write_config(tiny_bert_dir: Path, tiny_encoder_dir: Path) -> WriteConfig:
    """Writes config.yaml into a directory; keyword arguments replace whole sections."""

    def write(directory: Path, **sections: Any) -> Path:
        train = {"epochs": 1, "pairs_per_batch": 32, "checkpoint_seconds": 0.001}
        shop = {"products": 150, "train": 8, "dev": 6, "test": 8, "log": 80, "judged": 12}
        student = {"parent": str(tiny_bert_dir), "layers": 2, "max_length": 64}
        tree = {
            "name": "tiny",
            "threads": 1,
            "data": {"format": "shop", "shop": shop},
            "encoder": {"model": str(tiny_encoder_dir), "max_length": 64},
            "teacher": {"model": str(tiny_bert_dir), "max_length": 64, "train": train},
            "mine": {"queries": 20},
            "label": {"shard_pairs": 64},
            "student": {**student, "train": train, "judgements_train": train},
            "measure": {"window": 10, "recall": 20, "timed_queries": 2},
        }
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "config.yaml"
        path.write_text(yaml.safe_dump({**tree, **sections}))
        return path

    return write


@pytest.fixture(scope="session")
def finished_run(write_config: WriteConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that has ended; read it, do not write it."""
    root = tmp_path_factory.mktemp("finished")
    assert main(["run", str(write_config(root)), "--runs", str(root / "runs"), *ACCEPT]) == 0
    return root / "runs" / "tiny"
