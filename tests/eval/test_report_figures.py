"""The figures of the report beside the means, by values worked out by hand or by plain recomputation."""

import math

import ir_measures
import numpy as np
import pytest

from eval.calibration import reliability
from eval.errors import InputError
from eval.frontier import Setting, frontier
from eval.score_health import score_health
from eval.unjudged import worth_judging


def test_the_frontier_holds_what_nothing_beats_on_both() -> None:
    settings = [
        Setting("slow and bad", 50, 0.3),
        Setting("fast", 1, 0.4),
        Setting("as fast, worse", 1, 0.39),
        Setting("good", 20, 0.6),
        Setting("as good, slower", 21, 0.6),
        Setting("best", 90, 0.7),
    ]
    assert [setting.name for setting in frontier(settings)] == ["fast", "good", "best"]
    assert frontier([]) == []


def test_a_calibrated_scorer_has_little_error_and_a_proud_one_its_bias() -> None:
    generator = np.random.default_rng(1)
    chance = generator.uniform(0, 1, 20_000)
    judged = (generator.uniform(0, 1, 20_000) < chance).astype(float)
    found = reliability(chance, judged, seed=1)
    assert len(found.bins) == 10
    assert found.n == 20_000
    assert found.error < 0.02
    assert all(one.actual.low - 0.02 < one.predicted < one.actual.high + 0.02 for one in found.bins)
    proud = reliability(np.clip(chance + 0.2, 0, 1.2), judged, seed=1)
    assert proud.bias == pytest.approx(0.2 + (chance - judged).mean())
    assert proud.error == pytest.approx(0.2, abs=0.02)


def test_calibration_takes_few_pairs_and_refuses_none() -> None:
    found = reliability(np.array([0.9, 0.1]), np.array([1.0, 0.0]), seed=1)
    assert [(one.predicted, one.actual.mean) for one in found.bins] == [(0.1, 0.0), (0.9, 1.0)]
    assert found.error == pytest.approx(0.1)
    with pytest.raises(InputError, match="no judged pair"):
        reliability(np.array([]), np.array([]), seed=1)


def test_ties_and_constant_scores() -> None:
    found = score_health([np.array([1.0, 1.0, 2.0]), np.array([0.5, 0.5, 0.5, 0.5]), np.array([3.0])])
    assert (found.queries, found.ties, found.constant, found.alarm) == (2, 6 / 7, 0.5, False)
    assert score_health([np.zeros(3)]).alarm
    assert score_health([]).queries == 0
    assert score_health([np.array([1.0, 1.0 + 1e-9])]).ties == 1.0  # one float32


def _ndcg(ranked: list[str], judged: dict[str, int]) -> float:
    run = {"q": {product: float(-place) for place, product in enumerate(ranked)}}
    return ir_measures.calc_aggregate([ir_measures.nDCG @ 3], {"q": judged}, run)[ir_measures.nDCG @ 3]


def test_the_effect_of_a_judgement_is_what_the_difference_would_move_by() -> None:
    judged = {"p1": 10, "p2": 0, "p9": 100}
    a, b = ["new", "p1", "p2"], ["p1", "p2", "other", "new"]
    found = worth_judging(
        {"q": a, "none": ["p"]},
        {"q": b, "none": ["z"]},
        {"q": judged, "none": {"p": 0}},
        {"q": {"new": 0.5, "other": 0.25}},
        best_gain=100,
        cutoff=3,
        limit=9,
    )
    assert [(one.product_id, one.place_a, one.place_b) for one in found] == [("new", 1, None), ("other", None, 3)]
    before = _ndcg(a, judged) - _ndcg(b, judged)
    for one in found:
        graded = judged | {one.product_id: 100}
        moved = _ndcg(a, graded) - _ndcg(b[:3], graded) - before
        assert one.effect == pytest.approx(one.relevance * moved / 2)
    assert math.isclose(found[0].relevance, 0.5)
