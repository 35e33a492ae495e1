import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rerank.pipeline import SearchPipeline
from rerank.score_table import ScoreTable, TableEntry
from rerank.tabled_reranker import TabledReranker
from rerank.types import Pair, Reranker, RowReranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Filter, Hit, Product, Products, Query

TEMPLATE = ProductTemplate(("title",))
KNOWN, OTHER = Query("1", "red shoe"), Query("2", "blue hat")


class LengthStudent:
    """Scores a pair by the length of the product's title."""

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        return np.array([len(product["title"]) for _, product in pairs], dtype=np.float32)


class RowStudent:
    """Scores a row by its number, and reads no product."""

    def score_rows(self, query: Query, rows: Sequence[int], products: Products) -> np.ndarray:
        return np.array(rows, dtype=np.float32)


class Shelf:
    """Five products; also a first stage that finds them in order."""

    def row(self, product_id: str) -> int:
        return int(product_id)

    def products(self, rows: Sequence[int]) -> list[Product]:
        return [Product(str(row), {"title": "x" * row}) for row in rows]

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        return [[Hit(str(row), 5.0 - row) for row in range(5)][:k] for _ in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        return [5.0 - int(product_id) for product_id in product_ids]


@pytest.fixture
def table(tmp_path: Path) -> ScoreTable:
    entry = TableEntry("red shoe", np.array([0, 1, 2]), np.array([10.0, 30.0, 20.0]))
    return ScoreTable.write(tmp_path / "table", [entry], {})


def test_the_table_answers_what_it_knows_and_the_student_the_rest_whole(table: ScoreTable) -> None:
    reranker = TabledReranker(table, LengthStudent())
    assert isinstance(reranker, Reranker)
    assert isinstance(reranker, RowReranker)
    scores, route = reranker.score_rows_routed(KNOWN, [2, 0], Shelf())
    assert (scores.tolist(), route) == ([20.0, 10.0], "score_table")
    scores, route = reranker.score_rows_routed(KNOWN, [2, 3], Shelf())  # 3 is unknown: nothing comes from the table
    assert (scores.tolist(), route) == ([2.0, 3.0], "student")
    scores, route = reranker.score_rows_routed(OTHER, [2, 0], Shelf())
    assert (scores.tolist(), route) == ([2.0, 0.0], "student")
    assert reranker.counts == {"score_table": 1, "student": 2}


def test_pairs_without_rows_are_the_students(table: ScoreTable) -> None:
    pairs = [(KNOWN, product) for product in Shelf().products([2, 0])]
    assert TabledReranker(table, LengthStudent()).score(pairs).tolist() == [2.0, 0.0]
    with pytest.raises(TypeError, match="rows only"):
        TabledReranker(table, RowStudent()).score(pairs)


def test_a_student_that_takes_rows_is_asked_by_rows(table: ScoreTable) -> None:
    assert TabledReranker(table, RowStudent()).score_rows(OTHER, [4, 1], Shelf()).tolist() == [4.0, 1.0]


def test_the_pipeline_ranks_by_the_table(table: ScoreTable) -> None:
    shelf = Shelf()
    pipeline = SearchPipeline(shelf, TabledReranker(table, LengthStudent()), shelf, TEMPLATE, window=3)  # type: ignore[arg-type]
    known, other = pipeline.search([KNOWN, OTHER], 4)
    assert [hit.product_id for hit in known.hits] == ["1", "2", "0", "3"]
    assert [hit.product_id for hit in other.hits] == ["2", "1", "0", "3"]


def test_each_thread_sees_its_own_last_route(table: ScoreTable) -> None:
    reranker = TabledReranker(table, LengthStudent())
    assert reranker.last_route is None
    ready = threading.Barrier(2)
    seen: dict[str, str | None] = {}

    def ask(query: Query) -> None:
        reranker.score_rows(query, [0], Shelf())
        ready.wait()
        seen[query.text] = reranker.last_route

    threads = [threading.Thread(target=ask, args=[query]) for query in (KNOWN, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"red shoe": "score_table", "blue hat": "student"}
    assert reranker.last_route is None
    assert reranker.counts == {"score_table": 1, "student": 1}
