"""A shop's own files: products, queries and judgements as parquet, JSON lines, CSV or TSV, with mapped column names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eval.grades import GradeScale
from retrieval.data.grading import infer_scale
from retrieval.data.judgements import Judgements, join
from retrieval.data.markup import strip_markup
from retrieval.data.problems import Problems
from retrieval.data.product_stream import ProductStream, RawProduct, open_products
from retrieval.data.query_log import read_log
from retrieval.data.search_data import SearchData
from retrieval.data.splits import read_split
from retrieval.data.tables import Table
from retrieval.types import Product


@dataclass(frozen=True)
class PlainColumns:
    """Our names to the column names of the files.

    `fields` maps a product field to its column; none means every column but the id, under its own name. `split` may be
    a column of the queries or of the judgements; where there is none by this name, a split is made from the seed.
    """

    product_id: str = "product_id"
    fields: Mapping[str, str] = field(default_factory=dict)
    query_id: str = "query_id"
    query: str = "query"
    grade: str = "grade"
    split: str = "split"


def read_plain(
    products: Path,
    judgements: Path,
    queries: Path | None = None,
    *,
    columns: PlainColumns | None = None,
    scale: GradeScale | None = None,
    log: Path | None = None,
    seed: int = 7,
    name: str | None = None,
) -> SearchData:
    """Read one's own files; HTML is stripped from the products' texts.

    Judgements hold query id, product id and grade: a grade's name or gain. Without a file of queries they hold the
    query's text too, and the query id may be left out (queries are then numbered q1, q2 … in order of appearance).
    Without a `scale`, grades must be ESCI's, WANDS' or whole numbers, which are then the gains.

    Raises:
        InputError: when files or columns are missing, or a row is wrong.
    """
    columns = columns or PlainColumns()
    problems = Problems()
    catalogue, judged = Table(products), Table(judgements)
    asked = Table(queries) if queries else None
    judged.require([columns.product_id, columns.grade, columns.query if asked is None else columns.query_id])
    if asked is not None:
        asked.require([columns.query_id, columns.query])
    seeded = None if any(_has_split(table, columns) for table in (judged, asked) if table) else seed
    if seeded is not None and columns.split != PlainColumns.split:
        (asked or judged).require([columns.split])  # named on purpose, so a typo must not end in a made-up split
    stream, known = _open_catalogue(catalogue, columns, problems)
    if scale is None:
        scale = infer_scale((grade or "" for _, (grade,) in judged.rows([columns.grade])), str(judged.path))
    collected = Judgements(scale, known, problems)
    if asked is not None:
        _read_queries(asked, columns, collected)
    _read_judgements(judged, columns, collected, with_queries=asked is None)
    found_log = read_log(log, problems) if log else []
    return join(name or catalogue.path.parent.name, stream, collected, found_log, problems, seeded)


def read_products(path: Path, columns: PlainColumns | None = None) -> Iterator[Product]:
    """The products of a file alone, read as `read_plain` reads them.

    Raises:
        InputError: when the file or its column of ids is missing, or it holds no product.
    """
    columns = columns or PlainColumns()
    table = Table(path)
    table.require([columns.product_id, *columns.fields.values()])
    return _open_catalogue(table, columns, Problems())[0]()


def _open_catalogue(table: Table, columns: PlainColumns, problems: Problems) -> tuple[ProductStream, set[str]]:
    return open_products(lambda: _product_rows(table, columns), strip_markup, problems, str(table.path))


def _product_rows(table: Table, columns: PlainColumns) -> Iterator[RawProduct]:
    fields = columns.fields or {column: column for column in table.columns if column != columns.product_id}
    for number, (product_id, *values) in table.rows([columns.product_id, *fields.values()]):
        yield table.place(number), product_id, dict(zip(fields, values, strict=True))


def _read_queries(table: Table, columns: PlainColumns, collected: Judgements) -> None:
    with_split = _has_split(table, columns)
    for number, (query_id, text, *split) in table.rows(
        [columns.query_id, columns.query, *([columns.split] if with_split else [])]
    ):
        place = table.place(number)
        collected.add_query(query_id, text, place)
        if with_split:
            collected.set_split(query_id, read_split(split[0], place), place)


def _read_judgements(table: Table, columns: PlainColumns, collected: Judgements, *, with_queries: bool) -> None:
    with_split = _has_split(table, columns)
    numbered: dict[str, str] | None = {} if with_queries and columns.query_id not in table.columns else None
    names = [columns.product_id, columns.grade]
    names += [columns.query] if with_queries else []
    names += [columns.query_id] if numbered is None else []
    names += [columns.split] if with_split else []
    for number, values in table.rows(names):
        row, place = dict(zip(names, values, strict=True)), table.place(number)
        text = row.get(columns.query)
        if numbered is None:
            query_id = row[columns.query_id]
        else:
            query_id = numbered.setdefault(" ".join((text or "").split()), f"q{len(numbered) + 1}")
        if with_queries:
            collected.add_query(query_id, text, place)
        if with_split:
            collected.set_split(query_id, read_split(row[columns.split], place), place)
        collected.add(query_id, row[columns.product_id], row[columns.grade], place)


def _has_split(table: Table, columns: PlainColumns) -> bool:
    return columns.split in table.columns
