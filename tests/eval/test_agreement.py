"""How alike two rankings are, worked out by hand."""

import math

import pytest

from eval.agreement import agreement


def test_worked_example() -> None:
    one = {"q1": ["a", "b", "c", "d"], "q2": ["a", "b"], "q3": ["a"], "q4": []}
    other = {"q1": ["b", "a", "c", "x"], "q2": ["a", "b"], "q3": ["z"]}
    found = agreement(one, other, cutoff=3)
    assert found.queries == 4
    assert found.same == pytest.approx(2 / 4)  # q2, and q4 where neither has anything
    assert found.overlap == pytest.approx((1 + 1 + 0 + 1) / 4)
    # q1: of the three pairs among a, b, c two are in the same order; q2: the one pair is; q3, q4: no pair.
    assert found.kendall_tau == pytest.approx(((2 - 1) / 3 + 1) / 2)
    assert found.tau_queries == 2


def test_a_shorter_list_is_not_the_same() -> None:
    found = agreement({"q": ["a", "b", "c"]}, {"q": ["a", "b"]}, cutoff=3)
    assert (found.same, found.overlap, found.kendall_tau) == (0.0, pytest.approx(2 / 3), 1.0)


def test_nothing_shared_has_no_tau() -> None:
    assert math.isnan(agreement({"q": ["a"]}, {"p": ["a"]}, cutoff=3).kendall_tau)
