"""Doctor's look at the machine: Python, packages, threads, memory, disk."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import torch

from workflow.checks.estimate import Work
from workflow.checks.findings import Finding, State
from workflow.config.run import Config
from workflow.stages.first_stage import model_path

_GIB = 2**30
_SPARE = 5 * _GIB
_PRODUCT_BYTES = 10 * 1024
"""A product's texts, its vector (twice, embeddings and index) and its words, on disk."""
_CHECKPOINTS = 4
"""Of a model in training: its weights, two moments each, and the best epoch's weights."""


def check_machine(config: Config) -> list[Finding]:
    """All but the disk."""
    found = [_python(), _threads(config), _memory()]
    if config.index.in_cluster:
        found += [_package(module, "pip install 'distilrank[elastic]'") for module in ("elasticsearch", "opensearchpy")]
    else:
        found.append(_package("faiss", "pip install 'distilrank[cpu]' (or [gpu])"))
    if config.teacher.lora is not None:
        found.append(_package("peft", "pip install 'distilrank[llm]'"))
    return found


def check_disk(config: Config, runs: Path, work: Work | None) -> Finding:
    """Whether the runs' directory can be written, and has room for the models and indexes of this run."""
    place = next(path for path in [runs.absolute(), *runs.absolute().parents] if path.exists())
    if not os.access(place, os.W_OK):
        return Finding("disk", "error", f"{place} cannot be written; choose another --runs")
    free = shutil.disk_usage(place).free
    needed = _needed(config, work)
    said = f"{free / _GIB:.0f} GiB free in {place}, the run needs about {needed / _GIB:.1f}"
    if free < needed:
        return Finding("disk", "error", f"{said}; make room, or choose another --runs")
    if free < needed + _SPARE:
        return Finding("disk", "warning", f"{said}; 5 GiB to spare are better")
    return Finding("disk", "ok", said)


def _python() -> Finding:
    state: State = "ok" if sys.version_info >= (3, 11) else "error"
    return Finding("python", state, f"{sys.version.split()[0]} (3.11 or later is needed)")


def _package(module: str, fix: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(module, "error", f"not installed; {fix}")
    return Finding(module, "ok", "installed")


def _threads(config: Config) -> Finding:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    threads = torch.get_num_threads()
    if config.threads is not None and config.threads != threads:
        said = f"{threads} threads, not the config's {config.threads}: OMP_NUM_THREADS is set, which wins; {device}"
        return Finding("compute", "warning", said)
    return Finding("compute", "ok", f"{threads} threads, {device}")


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    return Finding(
        "memory",
        "ok" if total >= 4 else "warning",
        f"{total:.0f} GiB" + ("" if total >= 4 else "; 4 GiB or more is better"),
    )


def _needed(config: Config, work: Work | None) -> int:
    """Bytes of the run directory at its fullest; a model that is not here yet counts as nothing."""
    teacher, student = _weights(config.teacher.model), _weights(config.student_model)
    chains = 1 + (config.data.folds if config.data.dev == "folds" else 0)
    kept = chains * (teacher + 2 * student) + (teacher if config.teacher.labels else 0)
    return kept + _CHECKPOINTS * max(teacher, student) + (work.products if work is not None else 0) * _PRODUCT_BYTES


def _weights(name: str) -> int:
    files = {suffix: Path(model_path(name)).glob(f"*{suffix}") for suffix in (".safetensors", ".bin")}
    return max(sum(file.stat().st_size for file in found) for found in files.values())
