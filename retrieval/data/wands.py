"""Wayfair's annotation data (WANDS, Chen et al., ECIR 2022) as published: three tab-separated files named .csv.

There is no split: one is made by query, from a seed.
"""

from collections.abc import Iterator
from pathlib import Path

from eval.grades import WANDS, GradeScale
from retrieval.data.judgements import Judgements, join
from retrieval.data.markup import strip_markup
from retrieval.data.problems import Problems
from retrieval.data.product_stream import RawProduct, open_products
from retrieval.data.query_log import read_log
from retrieval.data.search_data import SearchData
from retrieval.data.tables import Table

PRODUCTS, QUERIES, LABELS = "product.csv", "query.csv", "label.csv"
FIELDS = {
    "title": "product_name",
    "class": "product_class",
    "category": "category hierarchy",
    "description": "product_description",
    "features": "product_features",
}


def read_wands(path: Path, *, seed: int = 7, log: Path | None = None, scale: GradeScale | None = None) -> SearchData:
    """Read the directory `path` with product.csv, query.csv and label.csv; `log` is a query log of one's own.

    Raises:
        InputError: when files or columns are missing, or a row is wrong.
    """
    path = Path(path)
    problems = Problems()
    catalogue, queries, labels = Table(path / PRODUCTS), Table(path / QUERIES), Table(path / LABELS)
    names = ["product_id", *FIELDS.values()]
    catalogue.require(names)
    queries.require(["query_id", "query"])
    labels.require(["query_id", "product_id", "label"])

    def rows() -> Iterator[RawProduct]:
        for number, (product_id, *values) in catalogue.rows(names):
            yield catalogue.place(number), product_id, dict(zip(FIELDS, values, strict=True))

    products, known = open_products(rows, strip_markup, problems, str(catalogue.path))
    judgements = Judgements(scale or WANDS, known, problems)
    for number, (query_id, text) in queries.rows(["query_id", "query"]):
        judgements.add_query(query_id, text, queries.place(number))
    for number, (query_id, product_id, label) in labels.rows(["query_id", "product_id", "label"]):
        judgements.add(query_id, product_id, label, labels.place(number))
    return join(path.name, products, judgements, read_log(log, problems) if log else [], problems, seed)
