"""The unjudged pairs most worth judging: those that could change the comparison most."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from eval.files import atomic_path
from eval.unjudged import Unjudged, worth_judging
from workflow.report.compared import Comparison, System
from workflow.report.movers import ProductTexts

LIMIT = 200
"""Pairs in the file; the page shows the first of them."""


@dataclass(frozen=True)
class WorthJudging:
    """An unjudged pair with the texts that a judge needs."""

    pair: Unjudged
    query: str
    title: str


def worth_judging_pairs(comparison: Comparison, focus: System, cutoff: int) -> list[WorthJudging]:
    """The pairs, by the effect that a best grade would have times its likelihood.

    How likely a pair is relevant is the teacher's expected soft target, or the student's where there is no teacher.
    """
    ours, theirs = focus.best(cutoff), comparison.base.best(cutoff)
    relevance: dict[str, dict[str, float]] = {}
    for stored in (comparison.base.stored, focus.stored):
        for query_id, of in stored.candidates("full catalogue").items():
            teacher, student = of.teacher[: of.window], of.student[: of.window]
            likely = expit(np.where(np.isfinite(teacher), teacher, student))
            scored = zip(of.ids[: of.window].to_pylist(), likely.tolist(), strict=True)
            relevance.setdefault(query_id, {}).update(scored)
    found = worth_judging(
        ours,
        theirs,
        comparison.qrels,
        relevance,
        best_gain=max(focus.stored.prepared.scale.gains),
        cutoff=cutoff,
        limit=LIMIT,
    )
    texts = ProductTexts(focus.stored, [one.product_id for one in found])
    queries = focus.stored.prepared.queries
    return [WorthJudging(one, queries[one.query_id].text, texts.title(one.product_id)) for one in found]


def write_queue(pairs: Sequence[WorthJudging], path: Path) -> None:
    """Write them as CSV, the most telling first."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["query_id", "query", "product_id", "title", "place", "base_place", "relevance", "effect"])
        for one in pairs:
            pair = one.pair
            places = (pair.place_a, pair.place_b)
            estimates = (f"{pair.relevance:.4f}", f"{pair.effect:.6f}")
            writer.writerow([pair.query_id, one.query, pair.product_id, one.title, *places, *estimates])
