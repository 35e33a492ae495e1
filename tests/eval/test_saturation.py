"""The saturation curve against one that is known, and intervals that hold what they should."""

import numpy as np
import pytest

from eval.errors import InputError
from eval.saturation import PowerLaw, drawn, fit_saturation

SIZES = [500.0, 1000, 2000, 4000, 8000, 16000]
TRUTH = PowerLaw(0.70, 0.05, 0.5, 1000.0)


def _values(seed: int, noise: float, queries: int = 200) -> np.ndarray:
    """Per-query qualities around the truth: queries differ a lot, and in the same way at all sizes."""
    generator = np.random.default_rng(seed)
    own = generator.normal(0, 0.15, queries)
    own -= own.mean()
    return TRUTH(np.array(SIZES))[:, None] + own + generator.normal(0, noise, (len(SIZES), queries))


def test_a_curve_without_noise_is_found_again() -> None:
    found = fit_saturation(SIZES, _values(1, 0.0), drawn(200, 1, samples=20))
    assert found.curve(np.array(SIZES)) == pytest.approx(TRUTH(np.array(SIZES)), abs=1e-4)
    assert found.curve.limit == pytest.approx(0.70, abs=2e-3)
    assert found.worth(16000, 10_000).value == pytest.approx(float(TRUTH(26000) - TRUTH(16000)), abs=5e-4)


def test_the_crossing_is_where_the_curve_reaches_the_line() -> None:
    found = fit_saturation(SIZES, _values(1, 0.0), drawn(200, 1, samples=20))
    crossing = found.crossing(0.66)
    assert crossing is not None
    assert float(found.curve(crossing)) == pytest.approx(0.66, abs=1e-6)
    assert crossing == pytest.approx(1000 * (0.05 / 0.04) ** 2, rel=0.02)
    assert found.crossing(0.75) is None
    assert found.reach([0.0] * 20) == 1.0
    assert found.reach([0.99] * 20) == 0.0


def test_the_worth_of_more_labels_lies_in_its_interval_most_of_the_time() -> None:
    truth, held = float(TRUTH(26000) - TRUTH(16000)), []
    for seed in range(100):
        worth = fit_saturation(SIZES, _values(seed, 0.05), drawn(200, seed, samples=100)).worth(16000, 10_000)
        assert worth.low <= worth.high
        held.append(worth.low <= truth <= worth.high)
    assert np.mean(held) >= 0.85


def test_a_flat_curve_promises_nothing() -> None:
    values = np.full((len(SIZES), 50), 0.6) + np.random.default_rng(1).normal(0, 0.02, (len(SIZES), 50))
    worth = fit_saturation(SIZES, values, drawn(50, 1, samples=60)).worth(16000, 10_000)
    assert worth.value == pytest.approx(0.0, abs=3e-3)


def test_two_sizes_are_no_curve() -> None:
    with pytest.raises(InputError, match="three numbers of labels"):
        fit_saturation([100, 200], np.zeros((2, 5)), drawn(5, 1))
