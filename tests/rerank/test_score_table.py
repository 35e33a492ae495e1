import json
import random
import threading
from pathlib import Path

import numpy as np
import pytest

import rerank.score_table as score_table
from eval.errors import InputError, MachineError
from rerank.score_table import ScoreTable, TableEntry, table_key

ENTRIES = [
    TableEntry("red shoe", np.array([7, 3, 9]), np.array([0.5, 2.5, -1.0])),
    TableEntry("Blue Dress!", np.array([4]), np.array([1.25])),
    TableEntry("nothing found", np.array([], dtype=np.int64), np.array([])),
]


@pytest.fixture
def table(tmp_path: Path) -> ScoreTable:
    return ScoreTable.write(tmp_path / "table", ENTRIES, {"catalogue": "abc", "teacher": "t1"})


def test_scores_come_back_in_the_order_of_the_rows_asked_for(table: ScoreTable) -> None:
    assert (len(table), table.pairs, table.facts["teacher"]) == (2, 4, "t1")
    found = table.lookup("red shoe", [9, 7, 3])
    assert found is not None
    assert found.dtype == np.float32
    assert found.tolist() == [-1.0, 0.5, 2.5]
    some = table.lookup("  RED, shoe ", np.array([3]))
    assert some is not None
    assert some.tolist() == [2.5]
    assert "blue dress" in table
    assert "blue shirt" not in table


@pytest.mark.parametrize("rows", [[7, 3, 9, 8], [10], [0], [3, -1], [2**40]])
def test_one_unknown_row_makes_the_whole_query_a_miss(table: ScoreTable, rows: list[int]) -> None:
    assert table.lookup("red shoe", rows) is None


def test_an_unknown_query_is_a_miss_and_no_rows_are_no_scores(table: ScoreTable) -> None:
    assert table.lookup("green hat", [3]) is None
    assert table.lookup("nothing found", []) is None
    assert table.lookup("", [3]) is None
    empty = table.lookup("red shoe", [])
    assert empty is not None
    assert empty.shape == (0,)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Men's  SHOES", "mens shoes", True),
        ("t-shirt", "T shirt", True),
        ("c++ book", "c book", False),
        ("5/8 bolt", "5.8 bolt", False),
        ("rug 6'", 'rug 6"', False),
        ("shoes < 50", "shoes > 50", False),
        ("red shoe", "shoe red", False),
    ],
)
def test_spellings_share_an_entry_only_where_they_mean_the_same(one: str, other: str, same: bool) -> None:
    assert (table_key(one) == table_key(other)) == same


def test_queries_with_one_hash_are_told_apart_by_their_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_table, "_hash", lambda key: 42)
    table = ScoreTable.write(tmp_path / "table", ENTRIES[:2], {})
    for entry in ENTRIES[:2]:
        found = table.lookup(entry.query, entry.rows)
        assert found is not None
        assert found.tolist() == entry.scores.tolist()
    assert table.lookup("green hat", [3]) is None


def test_it_agrees_with_a_dictionary(tmp_path: Path) -> None:
    rng = random.Random(5)
    truth = {f"query {number}": {rng.randrange(1000): rng.gauss(0, 3) for _ in range(20)} for number in range(300)}
    entries = [TableEntry(q, np.array([*known]), np.array([*known.values()])) for q, known in truth.items()]
    table = ScoreTable.write(tmp_path / "table", entries, {})
    for _ in range(3000):
        query = f"query {rng.randrange(330)}"
        known = truth.get(query, {})
        rows = [rng.randrange(1000) if rng.random() < 0.05 else rng.choice([*known, 0]) for _ in range(5)]
        found = table.lookup(query, rows)
        if known and all(row in known for row in rows):
            assert found is not None
            assert found.tolist() == [float(np.float32(known[row])) for row in rows]
        else:
            assert found is None


def test_the_same_entries_give_the_same_bytes_and_a_new_table_leaves_open_ones_alone(tmp_path: Path) -> None:
    first = ScoreTable.write(tmp_path / "a", ENTRIES, {})
    ScoreTable.write(tmp_path / "b", reversed(ENTRIES), {})
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()
    }
    ScoreTable.write(tmp_path / "a", ENTRIES[1:2], {})
    assert first.lookup("red shoe", [3]) is not None
    assert ScoreTable.load(tmp_path / "a").lookup("red shoe", [3]) is None


def test_a_table_is_carried_to_other_rows(tmp_path: Path) -> None:
    entries = [*ENTRIES, TableEntry("5/8 bolt", np.array([3, 5]), np.array([1.0, 2.0]))]
    table = ScoreTable.write(tmp_path / "table", entries, {"catalogue": "abc", "teacher": "t1"})
    assert table.known_rows.tolist() == [3, 4, 5, 7, 9]
    rows = np.full(10, -1)
    rows[[3, 5, 7]] = [8, 1, 2]  # 4 and 9 are gone
    carried = table.carry(tmp_path / "newer", rows, {"catalogue": "xyz"})
    assert carried.facts == {"catalogue": "xyz", "teacher": "t1"}
    found = carried.lookup("red shoe", [2, 8])
    assert found is not None
    assert found.tolist() == [0.5, 2.5]
    assert carried.lookup("red shoe", [2, 8, 9]) is None
    assert carried.lookup("blue dress", [4]) is None
    assert carried.lookup("blue dress", []) is None
    bolt = carried.lookup("5/8 BOLT", [1, 8])
    assert bolt is not None
    assert bolt.tolist() == [2.0, 1.0]
    with pytest.raises(InputError, match="no product"):
        table.carry(tmp_path / "none", np.full(10, -1), {})


def test_many_threads_may_ask(table: ScoreTable) -> None:
    wrong: list[object] = []

    def ask() -> None:
        for _ in range(200):
            found = table.lookup("red shoe", [9, 3])
            if found is None or found.tolist() != [-1.0, 2.5]:
                wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (TableEntry("red shoe", np.array([1, 1]), np.array([0.0, 1.0])), "row twice"),
        (TableEntry("red shoe", np.array([1]), np.array([np.nan])), "finite"),
        (ENTRIES[2], "no query"),
    ],
)
def test_entries_that_cannot_serve_are_refused(tmp_path: Path, entry: TableEntry, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ScoreTable.write(tmp_path / "table", [entry], {})
    assert not (tmp_path / "table").exists()


def test_another_catalogues_or_a_damaged_table_is_refused(table: ScoreTable, tmp_path: Path) -> None:
    path = tmp_path / "table"
    assert len(ScoreTable.load(path, catalogue="abc")) == 2
    with pytest.raises(InputError, match="another catalogue"):
        ScoreTable.load(path, catalogue="xyz")
    with pytest.raises(MachineError, match="missing"):
        ScoreTable.load(tmp_path / "none")
    good = (path / "scores.npy").read_bytes()
    (path / "scores.npy").write_bytes(good[:-4])
    with pytest.raises(MachineError, match="no sound score table"):
        ScoreTable.load(path)
    (path / "scores.npy").write_bytes(good)
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(MachineError, match="format 99"):
        ScoreTable.load(path)
