"""Segments by hand-made queries, and whether a planted regression in one is found and nothing else is."""

import random

import pytest

from eval import segments
from eval.bootstrap import paired_interval
from eval.errors import InputError
from eval.segment_tests import compare_segments
from eval.segments import Segment
from eval.significance import holm, paired_test


def _words(*queries: str) -> dict[str, tuple[str, ...]]:
    return {query: tuple(query.split()) for query in queries}


def _members(found: list[Segment]) -> dict[str, tuple[str, ...]]:
    return {segment.name: segment.query_ids for segment in found}


def test_length_has_three_segments_in_order_and_leaves_out_empty_ones() -> None:
    found = segments.by_length(_words("sofa", "red wool sofa", "a b", "red sofa with two arms"))
    assert _members(found) == {
        "1–2 words": ("sofa", "a b"),
        "3–4 words": ("red wool sofa",),
        "5 words or more": ("red sofa with two arms",),
    }
    assert segments.by_length(_words("sofa", "lamp")) == []  # all alike: nothing to tell apart


def test_head_is_half_of_the_searches_and_what_the_log_lacks_is_tail() -> None:
    log = {("a",): 50, ("b",): 30, ("c",): 10, ("d",): 9, ("e",): 1}
    found = segments.by_frequency(_words("a", "b", "c", "d", "e", "unlogged"), log)
    assert _members(found) == {"head": ("a",), "torso": ("b", "c"), "tail": ("d", "e", "unlogged")}
    assert segments.by_frequency(_words("a", "b"), {("a",): 1, ("b",): 1}) == []  # a log without frequencies


def test_category_is_that_of_most_relevant_products_and_small_ones_are_put_together() -> None:
    qrels = {
        "one": {"sofa": 100, "chair": 100, "lamp": 10},
        "two": {"sofa": 100, "lamp": 10},
        "three": {"lamp": 100},
        "four": {"rug": 100},
        "none": {"sofa": 10},
    }
    categories = {"sofa": "seats", "chair": "seats", "lamp": "lights", "rug": "rugs"}
    found = segments.by_category(list(qrels), qrels, categories, relevant_gain=100, min_queries=2)
    assert _members(found) == {"seats": ("one", "two"), "others (fewer than 2 queries each)": ("three", "four")}


@pytest.mark.parametrize("query", ["sofa without arms", "lamp w o plug", "sugar free tea", "no sugar tea"])
def test_negations(query: str) -> None:
    assert _members(segments.by_negation(_words(query, "free delivery")))["excludes something"] == (query,)


def test_numbers_brands_and_unknown_words() -> None:
    words = _words("tv 55 inch", "north face jacket", "face cream")
    assert _members(segments.by_number(words))["holds a number"] == ("tv 55 inch",)
    brands = [("north", "face"), ()]
    assert _members(segments.by_brand(words, brands))["names a brand"] == ("north face jacket",)
    assert _members(segments.by_vocabulary({"face cream"}, words))["has a word no product has"] == ("face cream",)
    assert segments.by_brand(words, []) == []


def test_a_first_stage_fails_where_its_best_hold_nothing_relevant() -> None:
    qrels = {"found": {"p": 100}, "missed": {"p": 100}, "late": {"p": 100}, "hopeless": {"p": 10}}
    run = {"found": {"p": 2.0, "x": 1.0}, "missed": {"x": 1.0}, "late": {"x": 2.0, "y": 1.5, "p": 1.0}}
    (failed,) = segments.first_stage_failures(list(qrels), qrels, run, 100, "bm25", depth=2)
    assert (failed.query_ids, failed.chosen_by) == (("missed", "late"), "bm25")


def _planted(seed: int) -> tuple[dict[str, float], dict[str, float], list[Segment]]:
    """Systems that differ by noise that cancels out in each segment, but for one segment, where the first is worse."""
    generator = random.Random(seed)
    ids = [f"q{number}" for number in range(300)]
    b = {query: generator.uniform(0.3, 0.9) for query in ids}
    noise = [generator.gauss(0, 0.05) for _ in range(150)]
    a = {query: b[query] + (noise[n] if n < 150 else -noise[n - 150]) for n, query in enumerate(ids)}
    found = [Segment("part", str(part), tuple(ids[part::6])) for part in range(6)]
    for query in found[4].query_ids:
        a[query] -= 0.2
    return a, b, [*found, Segment("part", "tiny", tuple(ids[:3]))]


def test_a_planted_regression_is_the_only_segment_called_worse() -> None:
    a, b, found = _planted(1)
    rows = compare_segments(a, b, found, names=("a", "b"), seed=3)
    verdicts = {row.segment.name: row.verdict for row in rows}
    assert verdicts == {"0": "not shown", "1": "not shown", "2": "not shown", "3": "not shown", "4": "worse"} | {
        "5": "not shown",
        "tiny": "not tested",
    }


def test_every_number_is_that_of_its_queries_and_the_correction_is_over_the_segments_tested() -> None:
    a, b, found = _planted(2)
    rows = compare_segments(a, b, found, names=("a", "b"), seed=3)
    of = [({i: a[i] for i in row.segment.query_ids}, {i: b[i] for i in row.segment.query_ids}) for row in rows]
    assert [row.difference for row in rows] == [paired_interval(x, y, seed=3) for x, y in of]
    p_values = [paired_test(x, y, 3) for x, y in of[:6]]
    assert [row.p for row in rows] == [*p_values, None]
    assert [row.p_holm for row in rows] == [*holm(p_values), None]


def test_a_segment_that_a_system_chose_is_not_tested_against_it() -> None:
    a, b, _ = _planted(3)
    chosen = [Segment("first stage", "failed", tuple(a), chosen_by="b")]
    assert compare_segments(a, b, chosen, names=("a", "b"), seed=3)[0].verdict == "not tested"
    assert compare_segments(a, b, chosen, names=("a", "c"), seed=3)[0].p is not None


def test_queries_without_a_value_are_left_out_and_unlike_ones_refused() -> None:
    a, b, found = _planted(4)
    extra = [Segment("part", "nothing to find", ("x", "y")), Segment("part", "half", ("x", *a))]
    rows = compare_segments(a, b, extra, names=("a", "b"), seed=3)
    assert [(row.segment.name, row.difference.n) for row in rows] == [("half", 300)]
    del b["q4"]
    with pytest.raises(InputError, match="differ in their queries"):
        compare_segments(a, b, found, names=("a", "b"), seed=3)
