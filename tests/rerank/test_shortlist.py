"""A shortlist against brute force: the student's scores, the cosines, and nothing else."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.errors import InputError
from rerank.blend import normalise
from rerank.pipeline import SearchPipeline
from rerank.score_table import ScoreTable, TableEntry
from rerank.shortlist import ShortlistedReranker
from rerank.tabled_reranker import TabledReranker
from rerank.types import Pair, Reranker, RowReranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Filter, Hit, Product, Products, Query

TEMPLATE = ProductTemplate(("title",))
RED = Query("1", "red shoe")
COUNT = 60


class Shelf:
    """Products whose title is their row; a first stage that finds them in order."""

    def row(self, product_id: str) -> int:
        return int(product_id)

    def products(self, rows: Sequence[int]) -> list[Product]:
        return [Product(str(row), {"title": str(row)}) for row in rows]

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        return [[Hit(str(row), float(COUNT - row)) for row in range(COUNT)][:k] for _ in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        return [float(COUNT - int(product_id)) for product_id in product_ids]


class Student:
    """A fixed score for each row, by pairs; `read` holds the rows of each call."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores.astype(np.float32)
        self.read: list[list[int]] = []

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        self.read.append([int(product["title"]) if product["title"].isdigit() else -1 for _, product in pairs])
        return self.scores[self.read[-1]]


class RowStudent(Student):
    """The same, by rows; it reads no product."""

    def score_rows(self, query: Query, rows: Sequence[int], products: Products) -> np.ndarray:
        self.read.append(list(rows))
        return self.scores[list(rows)]


class Known:
    """A fixed cosine for each row; titles that are no number are no product's. `queries` counts encodings."""

    def __init__(self, cosines: np.ndarray) -> None:
        self.cosines = cosines.astype(np.float32)
        self.queries = 0

    def of_rows(self, query: Query, rows: np.ndarray, products: Products | None) -> np.ndarray:
        self.queries += 1
        return np.where(rows >= 0, self.cosines[rows], np.float32(np.nan))

    def rows(self, products: Sequence[Product]) -> np.ndarray:
        titles = [product["title"] for product in products]
        return np.array([int(title) if title.isdigit() else -1 for title in titles])


def make(keep: int, seed: int = 0, rows: bool = True) -> tuple[ShortlistedReranker, Student, Known]:
    rng = np.random.default_rng(seed)
    kind = RowStudent if rows else Student
    student, known = kind(rng.normal(2, 3, COUNT)), Known(rng.uniform(-0.2, 0.9, COUNT))
    return ShortlistedReranker(known, student, keep), student, known


def oracle(student: Student, known: Known, rows: list[int], keep: int) -> np.ndarray:
    """The formula, written out one product at a time, in double precision."""
    near = sorted(rows, key=lambda row: (-known.cosines[row], row))
    read = [float(student.scores[row]) for row in near[:keep]]
    every = [float(known.cosines[row]) for row in near]
    found = dict(zip(near, read, strict=False))
    for row in near[keep:]:
        gap = every[keep - 1] - float(known.cosines[row])
        found[row] = min(read) - (np.std(read) or 1.0) * gap / (np.std(every) or 1.0)
    return np.array([found[row] for row in rows])


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("keep", [1, 2, 7, 25, COUNT - 1])
def test_the_nearest_are_read_and_the_others_follow_by_cosine(keep: int, rows: bool) -> None:
    reranker, student, known = make(keep, seed=keep, rows=rows)
    asked = np.random.default_rng(1).permutation(COUNT).tolist()
    scores = reranker.score_rows(RED, asked, Shelf())
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, oracle(student, known, asked, keep), rtol=1e-5, atol=1e-5)
    nearest = sorted(range(COUNT), key=lambda row: -known.cosines[row])
    assert [sorted(read) for read in student.read] == [sorted(nearest[:keep])]
    by_row = dict(zip(asked, scores.tolist(), strict=True))
    assert [by_row[row] for row in nearest[:keep]] == student.scores[nearest[:keep]].tolist()
    tail = [by_row[row] for row in nearest[keep:]]
    lowest = student.scores[nearest[:keep]].min()
    assert (np.diff([lowest, *tail]) < 0).all()
    pairs = [(RED, product) for product in Shelf().products(asked)]
    assert reranker.score(pairs).tolist() == scores.tolist()  # by their texts
    assert known.queries == 2


def test_a_short_list_and_a_blank_query_are_the_students() -> None:
    reranker, student, known = make(10)
    for asked in ([], [3], list(range(10))):
        assert reranker.score_rows(RED, asked, Shelf()).tolist() == student.scores[asked].tolist()
        assert (
            reranker.score([(RED, one) for one in Shelf().products(asked)]).tolist() == student.scores[asked].tolist()
        )
    every = list(range(COUNT))
    assert reranker.score_rows(Query("2", " \t"), every, Shelf()).tolist() == student.scores.tolist()
    assert student.read[-1] == every
    assert known.queries == 0


def test_the_order_of_the_candidates_does_not_matter() -> None:
    reranker, _, known = make(7)
    known.cosines = np.round(known.cosines * 4) / 4  # many ties, across the cut too
    expected = reranker.score_rows(RED, range(COUNT), Shelf())
    for seed in range(5):
        asked = np.random.default_rng(seed).permutation(COUNT)
        assert reranker.score_rows(RED, asked.tolist(), Shelf()).tolist() == expected[asked].tolist()


def test_ties_in_cosine_are_broken_by_row_and_make_no_ties() -> None:
    reranker, student, known = make(3)
    known.cosines[:] = 0.5
    scores = reranker.score_rows(RED, list(range(COUNT))[::-1], Shelf())[::-1]
    assert scores[:3].tolist() == student.scores[:3].tolist()
    assert (np.diff(scores[3:]) < 0).all()
    assert scores[3] < student.scores[:3].min()
    assert scores[-1] > student.scores[:3].min() - 0.01  # they are as near as those that were read
    student.scores[:] = 1.0  # nor do read scores that do not differ
    assert (np.diff(reranker.score_rows(RED, range(COUNT), Shelf())[3:]) < 0).all()


def test_what_is_read_still_differs_once_it_is_standardised() -> None:
    """A far tail would press the read scores together, and a blend would rank by the first stage."""
    rng = np.random.default_rng(4)
    for spread in (1e-7, 1e-3, 1.0):
        reranker, student, known = make(20, seed=5)
        known.cosines = (0.9 - spread * np.sort(rng.exponential(1, COUNT))).astype(np.float32)
        known.cosines[20:] -= np.float32(0.5)  # a gap after the cut
        scores = reranker.score_rows(RED, range(COUNT), Shelf())
        assert np.isfinite(scores).all()
        assert np.std(normalise(scores)[:20]) > 0.3
        assert scores.min() > student.scores[:20].min() - 8 * student.scores[:20].std()


def test_products_that_the_index_does_not_know_are_always_read() -> None:
    reranker, student, known = make(5)
    strangers = [Product("a", {"title": "new lamp"}), Product("b", {"title": "new shoe"})]
    asked = [*Shelf().products(range(20)), *strangers]
    scores = reranker.score([(RED, product) for product in asked])
    nearest = sorted(range(20), key=lambda row: -known.cosines[row])
    assert sorted(student.read[-1]) == [-1, -1, *sorted(nearest[:3])]  # they take two of the five places
    assert scores[20:].tolist() == [student.scores[-1]] * 2
    by_row = scores[nearest]
    assert by_row[:3].tolist() == student.scores[nearest[:3]].tolist()
    assert (np.diff(by_row[3:]) < 0).all()
    assert by_row[3] < min(scores[20], *by_row[:3])
    many = [Product(str(place), {"title": f"new {place}"}) for place in range(9)]
    scores = reranker.score([(RED, product) for product in [*many, *Shelf().products(range(4))]])
    assert student.read[-1] == [-1] * 9  # more than there are places
    assert scores[9:].max() < student.scores[-1]
    alone = reranker.score([(RED, product) for product in many])
    assert alone.tolist() == [student.scores[-1]] * 9


def test_each_query_of_many_has_a_shortlist_of_its_own() -> None:
    reranker, student, _ = make(5)
    other = Query("2", "blue hat")
    shelf = Shelf().products(range(12))
    pairs = [pair for product in shelf for pair in ((RED, product), (other, product))] + [(Query("3", "x"), shelf[0])]
    scores = reranker.score(pairs)
    alone = reranker.score([(RED, product) for product in shelf])
    assert scores[0:24:2].tolist() == scores[1:24:2].tolist() == alone.tolist()
    assert scores[24] == student.scores[0]


def test_a_shortlist_of_none_is_refused() -> None:
    with pytest.raises(InputError, match="a shortlist of 0 products"):
        make(0)


def test_the_pipeline_ranks_by_it_and_scores_that_are_none_are_refused(tmp_path: Path) -> None:
    reranker, student, known = make(6)
    assert isinstance(reranker, Reranker)
    assert isinstance(reranker, RowReranker)
    shelf = Shelf()
    pipeline = SearchPipeline(shelf, reranker, shelf, TEMPLATE, window=30)  # type: ignore[arg-type]
    expected = oracle(student, known, list(range(30)), 6)
    found = [int(hit.product_id) for hit in pipeline.search([RED], 40)[0].hits]
    assert found == [*np.argsort(-expected, kind="stable").tolist(), *range(30, 40)]
    table = ScoreTable.write(tmp_path / "table", [TableEntry("red shoe", np.arange(30), np.arange(30.0))], {})
    tabled = TabledReranker(table, reranker)  # the table knows them all: nothing is left out
    assert tabled.score_rows(RED, range(30), shelf).tolist() == list(range(30))
    assert tabled.score_rows(RED, range(31), shelf).tolist() == reranker.score_rows(RED, range(31), shelf).tolist()
    student.scores[:] = np.nan
    assert np.isnan(reranker.score_rows(RED, range(30), shelf)).all()
