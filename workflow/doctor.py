"""Checks machine, config and data before any hour is spent, and estimates how long each stage will take here."""

import importlib.util
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from eval.errors import DistilrankError
from rerank.inputs import PairEncoder
from rerank.scoring import predict
from rerank.student import build_student
from retrieval.data.search_data import SearchData
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from workflow.config import Config
from workflow.first_stage import model_path
from workflow.inputs import read_input

State = Literal["ok", "warning", "error"]

_TRAINING_COST = 3.5
"""Forward, backward and optimiser step, in forward passes: measured 3.3 to 4.4 for 2 to 6 layers of MiniLM."""


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, how it stands, and what to do."""

    check: str
    state: State
    detail: str


def examine(config: Config, runs: Path) -> list[Finding]:
    """Every check, in order; none of them writes or raises."""
    found = [
        _python(),
        _package("faiss", "pip install 'distilrank[cpu]' (or [gpu])"),
        _threads(config),
        _memory(),
        _disk(runs),
    ]
    if config.teacher.lora is not None:
        found.append(_package("peft", "pip install 'distilrank[llm]'"))
    data: SearchData | None = None
    try:
        data = read_input(config)
        problems = data.problems.lines()
        counts = f"{len(data.queries):,} queries, {len(data.log):,} logged"
        found.append(Finding("data", "warning" if problems else "ok", "; ".join([counts, *problems])))
    except DistilrankError as error:
        found.append(Finding("data", "error", str(error)))
    try:
        rates = _rates(config)
        found.append(
            Finding(
                "models", "ok", f"forward passes a second: {rates.teacher:,.0f} teacher, {rates.student:,.0f} student"
            )
        )
        if data is not None:
            found.append(Finding("estimate", "ok", _estimate(config, data, rates)))
    except (DistilrankError, OSError, ValueError) as error:
        found.append(Finding("models", "error", " ".join(str(error).split())[:300]))
    return found


@dataclass(frozen=True)
class _Rates:
    """Texts or pairs a second, forward."""

    encoder: float
    teacher: float
    student: float


def _python() -> Finding:
    state: State = "ok" if sys.version_info >= (3, 11) else "error"
    return Finding("python", state, f"{sys.version.split()[0]} (3.11 or later is needed)")


def _package(module: str, fix: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(module, "error", f"not installed; {fix}")
    return Finding(module, "ok", "installed")


def _threads(config: Config) -> Finding:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return Finding("compute", "ok", f"{config.threads or os.cpu_count()} threads, {device}")


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Finding(
        "memory",
        "ok" if total >= 4 else "warning",
        f"{total:.0f} GiB" + ("" if total >= 4 else "; 4 GiB or more is better"),
    )


def _disk(runs: Path) -> Finding:
    place = next(path for path in [runs.absolute(), *runs.absolute().parents] if path.exists())
    if not os.access(place, os.W_OK):
        return Finding("disk", "error", f"{place} cannot be written; choose another --runs")
    free = shutil.disk_usage(place).free / 2**30
    return Finding(
        "disk",
        "ok" if free >= 5 else "warning",
        f"{free:.0f} GiB free" + ("" if free >= 5 else "; a run may need 5 GiB"),
    )


def _rates(config: Config) -> _Rates:
    product = Product("p", dict.fromkeys(config.fields.student, "stainless steel travel mug with lid"))
    pair = (Query("q", "insulated coffee cup without handle"), product)
    encoder = Encoder(model_path(config.encoder.model), max_length=config.encoder.max_length)
    texts = [ProductTemplate(config.fields.student).text(product)] * 64
    encoder.encode(texts[:8])
    begun = time.perf_counter()
    encoder.encode(texts)
    encoding = len(texts) / (time.perf_counter() - begun)
    rates = []
    for parent, layers, fields, length in (
        (config.teacher.model, None, config.fields.teacher, config.teacher.max_length),
        (config.student.parent, config.student.layers, config.fields.student, config.student.max_length),
    ):
        start = build_student(model_path(parent), layers)
        pair_encoder = PairEncoder(start.tokenizer, "encoder", ProductTemplate(fields), length)
        predict(start.model, pair_encoder, [pair] * 8)
        begun = time.perf_counter()
        predict(start.model, pair_encoder, [pair] * 64)
        rates.append(64 / (time.perf_counter() - begun))
    return _Rates(encoding, *rates)


def _estimate(config: Config, data: SearchData, rates: _Rates) -> str:
    chains = 1 + (config.data.folds if config.data.dev == "folds" else 0)
    judged = sum(len(data.qrels.get(i, {})) for i, split in data.splits.items() if split == "train")
    products = sum(1 for _ in data.products())
    per_query = sum(stratum.take for stratum in config.mine.strata) + config.mine.random + config.mine.neighbours
    pairs = min(config.mine.queries, len(data.log)) * per_query
    alone = config.student.judgements_train
    learnt = pairs * config.student.train.epochs + (judged * alone.epochs if alone is not None else 0)
    seconds = {
        "index": products / rates.encoder,
        "teacher": chains * judged * config.teacher.train.epochs * _TRAINING_COST / rates.teacher,
        "label": chains * pairs / rates.teacher,
        "student": chains * learnt * _TRAINING_COST / rates.student,
    }
    stages = ", ".join(f"{name} {value / 60:.1f}" for name, value in seconds.items())
    return (
        f"about {sum(seconds.values()) / 60:.0f} minutes for texts of this length ({stages}); {pairs:,} pairs to label"
    )
