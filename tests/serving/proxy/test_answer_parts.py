"""The parts that an answer is made with: JSON kept as it was written, `filter_path`, scores as they are shown."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.proxy.answer import shown_score
from serving.proxy.filter_path import filtered
from serving.proxy.json_cursor import JsonCursor, as_object
from serving.proxy.plan import matches

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5), st.sampled_from([None, 0, 3]))
def test_members_are_read_as_they_were_written(value, indent):
    found = _members(json.dumps(value, indent=indent))
    assert {name: raw.value for name, raw in found.items()} == value
    assert json.loads(as_object({name: raw.text for name, raw in found.items()})) == value


def test_numbers_keep_the_form_they_had():
    found = _members(' { "a" : 1.10, "b":[ 1E400 ,2], "c" : "\\u00e9\\ud800" } ')
    assert {name: raw.text for name, raw in found.items()} == {"a": "1.10", "b": "[ 1E400 ,2]", "c": '"\\u00e9\\ud800"'}


def test_lists_are_walked():
    cursor = JsonCursor('[ {"a":1} ,{ "a" : 2 }, {}]')
    assert [[cursor.value().value for _ in cursor.members()] for _ in cursor.elements()] == [[1], [2], []]


@pytest.mark.parametrize("text", ["", "[1]", '{"a"}', '{"a":}', '{"a":1', '{"a":1,}', "{3:1}", "nothing"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        _members(text)


def _members(text):
    cursor = JsonCursor(text)
    return {name: cursor.value() for name in cursor.members()}


ANSWER = {
    "took": 3,
    "timed_out": False,
    "hits": {
        "total": {"value": 2, "relation": "eq"},
        "hits": [
            {"_id": "1", "_score": 2.0, "_source": {"title": "a", "tags": ["x"], "price": {"net": 1, "gross": 2}}},
            {"_id": "2", "_score": None, "_source": {"title": "b", "tags": []}},
        ],
    },
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("took", {"took": 3}),
        ("hits.hits._id", {"hits": {"hits": [{"_id": "1"}, {"_id": "2"}]}}),
        ("hits.hits._id,took", {"took": 3, "hits": {"hits": [{"_id": "1"}, {"_id": "2"}]}}),
        ("hits.total.val*", {"hits": {"total": {"value": 2}}}),
        ("hits.hits._score", {"hits": {"hits": [{"_score": 2.0}, {"_score": None}]}}),
        ("hits.hits._source.price", {"hits": {"hits": [{"_source": {"price": {"net": 1, "gross": 2}}}]}}),
        ("**.net", {"hits": {"hits": [{"_source": {"price": {"net": 1}}}]}}),
        ("hits.**.gross", {"hits": {"hits": [{"_source": {"price": {"gross": 2}}}]}}),
        ("hits.hits._source,-hits.hits._source.t*,-**.net", {"hits": {"hits": [{"_source": {"price": {"gross": 2}}}]}}),
        ("-hits,-took", {"timed_out": False}),
        ("nothing", {}),
        ("took.deeper", {}),
        ("", ANSWER),
    ],
)
def test_filter_path(path, expected):
    assert filtered(ANSWER, path) == expected


def test_shown_scores_are_positive_and_in_order():
    scores = [-2000.0, -30.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 40.0]
    shown = [shown_score(score) for score in scores]
    assert shown == sorted(shown)
    assert min(shown) >= 0
    assert shown_score(-1.0) == pytest.approx(math.exp(-1))
    assert shown_score(2.5) == 3.5


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [("a*", "abc", True), ("a*c", "abc", True), ("*", "", True), ("a.b", "axb", False), ("a*c", "abcd", False)],
)
def test_patterns(pattern, name, expected):
    assert matches(pattern, name) is expected
