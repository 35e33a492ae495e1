"""The randomisation test against scipy's exact one, and Holm's correction by hand."""

import numpy as np
import pytest
from scipy import stats

from eval.errors import InputError
from eval.significance import holm, paired_test


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.15])
def test_p_is_that_of_the_exact_test(shift: float) -> None:
    generator = np.random.default_rng(2)
    b = generator.random(12)
    a = b + shift + 0.1 * generator.standard_normal(12)
    exact = stats.permutation_test((a - b,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    p = paired_test(_by_query(a), _by_query(b), seed=0, samples=40_000)
    assert p == pytest.approx(exact, abs=0.01)


def test_alike_systems_give_1_and_very_different_ones_the_least_p() -> None:
    same = _by_query(np.linspace(0, 1, 40))
    assert paired_test(same, dict(reversed(same.items())), seed=0) == 1.0
    better = {query: value + 0.1 for query, value in same.items()}
    assert paired_test(better, same, seed=0, samples=999) == 1 / 1000
    assert paired_test(better, same, seed=0) == paired_test(same, better, seed=0)
    # One query says nothing: both signs are as far from 0.
    assert paired_test({"q": 1.0}, {"q": 0.0}, seed=0) == 1.0


def test_a_true_null_is_called_significant_about_one_time_in_twenty() -> None:
    generator = np.random.default_rng(4)
    p_values = []
    for seed in range(400):
        a, b = generator.random((2, 30))
        p_values.append(paired_test(_by_query(a), _by_query(b), seed, samples=400))
    assert 0.025 <= np.mean(np.array(p_values) <= 0.05) <= 0.08
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.05)


def test_holm_by_hand() -> None:
    # sorted .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and none below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_different_queries_are_refused() -> None:
    with pytest.raises(InputError, match="differ in their queries"):
        paired_test({"a": 1.0}, {"b": 1.0}, seed=0)


def _by_query(values: np.ndarray) -> dict[str, float]:
    return {f"q{number}": float(value) for number, value in enumerate(values)}
