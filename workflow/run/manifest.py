"""The manifest of a run: what made it."""

import importlib.metadata
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.files import read_json, write_json
from workflow.run.directory import RunDirectory
from workflow.run.stage import FINGERPRINT, Stage, flat, record_path


def write_manifest(run: RunDirectory, stages: Sequence[Stage], options: Mapping[str, Any]) -> None:
    """What made this run: versions, seed, commit, fingerprints of data and models, and each stage's record."""
    packages = (
        "torch",
        "transformers",
        "sentence-transformers",
        "faiss-cpu",
        "faiss-gpu-cu12",
        "bm25s",
        "datasets",
        "elasticsearch",
        "opensearch-py",
        "ir-measures",
    )
    records = {stage.name: record_path(run, stage.name) for stage in stages}
    manifest = {
        "distilrank": importlib.metadata.version("distilrank"),
        "python": platform.python_version(),
        "packages": {name: version for name in packages if (version := _version(name))},
        "commit": _commit(),
        "seed": options["seed"],
        "inputs": {name: value for name, value in flat(options).items() if str(value).startswith(FINGERPRINT)},
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "stages": {name: read_json(path) for name, path in records.items() if path.exists()},
    }
    write_json(run.manifest, manifest)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", "-C", str(here), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None
