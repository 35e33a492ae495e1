from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets import Dataset

from eval.errors import InputError, MachineError
from eval.files import fingerprint
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

PRODUCTS = [Product(f"B{n}", {"title": f"product {n}", "brand": f"brand {n % 7}"}) for n in range(2500)]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.write(iter(PRODUCTS), tmp_path_factory.mktemp("run") / "catalogue")


def test_what_was_written_is_found_by_row_and_by_id(catalogue: Catalogue) -> None:
    assert len(catalogue) == 2500
    assert catalogue.fields == ("title", "brand")
    assert list(catalogue.ids) == [product.id for product in PRODUCTS]
    assert catalogue.row("B1300") == 1300
    assert catalogue.product("B1300") == PRODUCTS[1300]
    assert catalogue.products([2499, 0, 1024, 0]) == [PRODUCTS[2499], PRODUCTS[0], PRODUCTS[1024], PRODUCTS[0]]
    assert catalogue.products([]) == []
    assert "B7" in catalogue
    assert "B2500" not in catalogue


def test_texts_are_those_of_the_template(catalogue: Catalogue) -> None:
    template = ProductTemplate(("brand", "title"))

    assert catalogue.texts(template, 1020, 1030) == [template.text(product) for product in PRODUCTS[1020:1030]]
    assert len(catalogue.texts(template, 2490, 3000)) == 10
    assert catalogue.texts(template, 2500, 2600) == []


def test_a_column_holds_all_values_by_row(catalogue: Catalogue) -> None:
    assert catalogue.column("brand").to_pylist() == [product["brand"] for product in PRODUCTS]


def test_it_opens_again_and_is_a_hugging_face_data_set(catalogue: Catalogue) -> None:
    again = Catalogue.load(catalogue.path)

    assert again.products(range(3)) == PRODUCTS[:3]
    assert Dataset.from_file(str(catalogue.path / "products.arrow"))[5] == {
        "product_id": "B5",
        "title": "product 5",
        "brand": "brand 5",
    }


@pytest.mark.parametrize("late", [1, 1500])
def test_fields_that_come_late_are_empty_before(tmp_path: Path, late: int) -> None:
    products = [Product(str(n), {"title": f"t{n}"} | ({"colour": "red"} if n >= late else {})) for n in range(2000)]
    catalogue = Catalogue.write(products, tmp_path / "catalogue")

    assert catalogue.fields == ("title", "colour")
    assert catalogue.product(str(late - 1)) == Product(str(late - 1), {"title": f"t{late - 1}", "colour": ""})
    assert catalogue.column("colour").to_pylist() == [product["colour"] for product in products]
    assert sorted(file.name for file in (tmp_path / "catalogue").iterdir()) == ["catalogue.json", "products.arrow"]


def test_products_may_have_no_fields_at_all(tmp_path: Path) -> None:
    assert Catalogue.write([Product("1"), Product("2")], tmp_path / "c").products([1]) == [Product("2")]


def test_the_same_products_give_the_same_bytes(catalogue: Catalogue, tmp_path: Path) -> None:
    Catalogue.write(PRODUCTS, tmp_path / "again")

    assert fingerprint([tmp_path / "again"]) == fingerprint([catalogue.path])


def test_a_write_that_breaks_off_leaves_the_old_catalogue(tmp_path: Path) -> None:
    Catalogue.write(PRODUCTS[:3], tmp_path / "catalogue")

    def failing() -> Iterator[Product]:
        yield from PRODUCTS
        raise InputError("line 9 is broken")

    with pytest.raises(InputError, match="line 9 is broken"):
        Catalogue.write(failing(), tmp_path / "catalogue")

    assert len(Catalogue.load(tmp_path / "catalogue")) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["catalogue"]


def test_unknown_ids_rows_and_fields_are_errors(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="no product 'X1'"):
        catalogue.product("X1")
    with pytest.raises(IndexError):
        catalogue.products([-1])
    with pytest.raises(IndexError):
        catalogue.products([2500])
    with pytest.raises(InputError, match="no field 'titel'; did you mean 'title'"):
        catalogue.texts(ProductTemplate(("titel",)), 0, 1)
    with pytest.raises(InputError, match=r"no field 'colour'; .*fields: title, brand"):
        catalogue.column("colour")


def test_products_that_cannot_be_a_catalogue_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no product for the catalogue"):
        Catalogue.write([], tmp_path / "c")
    with pytest.raises(InputError, match="product id 'B1' comes twice"):
        Catalogue.write([PRODUCTS[1], PRODUCTS[2], PRODUCTS[1]], tmp_path / "c")
    with pytest.raises(InputError, match="field is called 'product_id'"):
        Catalogue.write([Product("1", {"product_id": "1"})], tmp_path / "c")


def test_a_missing_or_broken_catalogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="is missing"):
        Catalogue.load(tmp_path / "nowhere")
    Catalogue.write(PRODUCTS, tmp_path / "c")
    file = tmp_path / "c" / "products.arrow"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(MachineError, match="remove it and run its stage again"):
        Catalogue.load(tmp_path / "c")
    file.write_bytes(b"")
    with pytest.raises(MachineError, match="remove it and run its stage again"):
        Catalogue.load(tmp_path / "c")
