"""Cosines of stored vectors against vectors encoded anew."""

import numpy as np
import pytest

from retrieval.catalogue import Catalogue
from retrieval.encoder import Encoder
from retrieval.live.cosines import StoredCosines
from retrieval.live.shop import LiveShop
from retrieval.product_text import ProductTemplate
from retrieval.text_rows import TextRows
from retrieval.types import Product, Query
from retrieval.vector_index import vector_scores
from tests.retrieval.live.conftest import OpenShop

QUERY = Query("1", "red cotton shirt without buttons")
LAMP = Product("lamp", {"title": "blue steel lamp", "brand": "acme"})


@pytest.fixture
def shop(open_shop: OpenShop) -> LiveShop:
    return open_shop(attach=lambda _, dense: dense)


def stored(shop: LiveShop, template: ProductTemplate) -> StoredCosines:
    dense = shop.view().attached
    return StoredCosines(dense.encoder, dense.index.scores, TextRows(dense.catalogue, template))


def test_rows_of_the_index_and_live_ones(shop: LiveShop, template: ProductTemplate, tiny_encoder: Encoder) -> None:
    catalogue = shop.view().catalogue
    first, second = catalogue.base.products([0, 1])
    shop.put([LAMP, Product(first.id, {"title": "changed shirt"})])  # rows 400, 401; row 0 is retired
    shop.delete([second.id])
    rows = np.array([401, 0, 7, 400, -1, 1])
    catalogue = shop.view().catalogue
    found = stored(shop, template).of_rows(QUERY, rows, catalogue)
    query = tiny_encoder.encode_queries(["red cotton shirt"])[0]  # without what is not wanted, as the first stage
    texts = [template.text(product) for product in catalogue.products(rows[rows >= 0].tolist())]
    assert found[rows >= 0] == pytest.approx(tiny_encoder.encode_products(texts) @ query, abs=2e-5)
    assert np.isnan(found[rows < 0]).all()
    by_id = catalogue.products([401, 7, 400])
    own = shop.view().retriever.parts[1][0].score_products(QUERY, [product.id for product in by_id])
    assert found[[0, 2, 3]].tolist() == own  # what the dense first stage says of them, to the last place


def test_products_are_known_by_text(shop: LiveShop, template: ProductTemplate, small_catalogue: Catalogue) -> None:
    cosines = stored(shop, template)
    products = small_catalogue.products([5, 399, 0])
    title = template.fields[0]
    others = [Product("x", {title: "no such thing"}), Product("y", {title: template.text(products[0])})]
    rows = cosines.rows([*products, *others, LAMP])
    texts = small_catalogue.texts(template, 0, 400)
    first = [texts.index(template.text(product)) for product in products]
    assert rows.tolist() == [*first, -1, first[0], -1]
    shop.put([LAMP])
    shop.merge()
    assert stored(shop, template).rows([LAMP]).tolist() == [400]
    assert np.isnan(cosines.of_rows(QUERY, rows, None)).tolist() == (rows < 0).tolist()


def test_vectors_without_an_index(shop: LiveShop) -> None:
    index = shop.view().attached.index
    rows, query = np.array([3, 0, 77]), np.arange(index.manifest.dimension, dtype=np.float32)
    vectors = index.vectors(np.arange(400))
    assert vector_scores(vectors, query, rows).tolist() == index.scores(query, rows).tolist()


def test_texts_that_no_file_could_hold(small_catalogue: Catalogue, template: ProductTemplate) -> None:
    assert TextRows(small_catalogue, template).rows([Product("x", {template.fields[0]: "\ud800"})]).tolist() == [-1]
