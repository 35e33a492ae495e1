"""The query log: what shoppers typed, judged or not; a text file with one query a line, or a table."""

from pathlib import Path

from eval.errors import InputError
from retrieval.data.problems import Problems
from retrieval.data.query_text import clean_query
from retrieval.data.search_data import LogQuery
from retrieval.data.tables import SUFFIXES, Table
from retrieval.data.text_lines import text_lines

FREQUENCY_COLUMNS = ("frequency", "count")


def read_log(path: Path, problems: Problems | None = None) -> list[LogQuery]:
    """Read the log; a query that comes several times is kept once, its frequencies added, in order of first appearance.

    A text file has one query a line. A table (.csv, .tsv, .jsonl, .parquet) has the column `query` and may have
    `frequency` (or `count`), a whole number from 1 upwards. Empty queries are left out and counted, long ones cut.

    Raises:
        InputError: when the file is missing, is not UTF-8, lacks the column, or has a frequency that is none.
    """
    path = Path(path)
    problems = Problems() if problems is None else problems
    frequencies: dict[str, int] = {}
    if path.suffix.lower() in SUFFIXES:
        table = Table(path)
        table.require(["query"])
        names = ["query", *(name for name in FREQUENCY_COLUMNS if name in table.columns)][:2]
        for number, (text, *frequency) in table.rows(names):
            count = _frequency(frequency[0], table.place(number)) if frequency else 1
            _count(text, count, table.place(number), frequencies, problems)
    else:
        for number, line in text_lines(path):
            if "\t" in line.strip():
                problems.add("log lines that hold a tab (is it a table? name it .tsv)", f"line {number}")
            _count(line, 1, f"{path.name}, line {number}", frequencies, problems)
    if not frequencies:
        raise InputError(f"{path} holds no query; expected one a line, or a table with the column query")
    return [LogQuery(text, frequency) for text, frequency in frequencies.items()]


def _count(text: str | None, count: int, place: str, frequencies: dict[str, int], problems: Problems) -> None:
    cleaned = clean_query(text, place, problems)
    if cleaned is not None:
        frequencies[cleaned] = frequencies.get(cleaned, 0) + count


def _frequency(text: str | None, place: str) -> int:
    digits = (text or "").strip().removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and int(digits) > 0):
        raise InputError(f"{place}: frequency {text or ''!r}; expected a whole number from 1 upwards")
    return int(digits)
