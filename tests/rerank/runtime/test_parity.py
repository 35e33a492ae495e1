"""The parity report: figures worked out by hand, and where the line is drawn."""

import pytest

from rerank.runtime.parity import Parity, compare

STUDENT = {"q1": {"a": 3.0, "b": 2.0, "c": 1.0}, "q2": {"a": 0.5, "b": 0.25}}
QRELS = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"a": 1, "b": 0}}


def test_the_same_scores_are_at_par() -> None:
    parity = compare(STUDENT, STUDENT, QRELS)
    assert (parity.loss, parity.kendall_tau, parity.top_overlap, parity.largest_difference) == (0, 1, 1, 0)
    assert (parity.queries, parity.pairs, parity.ties, parity.passed) == (2, 5, 0, True)


def test_figures_by_hand() -> None:
    exported = {"q1": {"a": 2.0, "b": 2.5, "c": 1.0}, "q2": {"a": 0.5, "b": 0.5}}
    parity = compare(STUDENT, exported, QRELS, cutoff=1)
    assert parity.student_ndcg == 1.0
    assert parity.exported_ndcg == pytest.approx(
        (0.5 + 0.0) / 2
    )  # q1's first has gain 1 of 2; of q2's tie the later id is first
    assert parity.loss == pytest.approx(0.75)
    assert not parity.passed
    assert parity.kendall_tau == pytest.approx(1 / 3)  # q1: two of three pairs agree; q2: all tied, so it has none
    assert parity.top_overlap == 0.5
    assert parity.largest_difference == 1.0
    assert parity.mean_difference == pytest.approx((1.0 + 0.5 + 0.25) / 5)
    assert parity.ties == pytest.approx(2 / 5)
    assert parity.student_ties == 0.0
    assert Parity.from_json(parity.to_json()) == parity


def test_one_per_cent_may_be_lost_and_no_more() -> None:
    same = compare(STUDENT, STUDENT, QRELS).to_json()
    assert Parity.from_json({**same, "student_ndcg": 1.0, "exported_ndcg": 0.991}).passed
    assert not Parity.from_json({**same, "student_ndcg": 1.0, "exported_ndcg": 0.989}).passed
