"""Reranking at a depth is the pipeline's rule, and its nDCG that of ir_measures on the same list."""

import random

import ir_measures
import numpy as np
import pytest

from eval.depth import depths_up_to, ndcg_at_depth, scored_list


def _second(_: np.ndarray, second: np.ndarray) -> np.ndarray:
    return second


def test_depths_end_at_the_window() -> None:
    assert depths_up_to(1) == [1]
    assert depths_up_to(20) == [1, 2, 3, 5, 7, 10, 15, 20]
    assert depths_up_to(100)[-3:] == [50, 70, 100]


def test_a_query_with_nothing_to_find_has_no_value() -> None:
    assert scored_list(["a"], np.zeros(1), np.zeros(1), {"a": 0}, 10) is None


def _expected(ids: list[str], second: list[float], depth: int, judged: dict[str, int]) -> float:
    head = sorted(range(min(depth, len(second))), key=lambda place: -second[place])  # stable: ties as they were
    ranked = [ids[place] for place in head] + ids[len(head) :]
    run = {"q": {product: float(-place) for place, product in enumerate(ranked)}}
    return next(m.value for m in ir_measures.iter_calc([ir_measures.nDCG @ 10], {"q": judged}, run))


@pytest.mark.parametrize("depth", [1, 4, 12, 30, 99])
@pytest.mark.parametrize("listed", [3, 50])
def test_the_value_is_that_of_ir_measures(depth: int, listed: int) -> None:
    generator = random.Random(depth)
    for _ in range(20):
        judged = {f"p{p}": generator.choice([100, 10, 1, 0]) for p in range(40)} | {"p0": 100}
        ids = [f"p{p}" for p in generator.sample(range(60), listed)]
        second = [round(generator.random(), 1) for _ in range(min(listed, 30))]  # with ties
        of = scored_list(ids, np.zeros(len(second)), np.array(second), judged, 10)
        assert of is not None
        assert ndcg_at_depth(of, depth, _second, 10) == pytest.approx(_expected(ids, second, depth, judged), abs=1e-9)
