"""Comparing two runs: what a planted regression does, and how often equal runs are called different."""

import numpy as np
import pytest

from eval.comparison import ALL, compare_runs, corrected_tests
from eval.errors import InputError
from eval.segments import Segment
from eval.significance import holm, paired_test

IDS = [f"q{number}" for number in range(240)]
SEGMENTS = [
    Segment("kind", "first", tuple(IDS[:60])),
    Segment("kind", "others", tuple(IDS[60:])),
    Segment("parity", "even", tuple(IDS[::2])),
    Segment("parity", "odd", tuple(IDS[1::2])),
    Segment("size", "small", tuple(IDS[:8])),
]


def _values(seed: int) -> dict[str, float]:
    return dict(zip(IDS, np.random.default_rng(seed).random(len(IDS)).tolist(), strict=True))


def test_a_regression_in_one_segment_is_named_though_the_average_hides_it() -> None:
    a = _values(1)
    noise = np.random.default_rng(2).normal(0, 0.02, len(IDS))
    b = {i: a[i] + (-0.15 if i in IDS[:60] else 0.05) + e for i, e in zip(IDS, noise.tolist(), strict=True)}
    found = compare_runs({"student": a}, {"student": b}, SEGMENTS, seed=7)
    verdicts = {row.segment: row.verdict for row in found}
    assert verdicts[ALL] == "no difference shown"
    assert verdicts["kind: first"] == "worse"
    assert verdicts["kind: others"] == "better"
    assert verdicts["size: small"] == "not tested"
    first = next(row for row in found if row.segment == "kind: first")
    assert first.difference.mean == pytest.approx(-0.15, abs=0.01)
    assert first.a - first.b == pytest.approx(-first.difference.mean)


def test_a_margin_forgives_small_losses_and_no_large_ones() -> None:
    a = _values(1)
    b = {i: value - 0.03 + 0.01 * (-1) ** place for place, (i, value) in enumerate(a.items())}
    verdicts = {
        margin: compare_runs({"s": a}, {"s": b}, [], seed=7, margin=margin)[0].verdict for margin in (0.0, 0.02, 0.05)
    }
    assert verdicts == {0.0: "worse", 0.02: "worse", 0.05: "not worse"}


def test_the_p_values_are_the_paired_tests_with_holm_over_systems_and_segments() -> None:
    a, b = {"x": _values(1), "y": _values(2)}, {"x": _values(3), "y": _values(2)}
    found = compare_runs(a, b, SEGMENTS[:4], seed=5)
    expected = []
    for system in "xy":
        for ids in (IDS, *(segment.query_ids for segment in SEGMENTS[:4])):
            ours, theirs = ({i: run[system][i] for i in IDS if i in ids} for run in (a, b))
            expected.append(paired_test(theirs, ours, seed=5))
    assert [row.p_holm for row in found] == pytest.approx(holm(expected), abs=0.01)


def test_a_system_is_not_tested_where_its_own_result_chose_the_queries() -> None:
    chosen = Segment("first stage", "fails", tuple(IDS[:60]), chosen_by="hybrid")
    runs = {"hybrid": _values(1), "student": _values(2)}
    found = compare_runs(runs, runs, [chosen], seed=1)
    assert [(row.system, row.segment) for row in found if row.segment != ALL] == [("student", chosen.title)]


@pytest.mark.parametrize("changed", [1.0, 0.2])
def test_equal_runs_are_called_different_in_at_most_six_percent_of_a_thousand_swaps(changed: float) -> None:
    """Each query's two results are swapped at random: whatever is called different then is a false alarm.

    All of the decision is repeated: two systems, all queries and 12 overlapping segments of each, corrected together.
    `changed`: the share of queries on which the two runs differ at all.
    """
    generator = np.random.default_rng(20)
    queries, trials = 200, 1000
    one = generator.normal(0, 0.2, queries) * (generator.random(queries) < changed)
    other = one * generator.uniform(0.3, 1, queries)  # a second system of the same run, alike as student and blend are
    swaps = generator.choice([-1.0, 1.0], size=(queries, trials))
    differences = np.concatenate([one[:, None] * swaps, other[:, None] * swaps])
    kinds = [np.ones(queries, dtype=bool)]
    for parts in (2, 3, 4, 3):
        dealt = generator.integers(parts, size=queries)
        kinds += [dealt == part for part in range(parts)]
    nothing = np.zeros(queries, dtype=bool)
    members = np.array([np.concatenate(row) for kind in kinds for row in ((kind, nothing), (nothing, kind))])
    corrected = corrected_tests(differences, members, seed=3, samples=1000)
    alarms = float(np.mean((corrected <= 0.05).any(axis=0)))
    assert 0.005 <= alarms <= 0.064


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="systems differ"):
        compare_runs({"x": _values(1)}, {"y": _values(1)}, [], seed=1)
    with pytest.raises(InputError, match="differ in their queries"):
        compare_runs({"x": {"q1": 1.0}}, {"x": {"q2": 1.0}}, [], seed=1)
    with pytest.raises(InputError, match="alpha"):
        compare_runs({"x": _values(1)}, {"x": _values(1)}, [], seed=1, alpha=5)
