"""What the best products share is looked for in a changing catalogue too: by the sums over its parts."""

import numpy as np
import pytest

from retrieval.expansion import Expansion, expansion_words
from retrieval.fusion import fuse_scores
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from tests.retrieval.live.conftest import OpenShop


def test_a_changing_catalogue_is_searched_by_the_same_sums(open_shop: OpenShop, template: ProductTemplate) -> None:
    """New products give words and are found by them as soon as they are put."""
    expansion = Expansion(products=4, words=2, weight=1.0)
    shop = open_shop(expansion=expansion)
    query = Query("q", "theremin")

    def check() -> None:
        plain, words, vectors = open_shop(), open_shop(first_stage="bm25"), open_shop(first_stage="dense")
        ids = list(shop.view().catalogue.ids)
        best = plain.view().retriever.search([query], 4)[0]
        products = [shop.view().catalogue.product(hit.product_id) for hit in best]
        lexical = words.view().retriever
        bm25 = shop.view().retriever._words  # type: ignore[attr-defined]
        more = expansion_words(query, [template.text(product) for product in products], bm25, expansion)
        assert "cabinet" in more
        scores = np.array(lexical.score_products(query, ids))
        for word, times in more.items():
            scores += times * np.array(lexical.score_products(Query("w", word), ids))
        cosines = vectors.view().retriever.score_products(query, ids)
        expected = dict(zip(ids, fuse_scores([scores.tolist(), cosines], [0.0, -1.0], "scores"), strict=True))
        hits = shop.view().retriever.search([query], len(ids))[0]
        assert {hit.product_id: hit.score for hit in hits} == pytest.approx(expected, abs=1e-5)
        assert "far" in [hit.product_id for hit in hits[:6]]

    shop.put(
        [Product(f"near {colour}", {"title": "theremin cabinet", "colour": colour}) for colour in ("red", "", "x")]
    )
    shop.put([Product("far", {"title": "cabinet"})])
    check()
    shop.merge()
    check()
