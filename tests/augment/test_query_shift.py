from collections import Counter

import numpy as np
import pytest

from augment.query_shift import query_shift
from eval.errors import InputError
from retrieval.data.search_data import LogQuery
from retrieval.shop.shop import Shop


def period(population: list[LogQuery], requests: int, seed: int) -> list[LogQuery]:
    """What shoppers with these habits type in one period."""
    weights = np.array([entry.frequency for entry in population], dtype=np.float64)
    drawn = np.random.default_rng(seed).choice(len(population), size=requests, p=weights / weights.sum())
    return [LogQuery(population[place].text, count) for place, count in Counter(drawn.tolist()).items()]


@pytest.fixture(scope="module")
def population() -> list[LogQuery]:
    return Shop(3, 1000).log(3000)


def test_another_period_of_the_same_log_is_as_usual(population: list[LogQuery]) -> None:
    for seed in range(3):
        shift = query_shift(period(population, 6000, seed), period(population, 2000, 100 + seed), seed=1)
        assert shift.requests == 2000
        for found in (shift.unseen, shift.new_words, shift.divergence):
            assert abs(found.excess) < 0.02
        assert shift.unseen.usual > 0.1  # the tail of a log is always new: this is no drift


def test_another_world_is_not(population: list[LogQuery]) -> None:
    other = Shop(3, 1000, world="second").log(1000)
    shift = query_shift(period(population, 6000, 0), other, seed=1)
    assert shift.unseen.value > 0.9
    assert shift.new_words.value > shift.new_words.high + 0.2
    assert shift.divergence.excess > 0.2


def test_by_hand() -> None:
    shift = query_shift([LogQuery("red shoe", 500), LogQuery("hat", 500)], [LogQuery("Red, shoe", 30)], seed=1)
    assert shift.requests == 30
    assert (shift.unseen.value, shift.unseen.usual) == (0.0, 0.0)
    assert shift.new_words.value == 0.0
    # words of the known log: red, shoe and hat a third each; of the recent one: red and shoe a half each
    assert shift.divergence.value == pytest.approx(0.19087, abs=0.02)
    shift = query_shift([LogQuery("red shoe", 500)], [LogQuery("red hat", 1), LogQuery("red shoe", 3)], seed=1)
    assert shift.unseen.value == 0.25
    assert shift.new_words.value == 0.125


def test_a_log_without_frequencies_only_tells_by_its_words() -> None:
    known = [LogQuery(f"shoe {number} red") for number in range(400)]
    shift = query_shift(known, [LogQuery(f"red {number} shoe") for number in range(400)], seed=1)
    assert (shift.unseen.value, shift.unseen.usual) == (1.0, 1.0)
    assert shift.unseen.excess == 0.0


def test_logs_that_say_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="recent query log"):
        query_shift([LogQuery("shoe", 5)], [LogQuery("?!")], seed=1)
    with pytest.raises(InputError, match="single request"):
        query_shift([LogQuery("shoe", 1)], [LogQuery("shoe", 1)], seed=1)
