"""How stale a run's frozen knowledge is: a recent query log and a newer catalogue against those it was made from.

Every signal stands beside what is usual, measured on the run's own log, and counts as moved only when it is beyond
chance and beyond a limit that matters in practice. Signals of one subject (queries, answers, models, catalogue) tell
much the same, so subjects are counted. Verdict: "fine" when nothing moved, "watch" when one subject did (new queries
alone date the score table, not the student), "stale" when two did, or when teacher and student no longer agree: then
mine, label and train again. The teacher is taken as it is; whether *it* still judges well only new judgements can tell.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from eval.errors import InputError
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery
from retrieval.dense import DenseRetriever
from retrieval.live.shop import LiveShop
from retrieval.query_key import query_key
from retrieval.types import Product
from workflow.config.run import Config
from workflow.proof.drift_signals import (
    Signal,
    catalogue_signal,
    draw_queries,
    first_stage_signals,
    model_signals,
    query_signals,
)
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.progress import StageProgress
from workflow.served.teacher_share import both_models
from workflow.stages.first_stage import open_first_stages, open_run_encoder, student_template

SAMPLE = 300
"""Queries a side whose coverage and best cosine are looked at."""


@dataclass(frozen=True)
class DriftReport:
    """The signals, and `notes` on what was left out or is worth knowing."""

    signals: list[Signal]
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """ "fine", "watch" or "stale"."""
        moved = [signal for signal in self.signals if signal.moved]
        if any(signal.name == "agreement" for signal in moved) or len({signal.subject for signal in moved}) >= 2:
            return "stale"
        return "watch" if moved else "fine"

    def to_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        signals = [{**signal._asdict(), "subject": signal.subject, "moved": signal.moved} for signal in self.signals]
        return {"verdict": self.verdict, "signals": signals, "notes": self.notes}


def measure_drift(
    config: Config,
    run: RunDirectory,
    recent: Sequence[LogQuery],
    newer: Iterable[Product] | None,
    progress: StageProgress,
    *,
    ask: int,
    sample: int = SAMPLE,
) -> DriftReport:
    """Compare the `recent` log, and the `newer` catalogue (None: that of `live/`, if any), with the run's.

    Args:
        ask: queries a side that teacher and student are asked about; 0 asks neither, and a file of labels never is.
        sample: queries a side that the first stage is asked about.

    Raises:
        InputError: when a log has no query, or `ask` is negative.
    """
    if ask < 0:
        raise InputError(f"--ask {ask}: expected the number of queries to ask the teacher about, 0 for none")
    prepared = load_prepared(run.data)
    catalogue = prepared.catalogue
    main = chains(config, prepared, run)[-1]
    own = prepared.log or [LogQuery(prepared.queries[query_id].text) for query_id in main.train_ids]
    report = DriftReport(query_signals(own, recent, config.seed))
    stages = open_first_stages(config, catalogue, run)
    generator = np.random.default_rng(config.seed)
    sides = [draw_queries(log, sample, generator, name) for name, log in (("own", own), ("recent", recent))]
    report.signals.extend(first_stage_signals(config, catalogue, stages, sides[0], sides[1], progress))
    if ask and config.teacher.kind == "file":
        report.notes.append(
            "teacher and student are not asked: the run's labels come from a file (teacher.kind: file), so there is no "
            "teacher to ask about recent queries"
        )
    elif ask:
        mined = {query_key(text) for text in pq.read_table(run.pairs / "queries.parquet")["query"].to_pylist()}
        logs = {
            "mined": [entry for entry in own if query_key(entry.text) in mined],
            "held": [entry for entry in own if query_key(entry.text) not in mined],
            "recent": recent,
        }
        asked = {name: draw_queries(log, ask, generator, name) for name, log in logs.items()}
        models = both_models(config, prepared, run, main)
        first = stages[config.index.first_stage]
        signals, notes = model_signals(asked, models, first, catalogue, config.seed, progress)
        report.signals.extend(signals)
        report.notes.extend(notes)
    with contextlib.ExitStack() as opened:
        if newer is None and (run.root / "live").exists() and not config.index.in_cluster:
            report.notes.append("the newer catalogue is the run's with its live changes")
            newer = _live_products(config, run, catalogue, opened)
        if newer is not None:
            report.signals.append(catalogue_signal(catalogue, newer, student_template(config, catalogue)))
    return report


def _live_products(
    config: Config, run: RunDirectory, catalogue: Catalogue, opened: contextlib.ExitStack
) -> Iterable[Product]:
    """The catalogue with what the server has put and deleted since."""
    bm25 = BM25Retriever.load(run.index / "bm25", catalogue)
    dense = DenseRetriever.load(run.index / "vectors", open_run_encoder(config, run), catalogue)
    shop = opened.enter_context(contextlib.closing(LiveShop(dense, bm25, run.root / "live")))
    return shop.view().catalogue.stream()
