"""A run's queries through a live path (the endpoint, the search proxy, a cluster), compared with the run's own ranking.

A path is a function from a query to a `LiveAnswer`; what else there is to it (addresses, bodies, clients) is its own.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eval.agreement import Agreement, agreement
from eval.errors import InputError
from eval.evaluation import Evaluation, evaluate, render
from eval.trec import Run
from retrieval.types import Query
from workflow.served.opened import OpenedRun

_QUERIES_AT_ONCE = 32
OFFLINE = "offline"
FIRST = "first stage"


class LiveAnswer(NamedTuple):
    """Product ids, best first; why it is not the reranked order, where it is not; and the order before it was reranked,
    where the path tells (None where it does not)."""

    product_ids: list[str]
    degraded: str | None = None
    first: list[str] | None = None


class LiveError(Exception):
    """A query was not answered; the message is a short kind of failure ("status 503"), for counting."""


Ask = Callable[[Query], LiveAnswer]


@dataclass(frozen=True)
class Live:
    """What came back: rankings by query id, also as they were before reranking where that was told; and how many
    queries failed or were degraded, by reason."""

    rankings: dict[str, list[str]]
    first: dict[str, list[str]] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class LiveReport:
    """How a live path ranks, against the run's own pipeline: `agreement` on rankings, `evaluation` on judgements; and
    against its own first stage (`gain`), where every answer told that."""

    path: str
    live: Live
    agreement: Agreement
    evaluation: Evaluation
    gain: Evaluation | None
    convention: str

    def loss(self) -> float:
        """By how much the live path's mean nDCG is below the offline one; negative where it is above."""
        measure = self.evaluation.rows[0].measure
        difference = self.evaluation.row(self.path, measure).difference
        assert difference is not None
        return -difference.mean

    def to_json(self) -> dict[str, Any]:
        """Everything but the rankings."""
        found = self.agreement._asdict()
        found["kendall_tau"] = None if math.isnan(found["kendall_tau"]) else found["kendall_tau"]
        return {
            "path": self.path,
            "answered": len(self.live.rankings),
            "failed": dict(self.live.failed),
            "degraded": dict(self.live.degraded),
            "agreement": found,
            "evaluation": self.evaluation.to_json(),
            "gain": None if self.gain is None else self.gain.to_json(),
        }

    def text(self) -> str:
        """For people."""
        found = self.agreement
        lines = [
            f"{self.path} against the run's own ranking: {found.queries:,} queries, first {found.cutoff} products",
            f"  answered          {len(self.live.rankings):,}",
            f"  failed            {self.live.failed.total():,}{_reasons(self.live.failed)}",
            f"  degraded          {self.live.degraded.total():,}{_reasons(self.live.degraded)}",
            f"  same, in order    {100 * found.same:.1f} % of the queries",
            f"  same products     {100 * found.overlap:.1f} %",
            f"  Kendall's tau     {found.kendall_tau:.4f} (order of all products that both return)",
            "",
            render(self.evaluation, self.convention),
        ]
        if self.gain is not None:
            lines += [f"What reranking brings there: {self.path} against its own first stage", ""]
            lines.append(render(self.gain, self.convention))
        return "\n".join(lines)


def ask_all(queries: Sequence[Query], ask: Ask, clients: int) -> Live:
    """Ask for all queries, `clients` at a time."""
    rankings: dict[str, list[str]] = {}
    first: dict[str, list[str]] = {}
    failed: Counter[str] = Counter()
    degraded: Counter[str] = Counter()

    def one(query: Query) -> LiveAnswer | str:
        try:
            return ask(query)
        except LiveError as error:
            return str(error)

    with ThreadPoolExecutor(clients) as pool:
        for query, answer in zip(queries, pool.map(one, queries), strict=True):
            if isinstance(answer, str):
                failed[answer] += 1
                continue
            rankings[query.id] = answer.product_ids
            if answer.first is not None:
                first[query.id] = answer.first
            if answer.degraded is not None:
                degraded[answer.degraded] += 1
    return Live(rankings, first, failed, degraded)


def split_queries(opened: OpenedRun, split: str) -> list[Query]:
    """The queries of a split that can be ranked well or badly.

    Raises:
        InputError: when there is none.
    """
    prepared = opened.prepared
    ids = prepared.graded(prepared.split(split))
    if not ids:
        there = ", ".join(sorted({name for i, name in prepared.splits.items() if prepared.graded([i])})) or "none"
        raise InputError(f"the run has no {split} query with two grades or more; splits that have: {there}")
    return [prepared.queries[i] for i in ids]


def compare_live(
    path: str, opened: OpenedRun, queries: Sequence[Query], live: Live, *, cutoff: int, depth: int, seed: int
) -> LiveReport:
    """Rank the queries with the run's own pipeline, `depth` products each, and compare.

    A query that failed has no products: it counts as wholly unlike, and nothing gained.

    Args:
        path: what the live path is called.
    """
    offline: dict[str, list[str]] = {}
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        for result in opened.pipeline.search(queries[start : start + _QUERIES_AT_ONCE], depth):
            offline[result.query.id] = [hit.product_id for hit in result.hits]
    prepared = opened.prepared

    def against(baseline: str, ranking: dict[str, list[str]]) -> Evaluation:
        return evaluate(
            {query.id: prepared.qrels[query.id] for query in queries},
            {baseline: _run(ranking), path: _run(live.rankings)},
            [f"nDCG@{cutoff}"],
            relevant_gain=prepared.scale.relevant_gain,
            judged_only=False,
            baseline=baseline,
            seed=seed,
        )

    return LiveReport(
        path,
        live,
        agreement(offline, live.rankings, cutoff),
        against(OFFLINE, offline),
        against(FIRST, live.first) if live.first.keys() == live.rankings.keys() else None,
        prepared.scale.convention,
    )


def _run(rankings: dict[str, list[str]]) -> Run:
    """Places for scores, n for the first."""
    return {
        query: {product: float(len(products) - place) for place, product in enumerate(products)}
        for query, products in rankings.items()
    }


def _reasons(counts: Counter[str]) -> str:
    return " (" + ", ".join(f"{name}: {count:,}" for name, count in counts.items()) + ")" if counts else ""
