"""Disagreement of judges whose scales differ, worked out by hand."""

import pytest

from eval.disagreement import Opinions, disputed, diverse

LAMP = Opinions(
    "lamp",
    {
        "teacher": {"a": 7.0, "b": -1.0, "c": -5.0},
        "student": {"a": 0.1, "b": 0.2, "c": 0.3},
        "people": {"a": 100, "b": 100, "d": 0},
    },
)


def test_places_are_compared_and_the_two_furthest_apart_named() -> None:
    found = {pair.product_id: pair for pair in disputed([LAMP])}
    assert found["a"].places == pytest.approx({"teacher": 1.0, "student": 0.0, "people": 0.75})
    assert found["a"][2:5] == (1.0, "teacher", "student")
    assert found["b"].places == pytest.approx({"teacher": 0.5, "student": 0.5, "people": 0.75})
    assert found["b"].gap == pytest.approx(0.25)
    assert found["c"][2:5] == (1.0, "student", "teacher")
    assert "d" not in found  # people alone have seen it
    assert [pair.product_id for pair in disputed([LAMP])] == ["a", "c", "b"]


def test_a_judge_that_says_the_same_of_all_takes_no_part() -> None:
    assert disputed([Opinions("x", {"people": {"a": 1, "b": 1}, "teacher": {"a": 1.0, "b": 2.0}})]) == []


def test_the_queue_is_diverse_over_queries_and_holds_no_pair_twice() -> None:
    lists = [LAMP._replace(query=query) for query in ("lamp", "Lamp", "shade")]
    found = diverse(disputed(lists), 10, 2, key=str.casefold)
    assert [(pair.query, pair.product_id) for pair in found] == [
        ("Lamp", "a"),
        ("Lamp", "c"),
        ("shade", "a"),
        ("shade", "c"),
    ]
    assert len(diverse(disputed(lists), 3, 2)) == 3
