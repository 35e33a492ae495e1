"""What importing the evaluation loads, seen in a fresh interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ["eval", *sorted(f"eval.{path.stem}" for path in (ROOT / "eval").glob("[!_]*.py"))]
# Labelling and serving use these, where no evaluation library need be installed.
LIGHT = ["eval.errors", "eval.files", "eval.grades", "eval.trec", "eval.bootstrap", "eval.significance"]


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        (
            MODULES,
            {"torch", "transformers", "sentence_transformers", "faiss", "datasets", "ray", "retrieval", "rerank"},
        ),
        (LIGHT, {"ir_measures", "torch", "rich"}),
    ],
)
def test_importing_the_evaluation_leaves_heavy_libraries_unloaded(modules: list[str], unwanted: set[str]) -> None:
    code = f"import json, sys\nfor name in {modules}: __import__(name)\nprint(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-W", "error", "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    loaded = set(json.loads(result.stdout))
    assert set(modules) <= loaded
    assert not loaded & unwanted
