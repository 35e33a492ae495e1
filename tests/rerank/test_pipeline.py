from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.errors import InputError, MachineError
from eval.trec import ranking
from rerank.blend import blend
from rerank.parent import build_student
from rerank.pipeline import SearchPipeline, SearchResult
from rerank.student import Student
from rerank.types import Pair
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.demotion import RERANKER_LOSS
from retrieval.product_text import ProductTemplate
from retrieval.types import Filter, Hit, Product, Query

TEMPLATE = ProductTemplate(("title",))
COLOURS = ["red", "blue", "green", "black", "white"]
THINGS = ["cotton shirt", "wool hat", "table lamp", "usb cable", "toy knife", "leather shoe"]
PRODUCTS = [
    Product(f"p{i}", {"title": f"{colour} {thing}", "colour": colour})
    for i, (colour, thing) in enumerate((colour, thing) for thing in THINGS for colour in COLOURS)
]
QUERIES = [Query("1", "red shirt"), Query("2", "black usb cable"), Query("3", "zzz"), Query("4", "white toy for kids")]


class Shelf:
    """A catalogue in memory."""

    def row(self, product_id: str) -> int:
        rows = [row for row, product in enumerate(PRODUCTS) if product.id == product_id]
        if not rows:
            raise InputError(f"unknown product {product_id!r}")
        return rows[0]

    def products(self, rows: Sequence[int]) -> list[Product]:
        return [PRODUCTS[row] for row in rows]


class Overlap:
    """An exact first stage: how many of the query's words the title has, longer titles a little lower."""

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        allowed = [p for p in PRODUCTS if where is None or all(p[field] == value for field, value in where.items())]
        answers = []
        for query in queries:
            scores = self.score_products(query, [product.id for product in allowed])
            hits = [Hit(product.id, score) for product, score in zip(allowed, scores, strict=True) if score > 0]
            answers.append(sorted(hits, key=lambda hit: -hit.score)[:k])
        return answers

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        titles = [PRODUCTS[Shelf().row(product_id)]["title"] for product_id in product_ids]
        shared = [len(set(query.text.split()) & set(title.split())) for title in titles]
        return [count - len(title) / 100 if count else 0.0 for count, title in zip(shared, titles, strict=True)]


class Scores:
    """A reranker that answers what it is told, and counts its calls."""

    def __init__(self, of: dict[str, float], *, answer: np.ndarray | None = None) -> None:
        self.of = of
        self.answer = answer
        self.calls: list[list[Pair]] = []

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        self.calls.append(list(pairs))
        if self.answer is not None:
            return self.answer
        return np.array([self.of.get(product.id, 0.0) for _, product in pairs], dtype=np.float32)


@pytest.fixture(scope="module")
def student(tiny_bert_dir: Path) -> Student:
    start = build_student(tiny_bert_dir, 2)
    return Student(start.model, start.tokenizer, TEMPLATE, max_length=32)


def _ids(result: SearchResult) -> list[str]:
    return [hit.product_id for hit in result.hits]


@pytest.mark.parametrize("blend_weight", [1.0, 0.4, 0.0])
@pytest.mark.parametrize(("window", "k"), [(3, 5), (5, 3), (100, 10), (1, 4)])
def test_search_equals_brute_force(student: Student, window: int, k: int, blend_weight: float):
    pipeline = SearchPipeline(Overlap(), student, Shelf(), TEMPLATE, window=window, blend_weight=blend_weight)
    results = pipeline.search(QUERIES, k)
    assert [result.query for result in results] == QUERIES
    for query, result in zip(QUERIES, results, strict=True):
        scored = [(Overlap().score_products(query, [product.id])[0], product) for product in PRODUCTS]
        found = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
        first = [score for score, _ in found[:window]]
        second = [float(student.score([(query, product)])[0]) for _, product in found[:window]]

        def standard(values: list[float]) -> list[float]:
            if not values or max(values) == min(values):
                return [0.0] * len(values)
            return [(value - np.mean(values)) / np.std(values) for value in values]

        final = second
        if blend_weight < 1:
            final = [
                (1 - blend_weight) * a + blend_weight * b
                for a, b in zip(standard(first), standard(second), strict=True)
            ]
        order = sorted(range(len(final)), key=lambda i: (-np.float32(final[i]), i))
        expected = [found[i][1].id for i in order] + [product.id for _, product in found[window:]]
        assert _ids(result) == expected[:k]
        for hit in result.hits:
            place = next(i for i, (_, product) in enumerate(found) if product.id == hit.product_id)
            assert hit.first_rank == place + 1
            assert hit.first_score == pytest.approx(found[place][0])
            if place < window:
                assert hit.score == pytest.approx(final[place], abs=1e-4)
                assert hit.rerank_score == pytest.approx(second[place], abs=1e-5)
            else:
                assert hit.rerank_score is None
        scores = [np.float32(hit.score) for hit in result.hits]
        assert scores == sorted(scores, reverse=True)


def test_the_real_components_fit_together(student: Student, tmp_path: Path):
    catalogue = Catalogue.write(PRODUCTS, tmp_path / "products")
    retriever = BM25Retriever.build(catalogue, TEMPLATE, tmp_path / "bm25")
    pipeline = SearchPipeline(retriever, student, catalogue, TEMPLATE, window=4)
    for result in pipeline.search(QUERIES, 6):
        hits = retriever.search([result.query], 6)[0]
        assert result.first == hits
        pairs = [(result.query, catalogue.product(hit.product_id)) for hit in hits[:4]]
        scores = student.score(pairs)
        head = sorted(range(len(pairs)), key=lambda i: (-scores[i], i))
        assert _ids(result) == [hits[i].product_id for i in head] + [hit.product_id for hit in hits[4:]]
        judged = pipeline.rerank(result.query, ["p3", "p0", "p29"])
        expected = {
            product: float(student.score([(result.query, catalogue.product(product))])[0])
            for product in ("p0", "p3", "p29")
        }
        assert [hit.rerank_score for hit in judged.hits] == pytest.approx(
            sorted(expected.values(), reverse=True), abs=1e-5
        )
        assert [hit.first_score for hit in sorted(judged.hits, key=lambda hit: hit.product_id)] == pytest.approx(
            retriever.score_products(result.query, ["p0", "p29", "p3"])
        )


def test_a_query_without_hits_is_answered_with_none(student: Student):
    result = SearchPipeline(Overlap(), student, Shelf(), TEMPLATE).search([Query("3", "zzz")], 5)[0]
    assert result.hits == result.first == []
    assert result.run() == {}
    assert SearchPipeline(Overlap(), student, Shelf(), TEMPLATE).search([], 5) == []


def test_without_a_reranker_the_first_stage_answers():
    results = SearchPipeline(Overlap(), None, Shelf(), TEMPLATE, window=2).search(QUERIES, 4)
    for result, hits in zip(results, Overlap().search(QUERIES, 4), strict=True):
        assert result.first == hits
        assert [(hit.product_id, hit.score, hit.first_score, hit.rerank_score) for hit in result.hits] == [
            (hit.product_id, hit.score, hit.score, None) for hit in hits
        ]


def test_filters_reach_the_first_stage(student: Student):
    result = SearchPipeline(Overlap(), student, Shelf(), TEMPLATE).search([QUERIES[0]], 10, {"colour": "red"})[0]
    assert len(result.hits) == 6
    assert all(PRODUCTS[Shelf().row(hit.product_id)]["colour"] == "red" for hit in result.hits)


def test_all_queries_are_scored_in_one_call():
    reranker = Scores({})
    SearchPipeline(Overlap(), reranker, Shelf(), TEMPLATE, window=3).search(QUERIES, 5)
    assert len(reranker.calls) == 1
    assert [query.id for query, _ in reranker.calls[0]] == ["1"] * 3 + ["2"] * 3 + ["4"] * 3


def test_ties_keep_first_stage_order_and_the_run_keeps_the_ranking():
    # The last two differ only beyond float32, so they are tied as well.
    result = SearchPipeline(Overlap(), Scores({"p1": 1.0, "p2": 1.0 + 1e-12}), Shelf(), TEMPLATE).search(
        [QUERIES[0]], 10
    )[0]
    ties = [hit for hit in result.hits if hit.rerank_score == 0.0]
    assert [hit.first_rank for hit in ties] == sorted(hit.first_rank for hit in ties)
    assert ranking(result.run()) == _ids(result)


def test_beyond_the_window_scores_fall_and_the_run_keeps_the_order():
    result = SearchPipeline(Overlap(), Scores({"p0": -5.0}), Shelf(), TEMPLATE, window=2).search([QUERIES[0]], 6)[0]
    assert [hit.first_rank for hit in result.hits] == [2, 1, 3, 4, 5, 6]
    assert [hit.score for hit in result.hits] == [0.0, -5.0, -6.0, -7.0, -8.0, -9.0]
    assert ranking({hit.product_id: hit.score for hit in result.hits}) == _ids(result)


def test_judged_products_are_ranked_by_the_same_code(student: Student):
    pipeline = SearchPipeline(Overlap(), student, Shelf(), TEMPLATE, window=1)
    judged = ["p7", "p0", "p12", "p3"]
    result = pipeline.rerank(QUERIES[0], judged)
    scores = {product: float(student.score([(QUERIES[0], PRODUCTS[Shelf().row(product)])])[0]) for product in judged}
    assert _ids(result) == sorted(judged, key=lambda product: -scores[product])
    # "red cotton shirt" shares two words, "black cotton shirt" one, the others none: a tie in the order given.
    assert [hit.product_id for hit in result.first] == ["p0", "p3", "p7", "p12"]
    assert all(hit.rerank_score == pytest.approx(scores[hit.product_id], abs=1e-5) for hit in result.hits)
    many = pipeline.rerank_lists([(QUERIES[0], judged), (QUERIES[1], []), (QUERIES[1], judged[:2])])
    assert [len(each.hits) for each in many] == [4, 0, 2]
    assert _ids(many[0]) == _ids(result)


def test_the_same_candidates_rank_alike_in_search_and_in_rerank(student: Student):
    pipeline = SearchPipeline(Overlap(), student, Shelf(), TEMPLATE, blend_weight=0.5)
    for found in pipeline.search(QUERIES, 100):
        again = pipeline.rerank(found.query, [hit.product_id for hit in found.first])
        assert _ids(again) == _ids(found)


def test_timings_are_told_for_each_stage(student: Student):
    timings = SearchPipeline(Overlap(), student, Shelf(), TEMPLATE).search(QUERIES, 3)[0].timings_ms
    assert list(timings) == ["retrieve", "fetch", "rerank", "blend", "total"]
    assert timings["rerank"] > 0
    assert sum(timings.values()) == pytest.approx(2 * timings["total"])


@pytest.mark.parametrize("answer", [np.zeros(3, np.float32), np.zeros((16, 1), np.float32)])
def test_a_reranker_that_answers_too_little_is_refused(answer: np.ndarray):
    with pytest.raises(MachineError, match="for 10 pairs"):
        SearchPipeline(Overlap(), Scores({}, answer=answer), Shelf(), TEMPLATE).search([QUERIES[0]], 3)


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(MachineError, match="'red shirt' and product 'p1' is not finite"):
        SearchPipeline(Overlap(), Scores({"p1": float("nan")}), Shelf(), TEMPLATE).search([QUERIES[0]], 3)


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="window"):
        SearchPipeline(Overlap(), None, Shelf(), TEMPLATE, window=0)
    with pytest.raises(InputError, match="blend weight"):
        SearchPipeline(Overlap(), None, Shelf(), TEMPLATE, blend_weight=1.5)
    pipeline = SearchPipeline(Overlap(), None, Shelf(), TEMPLATE)
    with pytest.raises(InputError, match="k is"):
        pipeline.search(QUERIES, 0)
    with pytest.raises(InputError, match="twice"):
        pipeline.rerank(QUERIES[0], ["p1", "p1"])


@pytest.mark.parametrize("blend_weight", [1.0, 0.5])
def test_what_mentions_the_unwanted_falls_behind_after_reranking_as_well(blend_weight: float):
    query = Query("1", "shirt without red")
    likes_red = Scores({"p0": 2.0, "p1": 1.0, "p2": 0.0})
    pipeline = SearchPipeline(Overlap(), likes_red, Shelf(), TEMPLATE, window=3, blend_weight=blend_weight)
    result = pipeline.rerank(query, ["p0", "p1", "p2"])
    lost = RERANKER_LOSS * np.std([2.0, 1.0, 0.0])
    assert {hit.product_id: hit.rerank_score for hit in result.hits} == pytest.approx(
        {"p0": 2.0 - lost, "p1": 1.0, "p2": 0.0}
    )
    second = [hit.rerank_score or 0.0 for hit in result.hits]
    final = second if blend_weight == 1.0 else blend([hit.first_score for hit in result.hits], second, blend_weight)
    assert [hit.score for hit in result.hits] == pytest.approx(list(final))
    assert _ids(result)[0] == ("p1" if blend_weight == 1.0 else "p0")  # the first stage's best keeps its other half
