from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.filters import matching_rows
from retrieval.types import Product


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    products = [
        Product("a", {"title": "red shoe", "brand": "acme", "colour": "red"}),
        Product("b", {"title": "blue shoe", "brand": "Acme", "colour": "blue"}),
        Product("c", {"title": "lamp", "brand": "acme"}),
        Product("d", {"title": "hat", "brand": "zenith", "colour": "red"}),
    ]
    return Catalogue.write(products, tmp_path / "catalogue")


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"colour": "red"}, [0, 3]),
        ({"colour": ["red", "blue"]}, [0, 1, 3]),
        ({"colour": ("red",), "brand": "acme"}, [0]),
        ({"brand": "acme"}, [0, 2]),  # exact: not Acme
        ({"colour": ""}, [2]),  # an absent field is the empty text
        ({"colour": "re"}, []),
        ({"colour": []}, []),
    ],
)
def test_matching_rows(catalogue: Catalogue, where: dict, rows: list[int]) -> None:
    assert matching_rows(catalogue, where).tolist() == rows


def test_a_missing_field_lists_the_fields(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match=r"'color' is not in the catalogue; its fields are brand, colour, title"):
        matching_rows(catalogue, {"color": "red"})


@pytest.mark.parametrize("value", [3, None, ["red", 3]])
def test_a_value_that_is_no_text(catalogue: Catalogue, value: object) -> None:
    with pytest.raises(InputError, match="expected a text or a list of texts"):
        matching_rows(catalogue, {"colour": value})  # type: ignore[dict-item]
