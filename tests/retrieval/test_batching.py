"""Batches: every input once, within budget, little padding, and the same from the same seed."""

import numpy as np
import pytest

from retrieval.batching import epoch_batches, length_sorted_batches


def test_inference_batches_hold_every_input_once_within_the_budget() -> None:
    lengths = np.random.default_rng(0).integers(3, 120, size=500)
    batches = length_sorted_batches(lengths, 1000)
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    assert all(len(rows) * lengths[rows].max() <= 1000 for rows in batches)
    padded = sum(len(rows) * lengths[rows].max() for rows in batches)
    assert padded < 1.1 * lengths.sum()
    longest = [int(lengths[rows].max()) for rows in batches]
    assert longest == sorted(longest, reverse=True)


def test_an_input_over_the_budget_goes_alone() -> None:
    assert [rows.tolist() for rows in length_sorted_batches([5, 50, 5], 20)] == [[1], [0, 2]]
    assert length_sorted_batches([], 20) == []


@pytest.fixture
def groups() -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [random.integers(5, 60, size=size) for size in random.integers(1, 40, size=300)]


def _plan(groups: list[np.ndarray], epoch: int = 0, seed: int = 0) -> list[list[tuple[int, tuple[int, ...]]]]:
    batches = epoch_batches(groups, group_size=16, pairs_per_batch=64, seed=seed, epoch=epoch)
    return [[(part.group, tuple(part.places.tolist())) for part in batch] for batch in batches]


def test_an_epoch_holds_every_pair_once_in_parts_of_one_group(groups: list[np.ndarray]) -> None:
    plan = _plan(groups)
    seen = sorted((group, place) for batch in plan for group, places in batch for place in places)
    assert seen == [(group, place) for group, sizes in enumerate(groups) for place in range(len(sizes))]
    assert all(len(places) <= 16 for batch in plan for _, places in batch)
    assert all(sum(len(places) for _, places in batch) <= 64 for batch in plan)
    singles = {group for batch in plan for group, places in batch if len(places) == 1}
    assert singles == {group for group, sizes in enumerate(groups) if len(sizes) == 1}  # splitting strands no product


def test_an_epoch_is_a_pure_function_of_seed_and_epoch(groups: list[np.ndarray]) -> None:
    assert _plan(groups, epoch=1) == _plan(groups, epoch=1)
    assert _plan(groups, epoch=1) != _plan(groups, epoch=2)
    assert _plan(groups, seed=1) != _plan(groups, seed=2)


def test_large_groups_are_dealt_anew_every_epoch(groups: list[np.ndarray]) -> None:
    def parts(epoch: int) -> set[tuple[int, tuple[int, ...]]]:
        return {part for batch in _plan(groups, epoch) for part in batch if len(groups[part[0]]) > 16}

    assert len(parts(0) & parts(1)) < 3


def test_similar_lengths_share_a_batch() -> None:
    groups = [np.full(4, length) for length in np.random.default_rng(2).integers(5, 100, size=600)]
    batches = epoch_batches(groups, group_size=16, pairs_per_batch=32, seed=0, epoch=0)
    waste = sum(max(groups[p.group].max() for p in b) * sum(len(p.places) for p in b) for b in batches)
    assert waste < 1.1 * sum(int(sizes.sum()) for sizes in groups)


def test_a_group_size_beyond_the_batch_is_bounded_by_it() -> None:
    batches = epoch_batches([np.full(20, 5)], group_size=50, pairs_per_batch=8, seed=0, epoch=0)
    assert sorted(len(part.places) for batch in batches for part in batch) == [6, 7, 7]
