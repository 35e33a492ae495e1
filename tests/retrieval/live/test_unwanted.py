"""What mentions the unwanted falls behind in a changing catalogue, as each product reads at the moment."""

import pytest

from retrieval.demotion import DemotingRetriever
from retrieval.first_stages import FirstStage
from retrieval.types import Product, Query
from tests.retrieval.live.conftest import OpenShop

QUERY = Query("1", "zither case without handles")
IDS = ["first", "second"]


@pytest.mark.parametrize("first_stage", ["bm25", "dense"])
def test_a_product_falls_behind_as_long_as_it_mentions_the_unwanted(
    open_shop: OpenShop, first_stage: FirstStage
) -> None:
    shop = open_shop(first_stage=first_stage)

    def put(product_id: str, text: str) -> None:
        shop.put([Product(product_id, {"title": "zither case", "colour": text})])

    def fallen() -> list[str]:
        retriever = shop.view().retriever
        assert isinstance(retriever, DemotingRetriever)
        scores = retriever.score_products(QUERY, IDS)
        found = {hit.product_id: hit.score for hit in retriever.search([QUERY], 402)[0]}
        assert [found[product_id] for product_id in IDS] == scores
        whole = retriever.retriever.score_products(QUERY, IDS)
        return [product_id for product_id, ours, its in zip(IDS, scores, whole, strict=True) if ours < its]

    put("first", "with handles")
    put("second", "with handles")
    assert fallen() == IDS
    put("second", "no handles")
    assert fallen() == ["first"]
    shop.merge()
    assert fallen() == ["first"]
    put("first", "plain")
    assert fallen() == []
