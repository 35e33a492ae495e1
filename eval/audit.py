"""A teacher's labels against human judgements of the same pairs: agreement, calibration, confusion, by segment.

Agreement asks whether it says the same grade, calibration whether a label of .7 means what it says, confusion where it
errs, nDCG how well its order would rank. A label is a grade and an expected soft target in [0, 1].
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from eval.bootstrap import Interval, interval, ratio_interval
from eval.calibration import Bin, reliability
from eval.conventions import Convention, ndcg
from eval.errors import InputError
from eval.grades import GradeScale
from eval.segments import MIN_QUERIES, Segment


class LabelledPair(NamedTuple):
    """A judged pair and its label: the gains of the human's grade and of the label's, and the expected soft target."""

    query_id: str
    product_id: str
    gain: int
    said: int
    expected: float


@dataclass(frozen=True)
class Agreement:
    """What is said of some pairs, all of them or a segment's.

    `same_grade`: the share of pairs with the same grade, its interval over queries. `kappa`: Cohen's, weighted by the
    squared distance of the grades (1 the same, 0 as by chance; None where all pairs have one grade). `ece`: expected
    calibration error of the soft target (`eval.calibration`); `brier`: its mean squared distance to the human one.
    """

    name: str
    queries: int
    pairs: int
    same_grade: Interval
    kappa: float | None
    ece: float
    brier: float


@dataclass(frozen=True)
class Audit:
    """The whole audit. `ndcg`: ordered by expected soft target, ties by id, as everywhere; `ndcg_ties`: ties averaged.

    `confusion[i][j]`: pairs with the human grade i and the label j, both in the order of `grades`, best first.
    """

    grades: tuple[str, ...]
    measure: str
    ndcg: Interval
    ndcg_ties: float
    overall: Agreement
    bins: tuple[Bin, ...]
    confusion: tuple[tuple[int, ...], ...]
    segments: tuple[Agreement, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain dicts, lists, numbers and text; `from_json` gives it back."""
        found = asdict(self)
        found["ndcg"] = self.ndcg._asdict()
        found["bins"] = [{"predicted": one.predicted, "actual": one.actual._asdict()} for one in self.bins]
        for one, row in zip((self.overall, *self.segments), (found["overall"], *found["segments"]), strict=True):
            row["same_grade"] = one.same_grade._asdict()
        return found

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Audit":
        """What `to_json` wrote."""

        def agreement(row: dict[str, Any]) -> Agreement:
            return Agreement(**{**row, "same_grade": Interval(**row["same_grade"])})

        return cls(
            tuple(found["grades"]),
            found["measure"],
            Interval(**found["ndcg"]),
            found["ndcg_ties"],
            agreement(found["overall"]),
            tuple(Bin(one["predicted"], Interval(**one["actual"])) for one in found["bins"]),
            tuple(tuple(row) for row in found["confusion"]),
            tuple(agreement(row) for row in found["segments"]),
        )


def audit(
    pairs: Sequence[LabelledPair], scale: GradeScale, *, seed: int, segments: Sequence[Segment] = (), cutoff: int = 10
) -> Audit:
    """Audit labels of judged pairs; segments with fewer than `MIN_QUERIES` queries are left out.

    Raises:
        InputError: when there is no pair, no query that a ranking could do well on, or a gain outside the scale.
    """
    if not pairs:
        raise InputError(
            "no judged pair has a label, so there is nothing to audit; check that both name the same pairs"
        )
    measure, convention = f"nDCG@{cutoff}", Convention("", cutoff=cutoff)
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for pair in pairs:
        qrels.setdefault(pair.query_id, {})[pair.product_id] = pair.gain
        run.setdefault(pair.query_id, {})[pair.product_id] = pair.expected
    averaged = ndcg(qrels, run, Convention("", cutoff=cutoff, ties="averaged"))
    by_query: dict[str, list[LabelledPair]] = {}
    for pair in pairs:
        by_query.setdefault(pair.query_id, []).append(pair)
    parts = []
    for segment in segments:
        members = [query_id for query_id in segment.query_ids if query_id in by_query]
        if len(members) >= MIN_QUERIES:
            parts.append(_agreement(segment.title, [p for i in members for p in by_query[i]], scale, seed))
    return Audit(
        tuple(grade.name for grade in scale.grades),
        measure,
        interval(ndcg(qrels, run, convention), seed=seed),
        float(np.mean(list(averaged.values()))),
        _agreement("all pairs", pairs, scale, seed),
        reliability(*_targets(pairs, scale), seed=seed).bins,
        tuple(tuple(row) for row in _confusion(pairs, scale).tolist()),
        tuple(parts),
    )


def weighted_kappa(confusion: np.ndarray) -> float | None:
    """Cohen's kappa with quadratic weights (Cohen, Psychological Bulletin 1968) of counts [grades, grades].

    None where human and label each have one grade and it is the same.
    """
    total, places = confusion.sum(), np.arange(len(confusion))
    weights = (places[:, None] - places[None, :]) ** 2
    by_chance = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) / total
    wrong = float((weights * by_chance).sum())
    return 1.0 - float((weights * confusion).sum()) / wrong if wrong else None


def _agreement(name: str, pairs: Sequence[LabelledPair], scale: GradeScale, seed: int) -> Agreement:
    same: dict[str, int] = {}
    counts: dict[str, int] = {}
    for pair in pairs:
        same[pair.query_id] = same.get(pair.query_id, 0) + (pair.said == pair.gain)
        counts[pair.query_id] = counts.get(pair.query_id, 0) + 1
    expected, observed = _targets(pairs, scale)
    return Agreement(
        name,
        len(counts),
        len(pairs),
        ratio_interval(same, counts, seed=seed),
        weighted_kappa(_confusion(pairs, scale)),
        reliability(expected, observed, seed=seed).error,
        float(np.mean((expected - observed) ** 2)),
    )


def _targets(pairs: Sequence[LabelledPair], scale: GradeScale) -> tuple[np.ndarray, np.ndarray]:
    return np.array([pair.expected for pair in pairs]), np.array([scale.target(pair.gain) for pair in pairs])


def _confusion(pairs: Sequence[LabelledPair], scale: GradeScale) -> np.ndarray:
    counts = np.zeros((len(scale.grades), len(scale.grades)), dtype=np.int64)
    np.add.at(counts, ([scale.index(pair.gain) for pair in pairs], [scale.index(pair.said) for pair in pairs]), 1)
    return counts
