"""Heads: targets from gains, and labels whose score is the logit of the expected target."""

import numpy as np
import pytest

from eval.errors import InputError
from eval.grades import ESCI, WANDS
from rerank.heads import GradeHead, SingleLogitHead, head_named


def test_soft_targets_are_the_scales() -> None:
    assert SingleLogitHead(ESCI).targets([100, 10, 1, 0]).tolist() == pytest.approx([1, 0.5, 0.1, 0])


def test_a_judge_that_says_how_sure_it_is_gives_expected_targets() -> None:
    shares = [(0.7, 0.2, 0.1, 0.0), None, (0.0, 0.1, 0.0, 0.9)]
    targets = SingleLogitHead(ESCI).targets([100, 10, 0], shares)
    assert targets.tolist() == pytest.approx([0.7 + 0.1 + 0.01, 0.5, 0.05])
    rows = GradeHead(ESCI).targets([100, 10, 0], shares)
    assert np.allclose(rows, [[0.7, 0.2, 0.1, 0.0], [0, 1, 0, 0], [0.0, 0.1, 0.0, 0.9]])


def test_grade_targets_are_one_hot_best_grade_first() -> None:
    assert GradeHead(WANDS).targets([2, 0, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_soft_labels_are_the_clipped_logits() -> None:
    labels = SingleLogitHead(ESCI).labels(np.array([[1.5], [-40], [40]], dtype=np.float32))
    assert [label.score for label in labels] == [1.5, -8, 8]
    assert {label.status for label in labels} == {"ok"}
    assert {label.distribution for label in labels} == {None}


def test_grade_labels_are_logits_of_the_expected_target() -> None:
    logits = np.random.default_rng(0).normal(0, 2, size=(50, 4)).astype(np.float32)
    probabilities = np.exp(logits.astype(np.float64))
    probabilities /= probabilities.sum(1, keepdims=True)
    expected = probabilities @ [1, 0.5, 0.1, 0]
    labels = GradeHead(ESCI).labels(logits)
    assert [label.score for label in labels] == pytest.approx(np.log(expected / (1 - expected)).tolist())
    distributions = np.array([label.distribution for label in labels])
    assert np.allclose(distributions, probabilities)
    assert np.allclose(distributions.sum(1), 1)


def test_grade_labels_stay_finite_when_the_model_is_certain() -> None:
    certain = np.array([[5000, 0, 0, 0], [0, 5000, 0, 0], [0, 0, 0, 5000]], dtype=np.float32)
    assert [label.score for label in GradeHead(ESCI).labels(certain)] == pytest.approx([8, 0, -8])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["soft", "grades"])
def test_a_logit_that_is_not_finite_fails_its_label_alone(name: str, bad: float) -> None:
    head = head_named(name, ESCI)
    logits = np.zeros((3, head.outputs), dtype=np.float32)
    logits[1, 0] = bad
    before, failed, after = head.labels(logits)
    assert before.status == after.status == "ok"
    assert failed.status == "failed"
    assert str(bad) in failed.reason
    assert np.isnan(failed.score)
    assert failed.distribution is None


def test_an_unknown_head_is_named() -> None:
    with pytest.raises(InputError, match=r"'sof'.*'soft'.*'grades'"):
        head_named("sof", ESCI)
