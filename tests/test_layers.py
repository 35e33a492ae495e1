"""Imports only go down the layers: import-linter says so of the repository, and notices when it is not so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["augment", "eval", "rerank", "retrieval", "serving", "workflow"]


def test_the_repository_keeps_the_layers() -> None:
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "planted", "contract", "chain"),
    [
        ("eval/measures.py", "import torch", "Evaluation knows no models", "eval.measures -> torch"),
        ("eval/trec.py", "import retrieval.types", "only go down", "eval.trec -> retrieval.types"),
        ("retrieval/types.py", "from augment import guard", "only go down", "retrieval.types -> augment"),
        ("rerank/types.py", "import serving", "only go down", "rerank.types -> serving"),
        ("serving/__init__.py", "import augment", "only go down", "serving -> augment"),
        ("augment/__init__.py", "import serving", "only go down", "augment -> serving"),
        ("retrieval/types.py", "def f():\n    import workflow", "only go down", "retrieval.types -> workflow"),
        ("rerank/types.py", "import ir_measures", "Training and labelling", "rerank.types -> ir_measures"),
        ("workflow/__init__.py", "import distilrank", "front door", "workflow -> distilrank"),
        ("workflow/run/work.py", "import workflow.stages", "folders of the workflow", "run.work -> workflow.stages"),
        ("workflow/serve.py", "import workflow.proof", "folders of the workflow", "workflow.serve -> workflow.proof"),
        ("serving/engine.py", "def f():\n    import ray", "free of Ray", "serving.engine -> ray"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, module: str, planted: str, contract: str, chain: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "distilrank.py"):
        shutil.copy(ROOT / file, tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{planted}\n")
    result = _lint(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert len(broken) == 1
    assert contract in broken[0]
    assert chain in result.stdout


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache", "--no-logo"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}  # `folder` alone is linted
    return subprocess.run(
        command, cwd=folder, env=environment | {"COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
