from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.data.problems import Problems
from retrieval.data.query_log import read_log
from retrieval.data.search_data import LogQuery


def test_lines_are_queries_and_repeats_are_frequencies(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("red shirt\n\nlamp\nred  shirt\r\n", encoding="utf-8")
    problems = Problems()

    assert read_log(path, problems) == [LogQuery("red shirt", 2), LogQuery("lamp", 1)]
    assert problems.lines() == ["1 empty queries (left out): log.txt, line 2"]


@pytest.mark.parametrize("column", ["frequency", "count"])
def test_a_table_may_say_the_frequency(tmp_path: Path, column: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f'{column},query\n3,lamp\n2.0,"a, b"\n4,lamp\n', encoding="utf-8")

    assert read_log(path) == [LogQuery("lamp", 7), LogQuery("a, b", 2)]


def test_a_table_without_frequency_counts_rows(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"query": "lamp"}\n{"query": null}\n{"query": "lamp"}\n', encoding="utf-8")

    assert read_log(path) == [LogQuery("lamp", 2)]


@pytest.mark.parametrize("frequency", ["0", "-1", "many", "1.5", ""])
def test_a_frequency_that_is_none_is_an_error(tmp_path: Path, frequency: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"query,frequency\nlamp,{frequency}\n", encoding="utf-8")

    with pytest.raises(InputError, match=rf"log.csv, line 2: frequency '{frequency}'; expected a whole number"):
        read_log(path)


def test_a_query_of_ten_thousand_characters_is_cut_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("x" * 10_000 + "\nlamp\n", encoding="utf-8")
    problems = Problems()

    assert read_log(path, problems) == [LogQuery("x" * 1000), LogQuery("lamp")]
    assert problems.counts == {"queries longer than 1,000 characters (cut)": 1}


def test_a_tab_in_a_text_log_is_pointed_out(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("lamp\t3\n", encoding="utf-8")
    problems = Problems()
    read_log(path, problems)

    assert problems.counts == {"log lines that hold a tab (is it a table? name it .tsv)": 1}


def test_broken_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"lamp\ncaf\xe9\n")

    with pytest.raises(InputError, match=r"log.txt, line 2: not UTF-8"):
        read_log(path)


def test_an_empty_or_missing_log_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("\n \n", encoding="utf-8")

    with pytest.raises(InputError, match=r"log.txt holds no query"):
        read_log(tmp_path / "log.txt")
    with pytest.raises(InputError, match=r"nolog.txt does not exist"):
        read_log(tmp_path / "nolog.txt")


def test_a_log_table_without_the_column_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log.tsv"
    path.write_text("Query\tfrequency\nlamp\t1\n", encoding="utf-8")

    with pytest.raises(InputError, match="no column 'query'; did you mean 'Query'"):
        read_log(path)
