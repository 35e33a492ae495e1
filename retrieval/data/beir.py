"""BEIR's layout (Thakur et al., arXiv 2104.08663): corpus.jsonl, queries.jsonl and qrels/{train,dev,test}.tsv.

A document's `text` is our field `description`; the entries of its `metadata` are fields of their own. Texts are taken
as they are. `write_beir` adds a scale.json, without which the whole-number grades are read as gains.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.errors import InputError
from eval.files import read_json
from eval.grades import Grade, GradeScale
from retrieval.data.grading import infer_scale
from retrieval.data.judgements import Judgements, join
from retrieval.data.problems import Problems
from retrieval.data.product_stream import RawProduct, open_products
from retrieval.data.query_log import read_log
from retrieval.data.search_data import SearchData
from retrieval.data.splits import read_split
from retrieval.data.tables import Table, as_text, json_rows, nearest

CORPUS, QUERIES, QRELS, SCALE = "corpus.jsonl", "queries.jsonl", "qrels", "scale.json"
QRELS_COLUMNS = ("query-id", "corpus-id", "score")


def read_beir(path: Path, *, log: Path | None = None, scale: GradeScale | None = None) -> SearchData:
    """Read the directory `path`; the names of the qrels files are the splits.

    Raises:
        InputError: when files or columns are missing, or a line is wrong.
    """
    path = Path(path)
    problems = Problems()
    tables = [Table(file) for file in sorted((path / QRELS).glob("*.tsv"))]
    if not tables:
        raise InputError(f"{path / QRELS} holds no .tsv file; expected train.tsv, dev.tsv or test.tsv")
    for table in tables:
        table.require(QRELS_COLUMNS)
        read_split(table.path.stem, str(table.path))
    if scale is None:
        scale = _stored_scale(path / SCALE) or infer_scale(
            (grade or "" for table in tables for _, (grade,) in table.rows(["score"])), str(path / QRELS)
        )
    products, known = open_products(lambda: _product_rows(path / CORPUS), str, problems, str(path / CORPUS))
    judgements = Judgements(scale, known, problems)
    for number, row in json_rows(path / QUERIES):
        place = f"{path / QUERIES}, line {number}"
        judgements.add_query(_value(row, "_id", place), _value(row, "text", place), place)
    for table in tables:
        split = read_split(table.path.stem, str(table.path))
        for number, (query_id, product_id, grade) in table.rows(QRELS_COLUMNS):
            judgements.set_split(query_id, split, table.place(number))
            judgements.add(query_id, product_id, grade, table.place(number))
    return join(path.name, products, judgements, read_log(log, problems) if log else [], problems)


def _product_rows(corpus: Path) -> Iterator[RawProduct]:
    for number, row in json_rows(corpus):
        place = f"{corpus}, line {number}"
        product_id, text = _value(row, "_id", place), _value(row, "text", place)
        fields: dict[str, str | None] = {}
        if "title" in row:
            fields["title"] = _text(row["title"], place)
        fields["description"] = text
        for name, value in (row.get("metadata") or {}).items():
            if name not in fields and not isinstance(value, dict):  # nested metadata is no text to read
                fields[name] = _text(value, place)
        yield place, product_id, fields


def _value(row: dict[str, Any], name: str, place: str) -> str | None:
    if name not in row:
        raise InputError(f"{place}: no {name!r}; {nearest(name, row)}(found: {', '.join(row)})")
    return _text(row[name], place)


def _text(value: Any, place: str) -> str | None:
    try:
        return as_text(value)
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None


def _stored_scale(path: Path) -> GradeScale | None:
    if not path.is_file():
        return None
    stored = read_json(path)
    try:
        grades = tuple(Grade(str(name), gain, target) for name, gain, target in stored["grades"])
        return GradeScale(str(stored["name"]), grades, str(stored["relevant_from"]))
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{path} is no grade scale; expected name, relevant_from and grades ([name, gain, target], best first)"
        ) from None
