import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from eval.errors import InputError
from eval.shift import against_chance, jensen_shannon, kolmogorov_smirnov, mean_difference


def test_jensen_shannon_by_hand_and_as_scipys() -> None:
    assert jensen_shannon(np.array([1, 1]), np.array([30, 30])) == 0.0
    assert jensen_shannon(np.array([5, 0]), np.array([0, 2])) == 1.0
    # p = (1, 0), q = (1/2, 1/2), middle (3/4, 1/4): (log2(4/3) + (log2(2/3) + log2(2)) / 2) / 2
    by_hand = (math.log2(4 / 3) + (math.log2(2 / 3) + 1) / 2) / 2
    assert jensen_shannon(np.array([4, 0]), np.array([3, 3])) == pytest.approx(by_hand)
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 9, 50), rng.integers(0, 9, 50)
    assert jensen_shannon(a, b) == pytest.approx(jensenshannon(a, b, base=2) ** 2)
    with pytest.raises(InputError, match="none"):
        jensen_shannon(np.array([0, 0]), np.array([1, 0]))


def test_kolmogorov_smirnov_by_hand_and_as_scipys() -> None:
    assert kolmogorov_smirnov(np.array([1.0, 2.0]), np.array([3.0])) == 1.0
    assert kolmogorov_smirnov(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0])) == 0.25
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=80), rng.normal(0.4, 1, size=70).round(1)
    assert kolmogorov_smirnov(a, b) == pytest.approx(ks_2samp(a, b).statistic)
    with pytest.raises(InputError, match="none"):
        kolmogorov_smirnov(np.array([]), np.array([1.0]))


def test_chance_does_what_chance_does() -> None:
    rng = np.random.default_rng(3)
    same = [
        against_chance(rng.normal(size=60), rng.normal(size=60), kolmogorov_smirnov, seed=0, samples=200).p <= 0.05
        for _ in range(100)
    ]
    assert 0 <= sum(same) <= 12  # 5 expected
    moved = against_chance(rng.normal(size=60), rng.normal(1, 1, size=60), kolmogorov_smirnov, seed=0, samples=200)
    assert moved.value > moved.high
    assert moved.p == pytest.approx(1 / 201)


def test_the_difference_of_means_and_its_interval() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(1.0, 1.0, 400), rng.normal(0.0, 2.0, 300)
    found = mean_difference(a, b, seed=0)
    assert found.mean == pytest.approx(a.mean() - b.mean())
    expected = 1.96 * math.sqrt(a.var() / 400 + b.var() / 300)
    assert found.high - found.low == pytest.approx(2 * expected, rel=0.05)
    assert found.n == 300
    with pytest.raises(InputError, match="none"):
        mean_difference([], [1.0], seed=0)
