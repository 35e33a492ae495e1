"""Bootstrap intervals: known cases, pairing, and whether they cover."""

import numpy as np
import pytest

from eval.bootstrap import Interval, crossed_interval, interval, paired_interval
from eval.errors import InputError


def test_ninety_five_of_a_hundred_intervals_hold_the_true_mean() -> None:
    generator = np.random.default_rng(11)
    true_mean = 2 / 7
    held = []
    for seed in range(600):
        mean, low, high, _ = interval(generator.beta(2, 5, size=60), seed=seed, samples=1000)
        assert low <= mean <= high
        held.append(low <= true_mean <= high)
    assert 0.92 <= np.mean(held) <= 0.97


def test_width_is_that_of_the_normal_approximation_for_many_queries() -> None:
    values = np.random.default_rng(3).random(2000)
    mean, low, high, n = interval(values, seed=0)
    assert (mean, n) == (pytest.approx(values.mean()), 2000)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(2000), rel=0.03)
    _, narrow_low, narrow_high, _ = interval(values, seed=0, level=0.5)
    assert narrow_high - narrow_low == pytest.approx(2 * 0.6745 * values.std() / np.sqrt(2000), rel=0.03)


def test_a_seed_gives_one_result_whatever_the_order_of_a_mapping() -> None:
    values = {f"q{number}": float(value) for number, value in enumerate(np.random.default_rng(5).random(50))}
    assert interval(values, seed=1) == interval(dict(reversed(values.items())), seed=1)
    assert interval(values, seed=1) != interval(values, seed=2)


def test_single_and_constant_values_have_an_interval_without_width() -> None:
    assert interval([0.25], seed=0) == Interval(0.25, 0.25, 0.25, 1)
    assert interval({"a": 0.5, "b": 0.5}, seed=0) == Interval(0.5, 0.5, 0.5, 2)


def test_pairing_takes_the_queries_own_difficulty_out() -> None:
    generator = np.random.default_rng(7)
    difficulty = generator.random(100)
    b = {f"q{number}": float(value) for number, value in enumerate(difficulty)}
    a = {query: value + 0.05 + 0.01 * float(generator.standard_normal()) for query, value in b.items()}
    mean, low, high, n = paired_interval(a, dict(reversed(b.items())), seed=0)
    assert n == 100
    assert 0.04 < low < mean < high < 0.06
    alone = interval(a, seed=0)
    assert alone.high - alone.low > 10 * (high - low)


def test_systems_on_different_queries_and_broken_values_are_refused() -> None:
    with pytest.raises(InputError, match="1 only in the first and 2"):
        paired_interval({"a": 1.0, "b": 1.0}, {"b": 1.0, "c": 1.0, "d": 0.0}, seed=0)
    with pytest.raises(InputError, match="no query"):
        interval([], seed=0)
    with pytest.raises(InputError, match="NaN"):
        interval([0.1, float("nan")], seed=0)


def test_crossed_intervals_are_as_wide_as_seeds_and_queries_make_them() -> None:
    queries = np.random.default_rng(0).normal(size=200)
    alike = crossed_interval(np.tile(queries, (3, 1)), seed=1)
    single = interval(queries, seed=1)
    assert alike.mean == pytest.approx(single.mean)
    # Three seeds that agree say no more of the queries than one.
    assert alike.high - alike.low == pytest.approx(single.high - single.low, rel=0.05)
    apart = crossed_interval(np.tile([[0.0], [1.0], [2.0]], (1, 200)), seed=1)
    assert apart.mean == 1
    assert apart.low == pytest.approx(0.0, abs=0.35)  # all three draws the worst seed: one time in 27
    assert apart.high == pytest.approx(2.0, abs=0.35)
    assert apart == crossed_interval(np.tile([[0.0], [1.0], [2.0]], (1, 200)), seed=1)


def test_crossed_intervals_refuse_what_is_no_number() -> None:
    with pytest.raises(InputError, match="NaN"):
        crossed_interval(np.array([[0.5, np.nan]]), seed=1)
    with pytest.raises(InputError, match="no query"):
        crossed_interval(np.zeros((3, 0)), seed=1)
