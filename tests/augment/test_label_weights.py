"""Importance weights and pruning on values worked out by hand."""

import math

import numpy as np
import pytest

from augment.label_weights import (
    WeightShares,
    confidence,
    consistency,
    label_weights,
    position,
    uncertainty,
)
from augment.pruning import PruneLimits, contradiction, prune

SCORES = np.array([2.0, -3.0, 0.0], dtype=np.float32)  # the teacher's order: 0, 2, 1
FIRST = np.array([0.1, 0.9, 0.5], dtype=np.float32)  # the first stage's: 1, 2, 0


def test_position_falls_with_the_teachers_place() -> None:
    np.testing.assert_allclose(position(SCORES, 1.0), [1, math.exp(-2), math.exp(-1)])
    np.testing.assert_allclose(position(SCORES, 2.0), [1, math.exp(-1), math.exp(-0.5)])
    np.testing.assert_allclose(position(np.array([1.0, 1.0]), 1.0), [math.exp(-0.5)] * 2)


def test_uncertainty_is_the_entropy_of_the_grades() -> None:
    grades = np.array([[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]], dtype=np.float32)
    np.testing.assert_allclose(uncertainty(SCORES, grades), [0, 1, 0.5], atol=1e-7)
    np.testing.assert_allclose(confidence(SCORES, grades), [1, math.exp(-1), math.exp(-0.5)], rtol=1e-6)


def test_without_grades_uncertainty_is_that_of_the_soft_target() -> None:
    quarter = math.log(1 / 3)  # σ = 1/4, entropy .25·2 + .75·log2(4/3) bits
    found = uncertainty(np.array([0.0, quarter, 100.0]), None)
    np.testing.assert_allclose(found, [1, 0.5 + 0.75 * math.log2(4 / 3), 0], atol=1e-12)


def test_consistency_is_the_distance_of_the_places() -> None:
    np.testing.assert_allclose(consistency(SCORES, FIRST), [0, 0, 1])
    np.testing.assert_allclose(consistency(SCORES, SCORES), [1, 1, 1])
    np.testing.assert_allclose(consistency(SCORES[:1], FIRST[:1]), [1])


def test_the_weights_are_the_papers_sum_with_mean_one() -> None:
    grades = np.array([[1, 0], [0.5, 0.5], [1, 0]], dtype=np.float32)
    shares = WeightShares(position=0.3, confidence=0.5, consistency=0.1, decay=1.0)
    e = math.exp
    places = np.array([1, e(-2), e(-1)]) / (1 + e(-1) + e(-2))
    sure = np.array([1, e(-1), 1]) / (2 + e(-1))
    alike = np.array([0, 0, 1])
    expected = 0.3 * places + 0.5 * sure + 0.1 * alike
    found = label_weights(shares, SCORES, grades, FIRST)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=1e-6)
    assert found.mean() == pytest.approx(1, rel=1e-6)


def test_opposite_orders_of_two_products_still_weigh_something() -> None:
    shares = WeightShares(position=0, confidence=0, consistency=1)
    np.testing.assert_allclose(label_weights(shares, SCORES[:2], None, FIRST[:2]), [1, 1])


def test_contradiction_needs_both_sources_on_one_side() -> None:
    teacher = np.array([5.0, 4, 3, 2, 1])
    lexical = np.array([1.0, 4, 5, 3, 2])  # places 4, 1, 0, 2, 3 of 0 … 4
    dense = np.array([2.0, 5, 4, 3, 1])  # places 3, 0, 1, 2, 4
    # teacher's places 0 … 4; gaps: (4, 3), (0, −1), (−2, −1), (−1, −1), (−1, 0)
    np.testing.assert_allclose(contradiction(teacher, [lexical, dense]), [0.75, 0, 0.25, 0.25, 0])
    assert contradiction(teacher[:1], [lexical[:1], dense[:1]]).tolist() == [0]


def test_pruning_tells_why_and_is_off_by_default() -> None:
    teacher = np.array([5.0, 4, 3, 2, 0])  # the last is as unsure as can be
    lexical, dense = np.array([1.0, 4, 5, 3, 2]), np.array([2.0, 5, 4, 3, 1])
    assert prune(PruneLimits(), teacher, None, [lexical, dense]) == [None] * 5
    limits = PruneLimits(uncertain=0.9, contradicted=0.5)
    assert prune(limits, teacher, None, [lexical, dense]) == ["contradicted", None, None, None, "uncertain"]
    assert prune(PruneLimits(contradicted=0.75), teacher, None, [lexical, dense]) == [None] * 5
