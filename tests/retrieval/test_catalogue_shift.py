from pathlib import Path

import pytest

from retrieval.catalogue import Catalogue
from retrieval.catalogue_shift import catalogue_shift
from retrieval.product_text import ProductTemplate
from retrieval.types import Product


def test_new_changed_and_removed_products_are_counted_by_id_and_text(tmp_path: Path) -> None:
    base = Catalogue.write([Product(str(i), {"title": f"red shoe {i}"}) for i in range(4)], tmp_path / "catalogue")
    newer = [
        Product("0", {"title": "red shoe 0", "brand": "Acme"}),  # the template does not read the brand
        Product("1", {"title": "blue shoe 1"}),
        Product("2", {"title": "red  shoe 2"}),  # white space is folded
        Product("9", {"title": "green hat"}),
    ]
    shift = catalogue_shift(base, newer, ProductTemplate(("title",)))
    assert (shift.products, shift.new, shift.changed, shift.removed) == (4, 1, 1, 1)
    assert shift.share == 0.5
    assert shift.new_words == pytest.approx(3 / 5)  # blue, green and hat of blue shoe 1 green hat


def test_the_same_catalogue_has_not_moved(tmp_path: Path) -> None:
    products = [Product(str(i), {"title": f"red shoe {i}"}) for i in range(4)]
    base = Catalogue.write(products, tmp_path / "catalogue")
    shift = catalogue_shift(base, products, ProductTemplate(("title",)))
    assert (shift.new, shift.changed, shift.removed, shift.share, shift.new_words) == (0, 0, 0, 0.0, 0.0)
