"""Batches: every pair once, one width each, a pure function of the lengths."""

import numpy as np
import pytest

from rerank.runtime.plan import BatchPlan, fastest_plan


@pytest.mark.parametrize("pad_to", [1, 4, 8])
@pytest.mark.parametrize("budget", [1, 100, 1000])
def test_batches_hold_every_pair_once_at_a_width_of_its_own(pad_to: int, budget: int) -> None:
    lengths = np.random.default_rng(0).integers(3, 51, 200)
    batches = BatchPlan(pad_to, budget).batches(lengths, 50)
    assert sorted(np.concatenate([batch.rows for batch in batches]).tolist()) == list(range(200))
    for rows, width in batches:
        assert len(rows) == 1 or len(rows) * width <= budget
        for length in lengths[rows]:
            assert width == min(50, length + -length % pad_to)
    tokens = [len(rows) * width for rows, width in batches]
    assert tokens == sorted(tokens, reverse=True)


def test_no_pair_makes_no_batch() -> None:
    assert BatchPlan().batches(np.zeros(0, np.int64), 50) == []


def test_the_fastest_plan_is_the_one_that_takes_least() -> None:
    slow, fast = BatchPlan(1, 128), BatchPlan(8, 256)
    spins = {slow: 200_000, fast: 2_000}
    plan, milliseconds = fastest_plan(lambda plan: sum(range(spins[plan])), [slow, fast], rounds=3)
    assert plan == fast
    assert milliseconds[fast] < milliseconds[slow]
