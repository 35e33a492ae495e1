"""TREC files round trip, broken ones are refused by file and line, and a run has one order."""

from pathlib import Path
from tempfile import TemporaryDirectory

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.errors import InputError
from eval.trec import ranking, read_qrels, read_run, write_qrels, write_run


def test_qrels_and_runs_come_back_as_they_were_written(tmp_path: Path) -> None:
    qrels = {"q1": {"p1": 100, "p2": 0}, "q\u00a02": {"é": 1}}
    run = {"q1": {"p2": 0.1, "p1": 1 / 3, "p3": -1e-30}, "q\u00a02": {"é": 7.0}}
    write_qrels(qrels, tmp_path / "qrels")
    write_run(run, tmp_path / "run", "bm25")
    assert read_qrels(tmp_path / "qrels") == qrels
    assert read_run(tmp_path / "run") == run
    assert (tmp_path / "run").read_text().splitlines()[:2] == [
        f"q1 Q0 p1 1 {1 / 3!r} bm25",
        "q1 Q0 p2 2 0.1 bm25",
    ]


def test_ir_measures_reads_the_same_from_the_files(tmp_path: Path) -> None:
    qrels, run = {"q": {"a": 2, "b": 0}}, {"q": {"a": 0.25, "b": np.float32(0.1)}}
    write_qrels(qrels, tmp_path / "qrels")
    write_run(run, tmp_path / "run", "x")
    assert [(j.query_id, j.doc_id, j.relevance) for j in ir_measures.read_trec_qrels(str(tmp_path / "qrels"))] == [
        ("q", "a", 2),
        ("q", "b", 0),
    ]
    assert {(d.doc_id, d.score) for d in ir_measures.read_trec_run(str(tmp_path / "run"))} == set(run["q"].items())


def test_blank_lines_byte_order_marks_tabs_and_repeated_judgements_are_read(tmp_path: Path) -> None:
    path = tmp_path / "qrels"
    path.write_bytes(b"\xef\xbb\xbfq1\t0\tp1\t100\r\n\r\nq1 0 p1 100\nq1 0 p2 0")
    assert read_qrels(path) == {"q1": {"p1": 100, "p2": 0}}


@pytest.mark.parametrize(
    ("second_line", "complaint"),
    [
        (b"q1 p2 1", "3 columns; expected 4"),
        (b"q1 0 p2 one", "'one'; expected a whole number"),
        (b"q1 0 p2 -1", "'-1'; expected a whole number"),
        (b"q1 0 p1 10", "'q1' and product 'p1' have the gain 10 here and 100 before"),
        (b"q1 0 p\xff 1", "not UTF-8"),
    ],
)
def test_a_broken_line_of_qrels_is_named(tmp_path: Path, second_line: bytes, complaint: str) -> None:
    path = tmp_path / "shop.qrels"
    path.write_bytes(b"q1 0 p1 100\n" + second_line + b"\nq1 0 p3 1\n")
    with pytest.raises(InputError, match=rf"shop\.qrels, line 2: .*{complaint}"):
        read_qrels(path)


@pytest.mark.parametrize(
    ("second_line", "complaint"),
    [
        (b"q1 Q0 p2 2 0.5", "5 columns; expected 6"),
        (b"q1 Q0 p2 2 high x", "'high'; expected a finite number"),
        (b"q1 Q0 p2 2 nan x", "'nan'; expected a finite number"),
        (b"q1 Q0 p1 2 0.5 x", "'q1' lists product 'p1' twice"),
        (b"q1 Q0 \xc3 2 0.5 x", "not UTF-8"),
    ],
)
def test_a_broken_line_of_a_run_is_named(tmp_path: Path, second_line: bytes, complaint: str) -> None:
    path = tmp_path / "bm25.run"
    path.write_bytes(b"q1 Q0 p1 1 0.9 x\n" + second_line + b"\n")
    with pytest.raises(InputError, match=rf"bm25\.run, line 2: .*{complaint}"):
        read_run(path)


def test_files_that_are_missing_empty_or_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n \n")
    with pytest.raises(InputError, match="empty holds no lines; expected lines of query-id iteration product-id gain"):
        read_qrels(tmp_path / "empty")
    with pytest.raises(InputError, match="none: No such file"):
        read_run(tmp_path / "none")
    with pytest.raises(InputError, match="Is a directory"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("SKU 12", "SKU%2012"),
        (" a\tb\n", "%20a%09b%0A"),
        ("a%20b", "a%2520b"),  # an id of its own, beside "a b"
        ("%%25 20", "%%2525%2020"),
        ("100% wool", "100%%20wool"),
        ("100%", "100%"),
        ("a%2fb", "a%2fb"),
        ("q\u00a02", "q\u00a02"),
    ],
)
def test_white_space_in_an_id_is_escaped_and_nothing_else(tmp_path: Path, name: str, written: str) -> None:
    write_qrels({name: {name: 1}}, tmp_path / "qrels")
    write_run({name: {name: 0.5}}, tmp_path / "run", "x")
    assert (tmp_path / "qrels").read_text(encoding="utf-8") == f"{written} 0 {written} 1\n"
    assert (tmp_path / "run").read_text(encoding="utf-8") == f"{written} Q0 {written} 1 0.5 x\n"
    assert read_qrels(tmp_path / "qrels") == {name: {name: 1}}
    assert read_run(tmp_path / "run") == {name: {name: 0.5}}


@settings(deadline=None)
@given(st.sets(st.text(alphabet="%205AaB9D \t\r\x0b\x0cé", min_size=1, max_size=8), min_size=1))
def test_every_id_comes_back_as_itself(names: set[str]) -> None:
    with TemporaryDirectory() as folder:
        write_qrels({name: dict.fromkeys(names, 1) for name in names}, Path(folder) / "qrels")
        assert read_qrels(Path(folder) / "qrels") == {name: dict.fromkeys(names, 1) for name in names}


def test_an_empty_id_and_a_tag_of_two_words_are_refused_and_no_file_appears(tmp_path: Path) -> None:
    for run, tag, complaint in (
        ({"q": {"p": 1.0, "": 0.5}}, "x", "an id is empty"),
        ({"q": {"p": 1.0}}, "two words", "the tag is 'two words'; expected one word"),
        ({"q": {"p": 1.0}}, "", "the tag is ''"),
    ):
        with pytest.raises(InputError, match=complaint):
            write_run(run, tmp_path / "run", tag)
    with pytest.raises(InputError, match="an id is empty"):
        write_qrels({"": {"p": 1}}, tmp_path / "qrels")
    assert list(tmp_path.iterdir()) == []


def test_order_is_by_float32_score_and_ties_fall_from_z_to_a() -> None:
    assert ranking({"a": 1.0, "b": 2.0, "c": 1.0, "d": 3.0}) == ["d", "b", "c", "a"]
    assert ranking({"a": 1.0 + 1e-9, "b": 1.0}) == ["b", "a"]  # equal as float32, whatever float64 says
    assert ranking({"a": 1e39, "b": 1e300, "c": -1e39, "é": 0.0, "z": -0.0}) == ["b", "a", "é", "z", "c"]


def test_a_nan_score_has_no_rank() -> None:
    with pytest.raises(InputError, match="'b' has the score NaN"):
        ranking({"a": 1.0, "b": float("nan"), "c": 2.0})
