"""Is one run worse than another, on all queries or in some segment? One decision, corrected for all that was asked.

Every system is tested on all queries and in every segment that is large enough, and Holm's correction goes over all of
these tests together: where two runs are equal, the chance that anything at all is called different is at most alpha.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eval.bootstrap import Interval, paired_interval
from eval.errors import InputError
from eval.segments import MIN_QUERIES, Segment
from eval.significance import SAMPLES, holm, sign_flip_test

ALPHA = 0.05
ALL = "all queries"

Verdict = Literal["worse", "better", "not worse", "no difference shown", "not tested"]


@dataclass(frozen=True)
class Compared:
    """One system on some queries: the means of both runs, and `difference` = b − a with its 95 % interval.

    `p_holm` is corrected over all tests of the comparison; None in a segment with too few queries to test. The verdict
    is about b: "worse" (than a by more than the margin) or, without a margin, "better", with one "not worse" (by the
    margin).
    """

    system: str
    segment: str
    a: float
    b: float
    difference: Interval
    p_holm: float | None
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """As plain dicts, numbers and text."""
        return {**self.__dict__, "difference": self.difference._asdict()}


def compare_runs(
    a: Mapping[str, Mapping[str, float]],
    b: Mapping[str, Mapping[str, float]],
    segments: Sequence[Segment],
    *,
    seed: int,
    alpha: float = ALPHA,
    margin: float = 0.0,
    min_queries: int = MIN_QUERIES,
) -> list[Compared]:
    """Compare run b to run a.

    Args:
        a, b: system → query → value of one measure; the same systems and queries.
        segments: a system is not tested in a segment that its own result chose.
        margin: b may be worse by this much; a difference is tested against −margin in place of 0.
        min_queries: segments of fewer queries are shown, not tested; all queries together always are.

    Raises:
        InputError: when a and b differ in systems or queries, or alpha or margin is out of range.
    """
    if not 0 < alpha < 1 or margin < 0:
        raise InputError(f"alpha is {alpha:g} and margin {margin:g}; expected alpha between 0 and 1, margin 0 or more")
    if a.keys() != b.keys():
        raise InputError(f"the runs' systems differ: {', '.join(a)} and {', '.join(b)}; name one that both have")
    parts = [
        (system, name, ids)
        for system in a
        for name, ids, chosen_by in [
            (ALL, tuple(a[system]), ""),
            *((s.title, s.query_ids, s.chosen_by) for s in segments),
        ]
        if chosen_by != system
    ]
    found = []
    for system, name, ids in parts:
        ours, theirs = ({i: values[i] for i in ids if i in values} for values in (a[system], b[system]))
        if ours or theirs:
            found.append((system, name, ours, theirs, paired_interval(theirs, ours, seed=seed)))
    rows = [(system, i) for system in a for i in a[system]]
    place = {row: number for number, row in enumerate(rows)}
    members = np.zeros((len(found), len(rows)), dtype=bool)
    for number, (system, _, ours, _, _) in enumerate(found):
        members[number, [place[system, i] for i in ours]] = True
    tested = np.array([name == ALL for _, name, *_ in found]) | (members.sum(axis=1) >= min_queries)
    beyond = np.array([b[system][i] - a[system][i] + margin for system, i in rows])
    p_values = np.full(len(found), np.nan)
    p_values[tested] = corrected_tests(beyond[:, None], members[tested], seed)[:, 0]
    return [
        Compared(
            system,
            name,
            float(np.mean(list(ours.values()))),
            float(np.mean(list(theirs.values()))),
            difference,
            None if np.isnan(p) else float(p),
            _verdict(p, difference.mean + margin, alpha, margin),
        )
        for (system, name, ours, theirs, difference), p in zip(found, p_values.tolist(), strict=True)
    ]


def corrected_tests(differences: np.ndarray, members: np.ndarray, seed: int, samples: int = SAMPLES) -> np.ndarray:
    """Holm-corrected p [tests, experiments] of differences [queries, experiments], over the queries of each test.

    Holm's correction goes over the tests of an experiment. `members` [tests, queries] says which test has which query.
    """
    p_values = [sign_flip_test(differences[own], seed, samples) for own in members]
    if not p_values:
        return np.empty((0, differences.shape[1]))
    return np.array([holm(column) for column in np.array(p_values).T.tolist()]).T


def _verdict(p: float, beyond: float, alpha: float, margin: float) -> Verdict:
    if np.isnan(p):
        return "not tested"
    if p > alpha:
        return "no difference shown"
    if beyond < 0:
        return "worse"
    return "not worse" if margin else "better"
