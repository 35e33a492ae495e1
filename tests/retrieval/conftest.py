"""A small catalogue, and the tiny bi-encoder opened."""

import random
from pathlib import Path

import pytest

from retrieval.catalogue import Catalogue
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate
from retrieval.types import Product


@pytest.fixture(scope="session")
def tiny_encoder(tiny_encoder_dir: Path) -> Encoder:
    return Encoder(str(tiny_encoder_dir), device="cpu")


@pytest.fixture(scope="session")
def template() -> ProductTemplate:
    return ProductTemplate(("title", "brand", "colour"))


@pytest.fixture(scope="session")
def small_products() -> list[Product]:
    """400 products: repeated texts under different ids, two without any text, one colour that only three have."""
    rng = random.Random(5)
    colours, things = ("red", "blue", "green", "black"), ("shirt", "shoes", "lamp", "cable", "cups", "tables", "knife")
    words = (
        "cotton",
        "wool",
        "steel",
        "small",
        "large",
        "kids",
        "women",
        "without",
        "leather",
        "10mm",
        "2 pack",
        "5 oz",
    )
    made = []
    for number in range(400):
        title = f"{rng.choice(things)} {' '.join(rng.sample(words, rng.randint(1, 5)))}"
        fields = {"title": title, "brand": rng.choice(("acme", "zenith", "")), "colour": rng.choice(colours)}
        if number % 10 == 9:
            fields = dict(made[-1].fields)
        if number in (120, 250):
            fields = {"title": "", "brand": "", "colour": ""}
        if number in (7, 201, 399):
            fields["colour"] = "white"
        made.append(Product(f"p{(number * 7919) % 100_000:05d}", fields))
    return made


@pytest.fixture(scope="session")
def small_catalogue(small_products: list[Product], tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.write(small_products, tmp_path_factory.mktemp("catalogue") / "small")
