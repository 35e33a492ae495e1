import csv
from pathlib import Path

from augment.guard import LeakGuard
from augment.query_log import clean_log, write_leaks
from retrieval.data.search_data import LogQuery
from retrieval.types import Query

GUARD = LeakGuard([Query("t1", "red cotton shirt"), Query("t2", 'desk, 55" wide')])
LOG = [
    LogQuery("Blue shoe", 3),
    LogQuery("RED cotton-shirt", 2),
    LogQuery("blue  shoe!", 4),
    LogQuery("red cotton shirt large", 1),
    LogQuery("red cotton shirt", 7),
    LogQuery("…", 1),
    LogQuery("green hat", 1),
    LogQuery("red hat", 1),
]


def test_entries_with_one_key_are_one_query_and_leaks_are_dropped_and_counted() -> None:
    clean = clean_log(LOG, GUARD, [Query("train-9", "Green hat")])
    assert [(q.query.text, q.frequency, q.judged) for q in clean.queries] == [
        ("Blue shoe", 7, False),
        ("Green hat", 1, True),
        ("red hat", 1, False),
    ]
    assert clean.queries[1].query.id == "train-9"
    assert (clean.entries, clean.repeated, clean.empty, clean.judged) == (8, 1, 1, 1)
    assert [(leak.text, leak.reason.kind, leak.reason.query.id, leak.entries) for leak in clean.leaks] == [
        ("RED cotton-shirt", "same", "t1", 2),
        ("red cotton shirt large", "near", "t1", 1),
    ]


def test_ids_depend_on_the_query_alone() -> None:
    forwards = {q.query.text: q.query.id for q in clean_log(LOG, GUARD).queries}
    backwards = {q.query.text: q.query.id for q in clean_log(LOG[::-1], GUARD).queries}
    assert forwards["red hat"] == backwards["red hat"]
    assert forwards["Blue shoe"] == backwards["blue  shoe!"]
    assert len(set(forwards.values())) == 3


def test_judged_train_queries_can_be_kept_out() -> None:
    clean = clean_log(LOG, GUARD, [Query("train-9", "green hat")], keep_judged=False)
    assert [q.query.text for q in clean.queries] == ["Blue shoe", "red hat"]
    assert clean.judged == 1


def test_leaks_are_listed_with_the_protected_query(tmp_path: Path) -> None:
    clean = clean_log([*LOG, LogQuery("DESK 55 wide")], GUARD)
    write_leaks(clean.leaks, tmp_path / "leaks.csv")
    with (tmp_path / "leaks.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["query", "reason", "similarity", "protected_id", "protected_query", "entries"],
        ["RED cotton-shirt", "same", "1.0000", "t1", "red cotton shirt", "2"],
        ["red cotton shirt large", "near", "0.7500", "t1", "red cotton shirt", "1"],
        ["DESK 55 wide", "same", "1.0000", "t2", 'desk, 55" wide', "1"],
    ]
