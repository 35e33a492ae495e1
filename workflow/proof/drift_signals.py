"""What the drift report looks at: each signal of the recent data beside the run's own."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau

from augment.coverage import measure_coverage
from augment.query_shift import ShiftFromHalf, query_shift
from eval.shift import against_chance, kolmogorov_smirnov, mean_difference
from rerank.student import Student
from retrieval.catalogue import Catalogue
from retrieval.catalogue_shift import catalogue_shift
from retrieval.data.search_data import LogQuery
from retrieval.product_text import ProductTemplate
from retrieval.query_key import query_key
from retrieval.types import Product, Query, Retriever
from workflow.config.run import Config
from workflow.run.progress import StageProgress
from workflow.served.teacher_share import score_both
from workflow.stages.first_stage import student_template
from workflow.stages.open_teacher import Ranker

LIMITS = {
    "unseen queries": 0.20,
    "new words": 0.05,
    "word divergence": 0.10,
    "coverage": 0.10,
    "best cosine": 0.25,
    "student's spread": 0.40,
    "agreement": 0.10,
    "catalogue": 0.20,
}
"""How far beyond the usual a signal must be to count as moved: shares and Kendall's tau by difference, distributions by
their distance (Kolmogorov–Smirnov), the catalogue by the share of its products that are new or changed. Conventions:
with them a shop whose log is half another world's is stale, one with a quarter of it is to be watched. The spread's is
wide because it differs by .3 between two sets of frequent queries of the same shop."""

_SUBJECTS = {
    "unseen queries": "queries",
    "new words": "queries",
    "word divergence": "queries",
    "coverage": "answers",
    "best cosine": "answers",
    "student's spread": "models",
    "agreement": "models",
    "catalogue": "catalogue",
}
_CANDIDATES = 20
_FEWEST = 20
_Values = Sequence[float] | np.ndarray


class Signal(NamedTuple):
    """`value` on the recent data, what is `usual` for the run's own, how far `beyond` it that is, and the `limit`.

    `chance` says whether chance alone could do it, by 95 % intervals and permutation tests.
    """

    name: str
    value: float
    usual: float
    beyond: float
    limit: float
    chance: bool
    detail: str

    @property
    def moved(self) -> bool:
        """Whether it counts."""
        return self.beyond >= self.limit and not self.chance

    @property
    def subject(self) -> str:
        """What it is about: queries, answers, models or catalogue."""
        return _SUBJECTS[self.name]


def draw_queries(log: Iterable[LogQuery], size: int, generator: np.random.Generator, name: str) -> list[Query]:
    """At most `size` different queries, the more likely the more often they were typed; ids begin with `name`."""
    frequency: dict[str, int] = {}
    texts: dict[str, str] = {}
    for entry in log:
        key = query_key(entry.text)
        if key:
            frequency[key] = frequency.get(key, 0) + max(1, entry.frequency)
            texts.setdefault(key, entry.text)
    if not frequency:
        return []
    weights = np.array([*frequency.values()], dtype=np.float64)
    drawn = generator.choice(len(weights), size=min(size, len(weights)), replace=False, p=weights / weights.sum())
    keys = [*frequency]
    return [Query(f"{name}-{place}", texts[keys[place]]) for place in np.sort(drawn).tolist()]


def query_signals(own: Sequence[LogQuery], recent: Sequence[LogQuery], seed: int) -> list[Signal]:
    """What shoppers type, from the logs alone; raises as `augment.query_shift.query_shift`."""
    shift = query_shift(own, recent, seed=seed)

    def signal(name: str, found: ShiftFromHalf) -> Signal:
        detail = f"two halves of the run's own log: {found.low:.3f} to {found.high:.3f}"
        return Signal(name, found.value, found.usual, found.excess, LIMITS[name], found.value <= found.high, detail)

    return [
        signal("unseen queries", shift.unseen),
        signal("new words", shift.new_words),
        signal("word divergence", shift.divergence),
    ]


def first_stage_signals(
    config: Config,
    catalogue: Catalogue,
    stages: Mapping[str, Retriever],
    own: Sequence[Query],
    recent: Sequence[Query],
    progress: StageProgress,
) -> list[Signal]:
    """How well the catalogue answers: coverage, and the best cosine."""
    every = [*own, *recent]
    report = progress.task("looking at coverage")
    with tempfile.TemporaryDirectory() as folder:
        covered = measure_coverage(
            every,
            {name: stages[name] for name in ("dense", "bm25")},
            catalogue,
            student_template(config, catalogue),
            Path(folder),
            evidence=config.mine.options().evidence,
            report=lambda done: report(done, len(every)),
        )
    usual, now = covered[: len(own)], covered[len(own) :]
    best = [[hits[0].score for hits in stages["dense"].search(side, 1) if hits] for side in (own, recent)]
    return [
        _fall("coverage", usual, now, config.seed, "mean over queries"),
        _distribution("best cosine", best[0], best[1], config.seed),
    ]


def model_signals(
    asked: Mapping[str, Sequence[Query]],
    models: tuple[Ranker, Student],
    first: Retriever,
    catalogue: Catalogue,
    seed: int,
    progress: StageProgress,
) -> tuple[list[Signal], list[str]]:
    """Do teacher and student rank alike, and how far do the student's scores spread; with notes.

    `asked` are queries of the run's log that were "mined", those "held" (not mined), and "recent" ones. The usual is
    that of the held, which the student has not learnt from either, unless they are too few.
    """
    found = {name: _ask(queries, first, catalogue, models, progress, name) for name, queries in asked.items()}
    notes = []
    usual = found["held"]
    if len(usual.agreement) < _FEWEST:
        usual = found["mined"]
        notes.append("the log has too few queries that were not mined; agreement is compared with that on mined ones")
    recent = found["recent"]
    if not usual.agreement or not recent.agreement:
        return [], [*notes, "no query with two candidates to ask the teacher about"]
    mined = found["mined"].agreement
    how = "Kendall's tau" + (f", {np.mean(mined):.3f} on mined queries" if mined else "")
    return [
        _distribution("student's spread", usual.spread, recent.spread, seed),
        _fall("agreement", usual.agreement, recent.agreement, seed, how),
    ], notes


def catalogue_signal(catalogue: Catalogue, newer: Iterable[Product], template: ProductTemplate) -> Signal:
    """How much of the newer catalogue the models have not seen."""
    shift = catalogue_shift(catalogue, newer, template)
    detail = (
        f"{shift.new:,} new, {shift.changed:,} changed of {shift.products:,} products, {shift.removed:,} gone; "
        f"{shift.new_words:.1%} of the words of new and changed products are new"
    )
    return Signal("catalogue", shift.share, 0.0, shift.share, LIMITS["catalogue"], False, detail)


class _Asked(NamedTuple):
    """Of each query: Kendall's tau of teacher and student over its candidates; the student's standard deviation."""

    agreement: list[float]
    spread: list[float]


def _ask(
    queries: Sequence[Query],
    first: Retriever,
    catalogue: Catalogue,
    models: tuple[Ranker, Student],
    progress: StageProgress,
    name: str,
) -> _Asked:
    report = progress.task(f"asking the teacher, {name} queries")
    asked = _Asked([], [])
    for done, query in enumerate(queries, start=1):
        rows = [catalogue.row(hit.product_id) for hit in first.search([query], _CANDIDATES)[0]]
        teacher, student = score_both([query], [rows], catalogue, models)[0]
        tau = kendalltau(teacher, student).statistic if len(rows) > 1 and np.isfinite(teacher).all() else np.nan
        if np.isfinite(tau):  # not for a single candidate, or one score for all
            asked.agreement.append(float(tau))
            asked.spread.append(float(np.std(student)))
        report(done, len(queries))
    return asked


def _fall(name: str, own: _Values, recent: _Values, seed: int, how: str) -> Signal:
    fall = mean_difference(own, recent, seed=seed)
    detail = f"{how}; fall {fall.mean:+.3f} [{fall.low:+.3f}, {fall.high:+.3f}], {len(recent)} recent queries"
    return Signal(name, float(np.mean(recent)), float(np.mean(own)), fall.mean, LIMITS[name], fall.low <= 0, detail)


def _distribution(name: str, own: Sequence[float], recent: Sequence[float], seed: int) -> Signal:
    found = against_chance(own, recent, kolmogorov_smirnov, seed=seed)
    medians = f"medians {np.median(recent):.3f}, usually {np.median(own):.3f}"
    detail = f"distance of the distributions; {medians}; p {found.p:.3f}"
    return Signal(name, found.value, 0.0, found.value, LIMITS[name], found.value <= found.high, detail)
