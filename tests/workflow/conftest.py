"""A whole run that is small enough for a test: a tiny shop, a tiny BERT as teacher and student, a tiny bi-encoder."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

WriteConfig = Callable[..., Path]


@pytest.fixture
def write_config(tmp_path: Path, tiny_bert_dir: Path, tiny_encoder_dir: Path) -> WriteConfig:
    """Writes a config to tmp_path; keyword arguments replace whole sections."""

    def write(**sections: object) -> Path:
        train = {"epochs": 1, "pairs_per_batch": 32, "checkpoint_seconds": 0.001}
        tree = {
            "name": "tiny",
            "threads": 1,
            "data": {
                "format": "shop",
                "shop": {"products": 150, "train": 8, "dev": 6, "test": 8, "log": 80, "judged": 12},
            },
            "encoder": {"model": str(tiny_encoder_dir), "max_length": 64},
            "teacher": {"model": str(tiny_bert_dir), "max_length": 64, "train": train},
            "mine": {"queries": 20},
            "label": {"shard_pairs": 64},
            "student": {
                "parent": str(tiny_bert_dir),
                "layers": 2,
                "max_length": 64,
                "train": train,
                "judgements_train": train,
            },
            "measure": {"window": 10, "recall": 20, "timed_queries": 2},
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({**tree, **sections}))
        return path

    return write
