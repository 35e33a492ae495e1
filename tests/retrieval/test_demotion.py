"""What mentions the unwanted falls behind: by brute force, and as a first stage's hits."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.demotion import LOSS, RERANKER_LOSS, DemotingRetriever, Demotion
from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR
from retrieval.product_text import ProductTemplate
from retrieval.types import Hit, Product, Query

TEMPLATE = ProductTemplate(("title", "brand"))
BAGS = {
    "handles": "Paper bags with sturdy handles",
    "flat": "Paper bags flat bottom",
    "none": "Paper bags, no handles",
    "free": "Handle-free paper bags",
    "less": "Handleless paper bags",
    "brand": "Paper bags",
}
WITHOUT = Query("q", "paper bags without handles")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    products = [Product(i, {"title": t, "brand": "Handle Co" if i == "brand" else "x"}) for i, t in BAGS.items()]
    return Catalogue.write(iter(products), tmp_path_factory.mktemp("demotion") / "catalogue")


@pytest.fixture(scope="module")
def bm25(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> BM25Retriever:
    return BM25Retriever.build(catalogue, TEMPLATE, tmp_path_factory.mktemp("demotion") / "bm25")


@pytest.fixture
def demotion(catalogue: Catalogue) -> Demotion:
    return Demotion(catalogue, TEMPLATE)


@pytest.mark.parametrize(("floor", "score"), [(BM25_FLOOR, 8.0), (COSINE_FLOOR, 0.5)])
def test_a_score_loses_a_share_of_its_height_where_the_unwanted_is_mentioned(
    demotion: Demotion, floor: float, score: float
) -> None:
    found = dict(zip(BAGS, demotion.scores(WITHOUT, list(BAGS), [score] * len(BAGS), floor), strict=True))
    lower = score - LOSS[floor] * (score - floor)
    assert found["handles"] == pytest.approx(lower)
    assert found["brand"] == pytest.approx(lower)
    assert [found[name] for name in ("flat", "none", "free", "less")] == [pytest.approx(score)] * 4


def test_a_rerankers_score_loses_by_how_far_the_scores_lie_apart(demotion: Demotion) -> None:
    scores = np.array([4.0, 1.0, 1.0, 1.0, 1.0, 4.0], dtype=np.float32)
    found = demotion.reranked(WITHOUT, list(BAGS), scores)
    lost = RERANKER_LOSS * np.sqrt(2.0)  # the population's deviation: two of 4 and four of 1
    assert found.tolist() == pytest.approx([4 - lost, 1, 1, 1, 1, 4 - lost])
    assert found.dtype == np.float32
    assert demotion.reranked(Query("q", "paper bags"), list(BAGS), scores).tolist() == scores.tolist()
    assert demotion.reranked(WITHOUT, [], scores[:0]).tolist() == []


def test_of_two_unwanted_things_one_costs_all(demotion: Demotion) -> None:
    query = Query("q", "paper bags without wheels or handles")
    lowered, none = demotion.scores(query, ["handles", "flat"], [1.0, 1.0], BM25_FLOOR)
    assert (lowered, none) == (pytest.approx(1 - LOSS[BM25_FLOOR]), 1.0)


def test_of_two_unwanted_words_one_costs_half(demotion: Demotion) -> None:
    query = Query("q", "paper bags without sturdy wheels")
    half, whole = demotion.scores(query, ["handles", "flat"], [1.0, 1.0], BM25_FLOOR)
    assert (half, whole) == (pytest.approx(1 - LOSS[BM25_FLOOR] / 2), 1.0)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("drill without batteries", "Drill with Battery"),
        ("drill without battery", "Drill, 2 BATTERIES"),
        ("drill without 10mm bit", "Drill for bits of 10 mm"),
        ("shirt without women's", "Women’s shirt"),
        ("menu without cafe", "Menu of a CAFÉ"),
    ],
)
def test_a_mention_may_be_spelt_otherwise(tmp_path: Path, query: str, title: str) -> None:
    catalogue = Catalogue.write(iter([Product("1", {"title": title})]), tmp_path / "catalogue")
    found = Demotion(catalogue, ProductTemplate(("title",))).scores(Query("q", query), ["1"], [1.0], BM25_FLOOR)
    assert found == [1 - LOSS[BM25_FLOOR]]


def test_a_query_that_is_without_nothing_changes_nothing(demotion: Demotion) -> None:
    query, hits = Query("q", "paper bags with handles"), [Hit("handles", 0.1), Hit("flat", 0.7)]
    assert demotion.hits(query, hits, COSINE_FLOOR) == hits
    assert demotion.scores(query, ["handles"], [0.1], COSINE_FLOOR) == [0.1]


def test_equal_scores_stand_in_catalogue_order(demotion: Demotion) -> None:
    hits = [Hit(name, 1.0) for name in ("less", "handles", "free", "flat")]
    assert [hit.product_id for hit in demotion.hits(WITHOUT, hits, BM25_FLOOR)] == ["flat", "free", "less", "handles"]


def test_hits_are_what_brute_force_gives(catalogue: Catalogue, bm25: BM25Retriever, demotion: Demotion) -> None:
    retriever = DemotingRetriever(bm25, demotion, BM25_FLOOR)
    plain = Query("p", "sturdy paper bags")
    found = retriever.search([WITHOUT, plain], 3)
    ids = list(BAGS)
    every = np.array(retriever.score_products(WITHOUT, ids), dtype=np.float32)
    best = [ids[place] for place in np.lexsort((np.arange(len(ids)), -every))[:3]]
    assert [hit.product_id for hit in found[0]] == best
    assert [hit.score for hit in found[0]] == [every[ids.index(name)] for name in best]
    assert found[1] == bm25.search([plain], 3)[0]
    assert not {"handles", "brand"} & set(best)


def test_others_move_up_from_below_the_cut(tmp_path: Path) -> None:
    products = [Product(f"with {number}", {"title": "paper bags with handles"}) for number in range(40)]
    products += [Product("far", {"title": "paper bags for bread rolls"})]
    catalogue = Catalogue.write(iter(products), tmp_path / "catalogue")
    template = ProductTemplate(("title",))
    bm25 = BM25Retriever.build(catalogue, template, tmp_path / "bm25")
    (without,) = DemotingRetriever(bm25, Demotion(catalogue, template), BM25_FLOOR).search([WITHOUT], 10)
    assert len(without) == 10
    assert "far" not in [hit.product_id for hit in bm25.search([WITHOUT], 10)[0]]
    assert without[0].product_id == "far"


def test_no_products_no_scores(demotion: Demotion) -> None:
    assert demotion.scores(WITHOUT, [], [], BM25_FLOOR) == []
    assert demotion.hits(WITHOUT, [], BM25_FLOOR) == []
