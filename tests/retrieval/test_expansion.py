"""Words of the best products are looked for as well: by hand."""

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.expansion import ExpandingRetriever, Expansion, WordRetriever, expansion_words
from retrieval.first_stages import first_stages
from retrieval.fusion import Fusion
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Filter, Hit, Product, Query

TEMPLATE = ProductTemplate(("title",))
TITLES = {
    "a": "velvet couch three seats",
    "b": "sofa velvet couch",
    "c": "couch leather",
    "d": "settee velvet three seats",
    "e": "garden chair velvet",
    "f": "desk lamp",
    "g": "desk lamp brass",
    "h": "table lamp",
}
COSINES = {"a": 0.9, "b": 0.95, "c": 0.8, "d": 0.7, "e": 0.1, "f": -0.2, "g": -0.3, "h": -0.4}


class Fixed:
    """A bi-encoder's double: one cosine a product, whatever is asked."""

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        ranked = sorted(COSINES.items(), key=lambda item: -item[1])
        kept = [item for item in ranked if where is None or item[0] in where["id"]]
        return [[Hit(*item) for item in kept[:k]] for _ in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        return [COSINES[product_id] for product_id in product_ids]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    products = (Product(i, {"title": title, "id": i}) for i, title in TITLES.items())
    return Catalogue.write(products, tmp_path_factory.mktemp("expansion") / "catalogue")


@pytest.fixture(scope="module")
def bm25(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> BM25Retriever:
    return BM25Retriever.build(catalogue, TEMPLATE, tmp_path_factory.mktemp("expansion") / "bm25")


def _idf(word: str) -> float:
    held = sum(word in tokenize(title) for title in TITLES.values())
    return math.log(1 + (len(TITLES) - held + 0.5) / (held + 0.5))


def test_an_indexs_idf_and_added_words_by_the_formula(bm25: BM25Retriever) -> None:
    for word in ("velvet", "lamp", "xylophon"):
        assert bm25.idf(word) == pytest.approx(_idf(word))
    query, one = Query("q", "sofa"), np.array(bm25.scores(Query("q", "velvet")))
    found = bm25.adding({"velvet": 0.25, "xylophon": 3.0}).scores(query)
    np.testing.assert_allclose(found, bm25.scores(query) + 0.25 * one, rtol=1e-6)
    hits = bm25.adding({"velvet": 0.25}).search([query], 10)[0]
    assert {hit.product_id for hit in hits} == {"a", "b", "d", "e"}  # more is found
    assert not bm25.more  # the index itself is as it was


def test_the_words_are_those_that_tell_most_of_the_texts_but_for_the_querys_own(bm25: BM25Retriever) -> None:
    texts = [TITLES[name] for name in "abcd"]
    query = Query("q", "sofa without seats")
    found = expansion_words(query, texts, bm25, Expansion(products=4, words=2, weight=0.5))
    seat, couch, velvet, three = (tokenize(word)[0] for word in ("seats", "couch", "velvet", "three"))
    told = {couch: 3 / 4 * _idf(couch), velvet: 3 / 4 * _idf(velvet), three: 2 / 4 * _idf(three)}
    best = sorted(told, key=lambda word: -told[word])[:2]
    assert found.keys() == set(best)
    assert seat not in found  # the query's, and unwanted at that
    assert sum(found.values()) == pytest.approx(0.5 * 1)  # "sofa" is what is searched for
    assert found[best[0]] / found[best[1]] == pytest.approx(told[best[0]] / told[best[1]])
    assert expansion_words(query, texts[:1], bm25, Expansion()) == {}  # no word is shared
    assert expansion_words(query, [], bm25, Expansion()) == {}


def test_words_that_no_product_has_bring_no_others_in(catalogue: Catalogue, bm25: BM25Retriever) -> None:
    texts = [TITLES[name] for name in "abcd"]
    half_known, unknown = Query("q", "sofa zzqq"), Query("q", "zzqq xxyy")
    assert sum(expansion_words(half_known, texts, bm25, Expansion()).values()) == pytest.approx(0.25)
    assert expansion_words(unknown, texts, bm25, Expansion()) == {}
    once, twice = (
        first_stages(bm25, Fixed(), catalogue, TEMPLATE, "scores", expansion)["hybrid"]
        for expansion in (None, Expansion())
    )
    assert twice.search([unknown], 8) == once.search([unknown], 8)


@pytest.mark.parametrize("fusion", ["scores", "ranks"])
def test_a_search_is_the_fusion_with_what_the_expanded_query_finds(
    catalogue: Catalogue, bm25: BM25Retriever, fusion: Fusion
) -> None:
    def stage(words: WordRetriever, expansion: Expansion | None) -> ExpandingRetriever:
        made = first_stages(words, Fixed(), catalogue, TEMPLATE, fusion, expansion)["hybrid"]
        return cast(ExpandingRetriever, made)

    query, expansion = Query("q", "sofa"), Expansion(products=3, words=2, weight=1.0)
    plain = stage(bm25, None).search([query], 8)[0]
    texts = [TITLES[hit.product_id] for hit in plain[:3]]
    more = expansion_words(query, texts, bm25, expansion)
    assert set(more) == {tokenize("couch")[0], tokenize("velvet")[0]}
    by_hand = stage(bm25.adding(more), None)
    expanding = stage(bm25, expansion)
    for k in (2, 8):
        assert expanding.search([query, query], k) == by_hand.search([query, query], k)
    assert expanding.search([query], 8)[0] != plain
    some = ["c", "f", "a"]
    assert expanding.score_products(query, some) == by_hand.score_products(query, some)
    assert expanding.score_products(query, []) == []
    # Behind a filter the feedback has passed it too: of c and f nothing is shared, so nothing is added.
    where = {"id": ["c", "f"]}
    assert expanding.search([query], 8, where) == stage(bm25, None).search([query], 8, where)
    blank = Query("b", " ")
    assert expanding.search([blank], 8) == stage(bm25, None).search([blank], 8)


def test_a_word_that_only_the_expansion_knows_brings_a_product_up(catalogue: Catalogue, bm25: BM25Retriever) -> None:
    ranked = {
        name: [hit.product_id for hit in stage.search([Query("q", "sofa")], 8)[0]]
        for name, stage in (
            ("once", first_stages(bm25, Fixed(), catalogue, TEMPLATE, "scores", None)["hybrid"]),
            ("twice", first_stages(bm25, Fixed(), catalogue, TEMPLATE, "scores", Expansion(3, 2, 1.0))["hybrid"]),
        )
    }
    assert ranked["once"].index("c") < ranked["once"].index("d")
    assert ranked["twice"][0] == ranked["once"][0] == "b"
    assert set(ranked["twice"][:3]) == {"a", "b", "c"}
