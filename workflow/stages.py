"""Which stages have to run: each stage's key says what its result depends on; the same key is never computed twice.

A stage's key is a hash over its own options, its inputs' keys and this version of distilrank. A finished stage leaves a
record with its key. A stage that was begun under another key has its old output removed first; one begun under the same
key goes on where it stopped (the work inside is resumable).
"""

import hashlib
import importlib.metadata
import json
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.files import read_json, write_json
from workflow.run_directory import RunDirectory


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    `work` does it and returns facts for the manifest. `options` are the parts of the config its result depends on,
    `after` the stages it reads, `writes` its artefacts (paths relative to the run).
    """

    name: str
    title: str
    work: Callable[..., dict[str, Any]]
    options: tuple[str, ...]
    after: tuple[str, ...]
    writes: tuple[str, ...]


def stage_keys(stages: Sequence[Stage], options: Mapping[str, Any], source: str) -> dict[str, str]:
    """Each stage's key. `options` maps section names to JSON-able values; `source` fingerprints the input files."""
    keys: dict[str, str] = {}
    for stage in stages:
        material = {
            "stage": stage.name,
            "version": importlib.metadata.version("distilrank"),
            "options": {name: options[name] for name in stage.options},
            "after": [keys[name] for name in stage.after] or [source],
        }
        keys[stage.name] = hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()[:16]
    return keys


def is_up_to_date(run: RunDirectory, stage: Stage, key: str) -> bool:
    """Whether a finished record with this key and all the artefacts are there."""
    record = run.stages / f"{stage.name}.json"
    return (
        record.exists() and read_json(record)["key"] == key and all((run.root / path).exists() for path in stage.writes)
    )


def begin(run: RunDirectory, stage: Stage, key: str) -> bool:
    """Make ready to work on a stage; True when earlier work under the same key goes on."""
    begun = run.stages / f"{stage.name}.begun.json"
    resumed = begun.exists() and read_json(begun)["key"] == key
    if not resumed:
        (run.stages / f"{stage.name}.json").unlink(missing_ok=True)
        for path in [run.root / path for path in stage.writes] + [run.scratch(stage.name)]:
            shutil.rmtree(path, ignore_errors=True)
        write_json(begun, {"key": key})
    return resumed


def finish(run: RunDirectory, stage: Stage, key: str, seconds: float, facts: dict[str, Any]) -> None:
    """Record that a stage is done."""
    record = {
        "key": key,
        "seconds": round(seconds, 1),
        "wrote": list(stage.writes),
        "read": list(stage.after),
        "facts": facts,
    }
    write_json(run.stages / f"{stage.name}.json", record)
    shutil.rmtree(run.scratch(stage.name), ignore_errors=True)


def write_manifest(run: RunDirectory, stages: Sequence[Stage], config: Mapping[str, Any], source: str) -> None:
    """What made this run: versions, seed, commit, data fingerprint, and each stage's record."""
    packages = (
        "torch",
        "transformers",
        "sentence-transformers",
        "faiss-cpu",
        "faiss-gpu-cu12",
        "bm25s",
        "datasets",
        "ir-measures",
    )
    records = {stage.name: run.stages / f"{stage.name}.json" for stage in stages}
    manifest = {
        "distilrank": importlib.metadata.version("distilrank"),
        "python": platform.python_version(),
        "packages": {name: version for name in packages if (version := _version(name))},
        "commit": _commit(),
        "seed": config["seed"],
        "data": source,
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
