"""A changed catalogue is searched as one built anew would be: against brute force, after random changes."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import Encoder
from retrieval.live.shop import LiveShop
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Filter, Product, Query, Retriever
from tests.retrieval.live.live_base import Base, Model, content, follow, operation, perform

OpenShop = Callable[..., LiveShop]

TOLERANCE = 2e-5  # batches are padded differently from one encoding to the next
QUERIES = [Query("one", "lamp"), Query("several", "red cotton shirt women"), Query("new", "xylophone zither")]
FILTERS: list[Filter | None] = [
    None,
    {"colour": "red"},
    {"colour": "mauve"},
    {"colour": ["white", "mauve"], "brand": ["newcomer", "acme"]},
    {"brand": "nobody"},
]


class Oracle:
    """Brute force over the products of a model."""

    def __init__(self, products: list[Product], template: ProductTemplate, encoder: Encoder) -> None:
        self.template = template
        self.encoder = encoder
        self.base = [Counter(tokenize(template.text(product))) for product in products]
        self.mean = sum(sum(document.values()) for document in self.base) / len(self.base)
        self.vectors: dict[str, np.ndarray] = {}

    def cosines(self, model: Model, query: Query) -> np.ndarray:
        texts = [self.template.text(Product(product_id, fields)) for product_id, fields in model.items()]
        new = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        self.vectors |= dict(zip(new, self.encoder.encode_products(new, 16), strict=True))
        return np.stack([self.vectors[text] for text in texts]) @ self.encoder.encode_queries([query.text])[0]

    def bm25(self, model: Model, query: Query) -> np.ndarray:
        """With N, df and mean length of the products that the index was built over."""
        scores = []
        for product_id, fields in model.items():
            times, score = Counter(tokenize(self.template.text(Product(product_id, fields)))), 0.0
            for word in tokenize(query.text):
                df = sum(word in document for document in self.base)
                idf = math.log(1 + (len(self.base) - df + 0.5) / (df + 0.5))
                length = sum(times.values()) / self.mean
                score += idf * times[word] / (times[word] + 1.2 * (0.25 + 0.75 * length)) if times[word] else 0.0
            scores.append(score)
        return np.array(scores)


@pytest.fixture(scope="module")
def oracle(small_products: list[Product], template: ProductTemplate, tiny_encoder: Encoder) -> Oracle:
    return Oracle(small_products, template, tiny_encoder)


def matches(fields: dict[str, str], where: Filter | None) -> bool:
    return all(
        fields[name] in ([wanted] if isinstance(wanted, str) else wanted) for name, wanted in (where or {}).items()
    )


def check(
    retriever: Retriever,
    model: Model,
    truth: np.ndarray,
    query: Query,
    k: int,
    where: Filter | None,
    *,
    found_only: bool = False,
) -> None:
    """The hits are the best `k` by `truth`, of each product's score; `found_only`: of those whose score is not 0."""
    place = {product_id: number for number, product_id in enumerate(model)}
    hits = retriever.search([query], k, where)[0]
    rows = [place[hit.product_id] for hit in hits]
    scores = np.array([hit.score for hit in hits])
    assert len(set(rows)) == len(rows)
    assert sorted(zip(-scores, rows, strict=True)) == list(zip(-scores, rows, strict=True))  # ties in row order
    np.testing.assert_allclose(scores, truth[rows], atol=TOLERANCE)
    allowed = np.array([matches(fields, where) for fields in model.values()], dtype=bool)
    best = np.sort(truth[allowed])[::-1][:k]
    if found_only:
        best = best[best > 0]
    np.testing.assert_allclose(scores, best, atol=TOLERANCE)
    assert allowed[rows].all()


@pytest.mark.parametrize(("kind", "seed"), [("flat", 1), ("flat", 2), ("hnsw", 3), ("ivf_flat", 4), ("ivf_pq", 5)])
def test_random_changes_are_searched_as_by_brute_force(
    kind: str,
    seed: int,
    bases: dict[str, Base],
    small_products: list[Product],
    tiny_encoder: Encoder,
    oracle: Oracle,
    tmp_path: Path,
) -> None:
    shops = {
        stage: bases[kind].open(tmp_path / "live", stage, encoder=tiny_encoder)  # type: ignore[arg-type]
        for stage in ("dense", "bm25")
    }
    model: Model = {product.id: dict(product.fields) for product in small_products}
    ids = [product.id for product in small_products[::3]] + [f"new {number}" for number in range(30)]
    for numbers in (range(1), range(1, 120)):
        for number in numbers:
            perform(shops["dense"], operation(seed, number, ids))
            follow(model, operation(seed, number, ids))
        shops["bm25"].refresh()
        for shop in shops.values():
            assert list(content(shop).items()) == list(model.items())  # same products, same order
        for query in QUERIES:
            cosines, weights = oracle.cosines(model, query), oracle.bm25(model, query)
            for where in FILTERS:
                for k in (1, 1000):
                    check(shops["dense"].view().retriever, model, cosines, query, k, where)
                    check(shops["bm25"].view().retriever, model, weights, query, k, where, found_only=True)
    for shop in shops.values():
        assert shop.view().retired > 50
        shop.close()


@pytest.mark.parametrize("retired", [1, 63, 64, 65, 300])
def test_the_nearest_are_found_when_most_before_them_are_deleted(
    retired: int, open_shop: OpenShop, small_products: list[Product], oracle: Oracle
) -> None:
    shop = open_shop(first_stage="dense")
    query = QUERIES[1]
    nearest = [hit.product_id for hit in shop.view().retriever.search([query], retired)[0]]
    shop.delete(nearest)
    model = {p.id: dict(p.fields) for p in small_products if p.id not in nearest}
    check(shop.view().retriever, model, oracle.cosines(model, query), query, 10, None)
    assert len(shop.view().retriever.search([query], 1000)[0]) == 400 - retired


def test_a_product_put_as_it_was_keeps_its_scores_and_a_merge_keeps_the_ranking(
    open_shop: OpenShop, small_products: list[Product]
) -> None:
    shop = open_shop(first_stage="dense")
    before = dict(shop.view().retriever.search(QUERIES, 1000)[1])
    shop.put(small_products[100:110])
    after = dict(shop.view().retriever.search(QUERIES, 1000)[1])
    assert after.keys() == before.keys()
    np.testing.assert_allclose([after[i] for i in before], list(before.values()), atol=TOLERANCE)
    shop.put([Product("new", {"title": "red lamp"}), Product("twin", {"title": "red lamp"})])
    shop.delete([small_products[0].id])
    hits = shop.view().retriever.search(QUERIES, 1000)
    assert shop.merge()
    merged = shop.view().retriever.search(QUERIES, 1000)
    for some, others in zip(hits, merged, strict=True):
        np.testing.assert_allclose([hit.score for hit in others], [hit.score for hit in some], atol=1e-6)
        assert {hit.product_id for hit in others[:50]} == {hit.product_id for hit in some[:50]}


def test_hybrid_is_the_fusion_of_its_parts(open_shop: OpenShop) -> None:
    shops = {stage: open_shop(first_stage=stage, fusion="ranks") for stage in ("dense", "bm25", "hybrid")}
    for number in range(40):
        perform(shops["dense"], operation(3, number, [f"new {number}" for number in range(20)]))
    for shop in shops.values():
        shop.refresh()
    for query in QUERIES:
        for where in FILTERS:
            scores: dict[str, float] = defaultdict(float)
            for stage in ("dense", "bm25"):
                hits = shops[stage].view().retriever.search([query], 200, where)[0]
                for hit in hits:
                    ranks = [place for place, other in enumerate(hits, start=1) if other.score == hit.score]
                    scores[hit.product_id] += 1 / (60 + sum(ranks) / len(ranks))
            found = shops["hybrid"].view().retriever.search([query], 10, where)[0]
            expected = sorted(scores.values(), reverse=True)[:10]
            np.testing.assert_allclose([hit.score for hit in found], expected, rtol=1e-6)
            np.testing.assert_allclose(
                [hit.score for hit in found], [scores[hit.product_id] for hit in found], rtol=1e-6
            )


@pytest.mark.parametrize("stage", ["dense", "bm25"])
def test_score_products_is_the_score_of_the_search(stage: str, open_shop: OpenShop) -> None:
    shop = open_shop(first_stage=stage)
    shop.put([Product("new", {"title": "red lamp cotton"}), Product("other", {"title": "red xylophone"})])
    view = shop.view()
    for query in QUERIES:
        hits = view.retriever.search([query], 30)[0][::-1]
        assert view.retriever.score_products(query, [hit.product_id for hit in hits]) == [hit.score for hit in hits]
    assert view.retriever.score_products(QUERIES[0], []) == []
    assert view.retriever.score_products(Query("blank", " "), ["new"]) == [0.0]


@pytest.mark.parametrize("stage", ["dense", "bm25", "hybrid"])
def test_it_is_a_retriever(stage: str, open_shop: OpenShop) -> None:
    shop = open_shop(first_stage=stage)
    shop.put([Product("new", {"title": "red lamp"})])
    assert isinstance(shop.view().retriever, Retriever)
    assert shop.view().retriever.search([Query("blank", "  ")], 5) == [[]]
