"""Generated queries go the way of the log's: once each, none held out, and it is known where they come from."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from augment_toy import OPTIONS, PROTECTED, toy_log, toy_mine

from augment.generated import GeneratedQuery, clean_generated
from augment.guard import LeakGuard
from augment.query_log import clean_log
from eval.errors import InputError
from retrieval.data.search_data import LogQuery
from retrieval.query_key import query_key
from retrieval.types import Query


def test_leaks_repeats_and_empty_ones_are_dropped_and_counted() -> None:
    guard = LeakGuard([Query("t", "red wool shirt")])
    log = clean_log([LogQuery("blue lamp")], guard).queries
    made = [
        GeneratedQuery("Red Wool-Shirt", "llm:shop"),
        GeneratedQuery("red wool shirt xl", "template:type"),
        GeneratedQuery("BLUE lamp!", "llm:shop"),
        GeneratedQuery("…", "llm:shop"),
        GeneratedQuery("green lamp", "template:colour-type"),
        GeneratedQuery("green  lamp", "llm:product"),
    ]
    clean = clean_generated(made, guard, {query_key(logged.query.text) for logged in log})
    assert [(logged.query.text, logged.origin) for logged in clean.queries] == [("green lamp", "template:colour-type")]
    assert [(leak.text, leak.reason.kind) for leak in clean.leaks] == [
        ("Red Wool-Shirt", "same"),
        ("red wool shirt xl", "near"),
    ]
    assert clean.summary() == {
        "selected": 1,
        "by origin": {"template:colour-type": 1},
        "leaks": 2,
        "repeated": 2,
        "empty": 1,
    }


def test_they_are_mined_beside_the_logs_budget_and_marked(tmp_path: Path) -> None:
    held_out = PROTECTED[0].text
    made = [
        GeneratedQuery("brand new words", "llm:shop"),
        GeneratedQuery(held_out, "llm:product"),
        GeneratedQuery(toy_log()[0].text, "template:type"),
    ]
    without = toy_mine(tmp_path / "without")
    pairs = toy_mine(tmp_path / "with", generated=made)
    queries = pq.read_table(tmp_path / "with" / "queries.parquet").to_pylist()
    assert Counter(row["origin"] for row in queries) == {"log": 40, "llm:shop": 1}
    extra = next(row for row in queries if row["origin"] != "log")
    assert extra["query"] == "brand new words"
    new = [pair for pair in pairs if pair.query_id == extra["query_id"]]
    assert len(new) == len(pairs) - len(without) > 0
    assert [pair for pair in pairs if pair.query_id != extra["query_id"]] == list(without)
    assert pairs.manifest["generated"]["by origin"] == {"llm:shop": 1}
    assert pairs.manifest["generated"]["leaks"] == 1
    assert held_out in (tmp_path / "with" / "leaks.csv").read_text()


@pytest.mark.parametrize("keep_judged", [True, False])
def test_a_judged_query_is_not_mined_again_as_a_generated_one(tmp_path: Path, keep_judged: bool) -> None:
    logged, unlogged = Query("judged-1", toy_log()[0].text), Query("judged-2", "judged and never typed")
    made = [GeneratedQuery(f"{query.text.upper()}!", "llm:shop") for query in (logged, unlogged)]
    options = replace(OPTIONS, judged=keep_judged, queries=len(toy_log()), pool=len(toy_log()))
    pairs = toy_mine(tmp_path / "mined", judged=[logged, unlogged], generated=made, options=options)
    rows = pq.read_table(tmp_path / "mined" / "queries.parquet").to_pylist()
    found = [row["query_id"] for row in rows if query_key(row["query"]) in map(query_key, (logged.text, unlogged.text))]
    assert found == (["judged-1"] if keep_judged else [])
    assert {row["origin"] for row in rows} == {"log"}
    assert pairs.manifest["generated"]["repeated"] == 2


def test_what_was_labelled_before_is_not_generated_again(tmp_path: Path) -> None:
    made = [GeneratedQuery("brand new words", "llm:shop")]
    toy_mine(tmp_path / "first", generated=made)
    labelled = pq.read_table(tmp_path / "first" / "queries.parquet")["query_id"].to_pylist()
    second = toy_mine(tmp_path / "second", generated=made, labelled=labelled)
    assert second.manifest["generated"]["repeated"] == 1


def test_they_are_mined_alone_where_the_log_leaves_nothing(tmp_path: Path) -> None:
    held_out = [LogQuery(query.text) for query in PROTECTED]
    made = [GeneratedQuery("brand new words", "llm:shop")]
    pairs = toy_mine(tmp_path / "alone", log=held_out, generated=made)
    assert {pair.query for pair in pairs} == {"brand new words"}
    assert (pairs.manifest["coverage"]["examined"], pairs.manifest["coverage"]["quantiles"]) == (0, [])
    with pytest.raises(InputError, match=r"2 are held out.*; add a log, or generate queries"):
        toy_mine(tmp_path / "nothing", log=held_out)
