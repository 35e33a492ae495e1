from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.data.esci import read_esci
from retrieval.types import Product, Query

Writer = Callable[..., Path]
EXAMPLE = (11, "red shirt", "B1", "E", "train", 1, "us")


def test_products_and_judgements_of_one_locale_are_joined(esci: Writer) -> None:
    data = read_esci(esci())

    names = ("title", "description", "bullets", "brand", "colour")
    assert list(data.products()) == [
        Product("B1", dict(zip(names, ("Red  wool  shirt", "Soft & warm", "washable", "Acme", "red"), strict=True))),
        Product("B2", dict(zip(names, ("Blue shirt", "", "", "", "blue"), strict=True))),
        Product("B3", dict(zip(names, ("Desk lamp", "A lamp", "", "Lumo", ""), strict=True))),
    ]
    assert data.queries == {"11": Query("11", "red shirt"), "12": Query("12", "lamp"), "21": Query("21", "blue shirt")}
    assert data.qrels == {"11": {"B1": 100, "B2": 10}, "12": {"B3": 100}, "21": {"B2": 100, "B1": 1, "B3": 0}}
    assert data.splits == {"11": "train", "12": "train", "21": "test"}


def test_another_locale_has_its_own_products_and_queries(esci: Writer) -> None:
    data = read_esci(
        esci(examples=[(31, "camisa", "B1", "E", "train", 1, "es"), (32, "roja", "B1", "S", "test", 1, "es"), EXAMPLE]),
        locale="es",
    )

    assert [product["title"] for product in data.products()] == ["Camisa roja"]
    assert data.qrels == {"31": {"B1": 100}, "32": {"B1": 10}}


def test_test_queries_outside_the_small_version_are_left_out_and_counted(esci: Writer) -> None:
    data = read_esci(esci())

    assert "22" not in data.queries
    assert data.problems.counts["test queries outside the small version (left out, as in the published task)"] == 1


def test_missing_values_are_counted_by_field_and_read_as_empty(esci: Writer) -> None:
    data = read_esci(esci())

    assert data.problems.counts["products whose description is missing, null or NaN (taken as empty)"] == 1
    assert data.problems.examples["products whose colour is missing, null or NaN (taken as empty)"] == ["B3"]


def test_the_products_can_be_read_twice(esci: Writer) -> None:
    data = read_esci(esci())

    assert list(data.products()) == list(data.products())


def test_long_grade_names_are_read(esci: Writer) -> None:
    data = read_esci(
        esci(examples=[(1, "a", "B1", "Exact", "train", 1, "us"), (2, "b", "B2", "substitute", "test", 1, "us")])
    )

    assert data.qrels == {"1": {"B1": 100}, "2": {"B2": 10}}


def test_an_unknown_grade_is_an_error_that_lists_the_known_ones(esci: Writer) -> None:
    path = esci(examples=[(1, "a", "B1", "X", "train", 1, "us")])

    with pytest.raises(InputError, match=r"row 1: grade 'X' is unknown.*E \(gain 100\), S .*, C .*, I "):
        read_esci(path)


@pytest.mark.parametrize(
    ("right", "wrong"), [("product_title", "product_titel"), ("esci_label", "esci_lable"), ("product_id", "prodct_id")]
)
def test_a_misspelt_column_is_an_error_with_a_suggestion(esci: Writer, right: str, wrong: str) -> None:
    path = esci(rename={right: wrong})

    with pytest.raises(InputError, match=f"no column '{right}'; did you mean '{wrong}'"):
        read_esci(path)


def test_a_missing_locale_lists_those_there_are(esci: Writer) -> None:
    path = esci()

    with pytest.raises(InputError, match="locale 'uk'; found es, us"):
        read_esci(path, locale="uk")


def test_judgements_of_unknown_products_are_dropped_and_counted(esci: Writer) -> None:
    data = read_esci(esci(examples=[EXAMPLE, (11, "red shirt", "B9", "S", "train", 1, "us")]))

    assert data.qrels == {"11": {"B1": 100}}
    assert data.problems.counts["judgements of unknown products (dropped)"] == 1
    assert data.problems.examples["judgements of unknown products (dropped)"][0].startswith("B9 at ")


def test_a_query_with_unknown_products_only_is_left_out(esci: Writer) -> None:
    data = read_esci(esci(examples=[EXAMPLE, (13, "sofa", "B9", "E", "test", 1, "us")]))

    assert list(data.queries) == ["11"]
    assert data.problems.examples["queries without a judged product (left out)"] == ["13"]
    assert data.problems.examples["splits without a query"] == ["test"]


def test_no_judgement_left_is_an_error(esci: Writer) -> None:
    path = esci(examples=[(13, "sofa", "B9", "E", "test", 1, "us")])

    with pytest.raises(InputError, match="no judgement is of a known query and a known product"):
        read_esci(path)


def test_a_conflicting_judgement_is_an_error_and_a_repeated_one_is_counted(esci: Writer) -> None:
    path = esci(examples=[EXAMPLE, EXAMPLE])
    assert read_esci(path).problems.counts["the same judgement again (one kept)"] == 1

    path = esci(examples=[EXAMPLE, (11, "red shirt", "B1", "I", "train", 1, "us")])
    with pytest.raises(InputError, match="row 2: query '11' and product 'B1' have the grade I here and E before"):
        read_esci(path)


def test_a_query_in_two_splits_is_an_error(esci: Writer) -> None:
    path = esci(examples=[EXAMPLE, (11, "red shirt", "B2", "E", "test", 1, "us")])

    with pytest.raises(InputError, match="query '11' is in test here and in train before"):
        read_esci(path)


def test_an_unknown_split_is_an_error(esci: Writer) -> None:
    path = esci(examples=[(11, "red shirt", "B1", "E", "tset", 1, "us")])

    with pytest.raises(InputError, match="split 'tset' is unknown; expected train, dev"):
        read_esci(path)


def test_a_test_text_among_the_train_queries_is_counted(esci: Writer) -> None:
    data = read_esci(esci(examples=[EXAMPLE, (77, "Red  Shirt", "B1", "E", "test", 1, "us")]))

    assert data.problems.examples["queries whose text is in another split too (figures on it flatter)"] == [
        "11: red shirt"
    ]


def test_repeated_products_are_counted_and_the_first_is_kept(esci: Writer) -> None:
    first = ("B1", "Red shirt", None, None, None, None, "us")
    other = ("B1", "Green shirt", None, None, None, None, "us")
    data = read_esci(esci(products=[first, first, other], examples=[EXAMPLE]))

    assert [product["title"] for product in data.products()] == ["Red shirt"]
    assert data.problems.counts["the same product again (one kept)"] == 1
    assert data.problems.counts["another product under a known id (the first kept)"] == 1


@pytest.mark.parametrize("title", ["", "  ", None, "NaN", "<br>"])
def test_an_empty_title_is_counted(esci: Writer, title: str | None) -> None:
    data = read_esci(esci(products=[("B1", title, "text", None, None, None, "us")], examples=[EXAMPLE]))

    assert data.problems.examples["products with an empty title"] == ["B1"]
    assert next(data.products())["title"] == ""


def test_a_product_without_an_id_is_left_out_and_counted(esci: Writer) -> None:
    rows = [("B1", "Red shirt", None, None, None, None, "us"), (None, "?", None, None, None, None, "us")]
    data = read_esci(esci(products=rows, examples=[EXAMPLE]))

    assert [product.id for product in data.products()] == ["B1"]
    assert data.problems.counts["products without an id (left out)"] == 1


def test_the_log_is_read_with_the_data(esci: Writer, tmp_path: Path) -> None:
    path = esci()
    (tmp_path / "queries.txt").write_text("red shirt\nsofa\n", encoding="utf-8")

    assert [entry.text for entry in read_esci(path, log=tmp_path / "queries.txt").log] == ["red shirt", "sofa"]
