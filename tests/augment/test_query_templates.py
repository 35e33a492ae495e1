"""Template queries: what is read of a product, and queries that the product really answers."""

import numpy as np
import pytest

from augment.query_templates import TEMPLATES, describe, template_queries
from retrieval.query_key import fold
from retrieval.shop.shop import shop_data
from retrieval.types import Product

INSOLES = Product(
    "p1",
    {
        "title": "Stridewell Goose Down Insoles for Running Shoes (size 6, 2 Pack) - KX-99",
        "brand": "Stridewell",
        "colour": "Army Green",
        "category": "Shoes and accessories > Shoe Insoles",
    },
)
OTHER = Product("p2", {"title": "Gel Shoe Insoles, size 8", "category": "Shoes and accessories > Shoe Insoles"})


def test_what_is_read_of_a_product() -> None:
    read = describe(INSOLES)
    assert (read.kind, read.brand, read.colour) == ("shoe insoles", "stridewell", "army green")
    assert (read.size, read.number, read.purpose) == ("6", "2 pack", "running shoes")
    assert read.qualities == ("goose", "down")  # a code is no quality, nor are a size and a number


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Hamrix Wall Mount 150 feet Reel for Garden Hose, Spinner", "mount reel"),
        ("Navy Sofa | Velvet", "navy sofa"),
        ("Dragonbreath #1", "dragonbreath"),
        ("", ""),
    ],
)
def test_without_a_category_the_type_is_read_off_the_title(title: str, kind: str) -> None:
    assert describe(Product("p", {"title": title, "brand": "Hamrix"})).kind == kind


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("type", {"shoe insoles"}),
        ("brand-type", {"stridewell shoe insoles"}),
        ("colour-type", {"army green shoe insoles"}),
        ("brand-colour-type", {"stridewell army green shoe insoles"}),
        ("number-type", {"2 pack shoe insoles"}),
        ("type-size", {"shoe insoles size 6"}),
        ("type-for", {"shoe insoles for running shoes"}),
        ("type-without", {"shoe insoles without gel"}),
        ("attribute-type", {"goose shoe insoles", "down shoe insoles"}),
    ],
)
def test_every_template_by_hand(template: str, expected: set[str]) -> None:
    read, other = describe(INSOLES), describe(OTHER)
    written = {TEMPLATES[template](read, [other], np.random.default_rng(seed)) for seed in range(40)}
    assert written & expected
    assert TEMPLATES[template](describe(Product("p", {"title": ""})), [], np.random.default_rng(0)) == ""


def test_queries_of_a_shop_are_about_their_products_and_the_same_every_time() -> None:
    products = list(shop_data(products=150, train=4, dev=2, test=4, log=5, judged=4, seed=1, world="main").products())
    queries = list(template_queries(products, 7))
    assert queries == list(template_queries(products, 7)) != list(template_queries(products, 8))
    assert len(queries) == len({query.product_id for query in queries}) > 140
    assert {query.template for query in queries} >= {"type", "brand-type", "attribute-type", "type-without", "title"}
    held = {product.id: {w for v in product.fields.values() for w in fold(v)} for product in products}
    for query in queries:
        negated = query.template == "type-without"
        wanted, _, unwanted = query.text.partition(" without ") if negated else (query.text, "", "")
        assert not set(fold(unwanted)) & held[query.product_id]
        found = [word in held[query.product_id] for word in fold(wanted)]
        assert np.mean(found) > 0.6, query  # "2 pack" is "pack of 2" in some titles
