import pytest

from eval.errors import InputError
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

PRODUCT = Product("1", {"brand": "Acme", "title": "  Red\twool\n shirt ", "colour": "", "size": "XL"})


def test_fields_come_in_the_templates_order_folded_and_without_the_empty_ones() -> None:
    assert ProductTemplate(("title", "colour", "brand", "weight")).text(PRODUCT) == "Red wool shirt | Acme"
    assert ProductTemplate(("brand", "title")).text(PRODUCT) == "Acme | Red wool shirt"


def test_a_product_with_nothing_to_say_has_the_empty_text() -> None:
    assert ProductTemplate(("title", "brand")).text(Product("1", {"title": " \n", "size": "XL"})) == ""


@pytest.mark.parametrize(
    ("longest", "text"),
    [
        (21, "Red wool shirt | Acme"),
        (20, "Red wool shirt"),
        (16, "Red wool shirt"),
        (14, "Red wool shirt"),
        (13, "Red wool"),
        (2, "Re"),
    ],
)
def test_a_long_text_is_cut_after_a_word(longest: int, text: str) -> None:
    assert ProductTemplate(("title", "brand"), longest).text(PRODUCT) == text


def test_a_template_that_makes_no_sense_is_an_error() -> None:
    with pytest.raises(InputError, match="no fields"):
        ProductTemplate(())
    with pytest.raises(InputError, match="names title twice"):
        ProductTemplate(("title", "brand", "title"))
    with pytest.raises(InputError, match="max_characters is 0"):
        ProductTemplate(("title",), 0)


def test_a_field_stands_as_often_as_it_counts() -> None:
    weighted = ProductTemplate(("title", "colour", "brand"), times=(2, 3, 1))
    assert weighted.text(PRODUCT) == "Red wool shirt | Red wool shirt | Acme"
    for times in ((1,), (1, 0, 1)):
        with pytest.raises(InputError, match="one whole number from 1 for each field"):
            ProductTemplate(("title", "colour", "brand"), times=times)
