"""Amazon's Shopping Queries data (Reddy et al., arXiv 2206.06588) as published: two parquet files.

Products and judgements are joined on locale and product id. Test queries are those of the small version, on which the
published ranking task is measured; train queries are all. There is no dev split.
"""

from collections.abc import Iterator
from pathlib import Path

from eval.errors import InputError
from eval.grades import ESCI, GradeScale
from retrieval.data.judgements import Judgements, join
from retrieval.data.markup import strip_markup
from retrieval.data.problems import Problems
from retrieval.data.product_stream import RawProduct, open_products
from retrieval.data.query_log import read_log
from retrieval.data.search_data import SearchData
from retrieval.data.splits import read_split
from retrieval.data.tables import Table

EXAMPLES = "shopping_queries_dataset_examples.parquet"
PRODUCTS = "shopping_queries_dataset_products.parquet"
FIELDS = {
    "title": "product_title",
    "description": "product_description",
    "bullets": "product_bullet_point",
    "brand": "product_brand",
    "colour": "product_color",
}
COLUMNS = ("product_locale", "query_id", "query", "product_id", "esci_label", "split")


def read_esci(
    path: Path, *, locale: str = "us", log: Path | None = None, scale: GradeScale | None = None
) -> SearchData:
    """Read the directory `path` with the published file names; `log` is a query log of one's own.

    HTML is stripped from the products' texts.

    Raises:
        InputError: when files or columns are missing, the locale holds nothing, or a row is wrong.
    """
    path = Path(path)
    problems = Problems()
    catalogue = Table(path / PRODUCTS)
    catalogue.require(["product_id", "product_locale", *FIELDS.values()])
    examples = Table(path / EXAMPLES)
    examples.require(COLUMNS)

    def rows() -> Iterator[RawProduct]:
        for number, (product_id, row_locale, *values) in catalogue.rows(
            ["product_id", "product_locale", *FIELDS.values()]
        ):
            if row_locale == locale:
                yield catalogue.place(number), product_id, dict(zip(FIELDS, values, strict=True))

    _check_locale(catalogue, locale)
    products, known = open_products(rows, strip_markup, problems, f"{path.name} (locale {locale})")
    judgements = Judgements(scale or ESCI, known, problems)
    _read_examples(examples, locale, judgements, problems)
    return join(path.name, products, judgements, read_log(log, problems) if log else [], problems)


def _read_examples(examples: Table, locale: str, judgements: Judgements, problems: Problems) -> None:
    sized = "small_version" in examples.columns  # cuts of the data may lack it
    outside: set[str] = set()
    for number, (row_locale, query_id, query, product_id, label, split, *small) in examples.rows(
        [*COLUMNS, "small_version"] if sized else COLUMNS
    ):
        if row_locale != locale:
            continue
        place = examples.place(number)
        part = read_split(split, place)
        if part == "test" and small == ["0"]:
            if query_id and query_id not in outside:
                outside.add(query_id)
                problems.add("test queries outside the small version (left out, as in the published task)", query_id)
            continue
        judgements.add_query(query_id, query, place)
        judgements.set_split(query_id, part, place)
        judgements.add(query_id, product_id, label, place)


def _check_locale(table: Table, locale: str) -> None:
    found: set[str] = set()
    for _, (value,) in table.rows(["product_locale"]):
        if value == locale:
            return
        if value:
            found.add(value)
    raise InputError(
        f"{table.path} has no product of the locale {locale!r}; found {', '.join(sorted(found)) or 'none'}"
    )
