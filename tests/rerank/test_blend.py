import math

import numpy as np
import pytest

from eval.errors import InputError
from eval.trec import Qrels, Run
from rerank.blend import blend, fit_weight, normalise


def test_scores_are_standardised_by_hand():
    # Mean 2, squared distances 1, 0, 1: the standard deviation is the root of 2/3.
    step = math.sqrt(1.5)
    np.testing.assert_allclose(normalise([1.0, 2.0, 3.0]), [-step, 0.0, step])


@pytest.mark.parametrize("scores", [[], [3.0], [0.1, 0.1, 0.1], [-8.0, -8.0]])
def test_equal_scores_become_zeros(scores: list[float]):
    np.testing.assert_array_equal(normalise(scores), np.zeros(len(scores)))


def test_shift_and_scale_do_not_matter_however_large():
    scores = np.array([0.3, -1.0, 2.0, 0.0])
    expected = normalise(scores)
    np.testing.assert_allclose(normalise(scores * 1e-200), expected)
    np.testing.assert_allclose(normalise(scores * 1e200), expected)
    np.testing.assert_allclose(normalise(scores * 7 + 100), expected)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused(bad: float):
    with pytest.raises(InputError, match="must be finite"):
        normalise([1.0, bad])


def test_a_blend_by_hand():
    first, second = [1.0, 2.0, 3.0], [30.0, 10.0, 20.0]
    step = math.sqrt(1.5)
    np.testing.assert_allclose(
        blend(first, second, 0.25), [-0.75 * step + 0.25 * step, -0.25 * step, 0.75 * step], 1e-6
    )
    np.testing.assert_allclose(blend(first, second, 0.0), normalise(first), 1e-6)
    np.testing.assert_allclose(blend(first, second, 1.0), normalise(second), 1e-6)
    assert blend(first, second, 0.5).dtype == np.float32


def test_a_blend_with_a_constant_list_keeps_the_others_order():
    assert np.argsort(-blend([5.0, 5.0, 5.0], [0.1, 0.3, 0.2], 0.1)).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("first", "second", "weight"), [([1.0], [1.0, 2.0], 0.5), ([1.0], [1.0], 1.1), ([1.0], [1.0], -0.1)]
)
def test_blends_that_make_no_sense_are_refused(first: list[float], second: list[float], weight: float):
    with pytest.raises(InputError):
        blend(first, second, weight)


def test_the_fitted_weight_is_where_both_judges_agree():
    # The first stage puts b last, the reranker puts a last; of 21 weights only those near the middle keep c, which is
    # irrelevant and second for both, under a and b.
    first = {"q": {"a": 3.0, "c": 1.0, "b": 0.0}}
    second = {"q": {"b": 3.0, "c": 1.0, "a": 0.0}}
    fit = fit_weight(first, second, {"q": {"a": 10, "b": 10, "c": 0}})
    best = {weight for weight, value in fit.curve if value == pytest.approx(1.0)}
    assert best
    assert 0.0 not in best
    assert 1.0 not in best
    assert fit.weight == pytest.approx(np.mean(list(best)), abs=0.03)
    assert fit.value == pytest.approx(1.0)
    assert fit.queries == 1
    assert [weight for weight, _ in fit.curve] == pytest.approx([i / 20 for i in range(21)])
    # At weight 0 the order is a, c, b: 10 + 10/2 over 10 + 10/log2(3).
    assert fit.curve[0][1] == pytest.approx(15 / (10 + 10 / math.log2(3)))


def test_where_nothing_is_told_both_have_their_half():
    scores = {"q": {"a": 2.0, "b": 1.0}}
    assert fit_weight(scores, scores, {"q": {"a": 1, "b": 0}}).weight == 0.5


def _two_kinds(alone: int, both: int) -> tuple[Run, Run, Qrels]:
    """Queries whose best product is first only if the reranker ranks alone, and others, only if it does not."""
    wrong, hardly_right = {"a": 0.0, "b": 10.0, "c": -10.0}, {"a": 1.0, "b": 0.9, "c": -10.0}
    first = {f"q{i}": wrong if i < alone else {"a": 10.0, "b": 0.0, "c": -10.0} for i in range(alone + both)}
    second = {f"q{i}": hardly_right if i < alone else {"a": 0.9, "b": 1.0, "c": -10.0} for i in range(alone + both)}
    return first, second, {query: {"a": 1, "b": 0, "c": 0} for query in first}


def test_the_middle_of_what_is_within_a_standard_error_of_the_best():
    # Of ten queries .6 are right at a share of 1 and .4 below: the best is .2 better. Query by query the difference is
    # 1 or −1, its deviation sqrt(10/9 · (1 − .2²)) = 1.0328, its standard error .3266.
    fit = fit_weight(*_two_kinds(6, 4), measure="nDCG@1")
    assert dict(fit.curve)[1.0] == pytest.approx(0.6)
    assert (fit.weight, fit.value) == (0.5, pytest.approx(0.4))
    # Of forty, 28: .4 better, with an error of .1467.
    assert fit_weight(*_two_kinds(28, 12), measure="nDCG@1").weight == 1.0


def test_a_bad_reranker_gets_no_weight():
    first = {f"q{i}": {"a": 2.0, "b": 1.0} for i in range(3)}
    second = {f"q{i}": {"a": 1.0, "b": 2.0} for i in range(3)}
    qrels = {f"q{i}": {"a": 1, "b": 0} for i in range(3)}
    fit = fit_weight(first, second, qrels)
    assert fit.weight < 0.5
    assert fit.value == 1.0


def test_queries_without_a_relevant_product_are_not_counted():
    scores = {"q": {"a": 2.0, "b": 1.0}, "empty": {"a": 1.0}}
    assert fit_weight(scores, scores, {"q": {"a": 1}, "empty": {"a": 0}}).queries == 1


def test_runs_that_do_not_match_are_refused():
    with pytest.raises(InputError, match="nothing to fit"):
        fit_weight({"q": {"a": 1.0}}, {}, {"q": {"a": 1}})
    with pytest.raises(InputError, match="same candidates"):
        fit_weight({"q": {"a": 1.0}}, {"q": {"b": 1.0}}, {"q": {"a": 1}})
