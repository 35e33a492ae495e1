import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.errors import InputError
from eval.grades import ESCI, WANDS, Grade, GradeScale
from retrieval.data.plain import PlainColumns, read_plain, read_products
from retrieval.data.read import read_data
from retrieval.types import Product, Query

Writer = Callable[..., Path]


def test_ones_own_files_are_read(plain: Writer) -> None:
    data = read_data("plain", plain())

    assert list(data.products())[2] == Product("p3", {"title": "lamp, small", "brand": "Lumo"})
    assert data.queries == {"1": Query("1", "red shirt"), "2": Query("2", "lamp")}
    assert data.qrels == {"1": {"p1": 100, "p2": 10}, "2": {"p3": 100}}
    assert data.splits == {"1": "train", "2": "test"}
    assert data.scale == ESCI


def test_products_can_be_read_alone(plain: Writer, tmp_path: Path) -> None:
    read = read_data("plain", plain())
    file = next(tmp_path.glob("products.*"))
    assert list(read_products(file)) == list(read.products())
    renamed = PlainColumns(product_id="sku", fields={"title": "name"})
    with pytest.raises(InputError, match="sku"):
        read_products(file, renamed)


def test_columns_are_mapped(plain: Writer, tmp_path: Path) -> None:
    plain(
        products=["sku;name;price", "p1;red shirt;10", "p2;lamp;20"],
        queries=["nr;text;part", "7;shirt;train", "8;lamp;validation"],
        judgements=["nr;sku;rating", "7;p1;3", "8;p2;0"],
    )
    columns = PlainColumns(
        product_id="sku", fields={"title": "name"}, query_id="nr", query="text", grade="rating", split="part"
    )
    data = read_data("plain", tmp_path, columns=columns)

    assert list(data.products()) == [Product("p1", {"title": "red shirt"}), Product("p2", {"title": "lamp"})]
    assert data.qrels == {"7": {"p1": 3}, "8": {"p2": 0}}
    assert data.splits == {"7": "train", "8": "dev"}


def test_jsonl_and_parquet_hold_the_same_as_csv(plain: Writer, tmp_path: Path) -> None:
    expected = read_data("plain", plain())
    products = [{"product_id": p.id, **p.fields} for p in expected.products()]
    lines = [json.dumps(row) for row in products]
    (tmp_path / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(products), tmp_path / "own.parquet")

    for name in ("own.jsonl", "own.parquet"):
        data = read_data("plain", tmp_path, products=name)
        assert list(data.products()) == list(expected.products())
        assert (data.qrels, data.splits) == (expected.qrels, expected.splits)


def test_judgements_may_hold_the_query_text(plain: Writer, tmp_path: Path) -> None:
    plain(queries=None, judgements=["query,product_id,grade", "red shirt,p1,E", "lamp,p3,E", "red  shirt,p2,S"])
    data = read_data("plain", tmp_path)

    assert data.queries == {"q1": Query("q1", "red shirt"), "q2": Query("q2", "lamp")}
    assert data.qrels == {"q1": {"p1": 100, "p2": 10}, "q2": {"p3": 100}}


def test_a_split_column_of_the_judgements_is_used(plain: Writer, tmp_path: Path) -> None:
    plain(
        queries=["query_id,query", "1,a", "2,b"],
        judgements=["query_id,product_id,grade,split", "1,p1,E,dev", "2,p1,S,test"],
    )

    assert read_data("plain", tmp_path).splits == {"1": "dev", "2": "test"}


def test_without_a_split_column_a_seeded_one_is_made(plain: Writer, tmp_path: Path) -> None:
    queries = ["query_id,query", *(f"{n},query {n}" for n in range(50))]
    plain(queries=queries, judgements=["query_id,product_id,grade", *(f"{n},p1,E" for n in range(50))])
    splits = read_data("plain", tmp_path, seed=1).splits

    assert [list(splits.values()).count(name) for name in ("train", "dev", "test")] == [30, 10, 10]
    assert splits != read_data("plain", tmp_path, seed=2).splits


def test_a_split_column_that_was_named_must_be_there(plain: Writer, tmp_path: Path) -> None:
    plain()

    with pytest.raises(InputError, match="no column 'splitt'; did you mean 'split'"):
        read_data("plain", tmp_path, columns=PlainColumns(split="splitt"))


@pytest.mark.parametrize(
    ("grades", "scale", "gains"),
    [
        (("Exact", "Substitute"), ESCI, [100, 10]),
        (("exact", "PARTIAL"), WANDS, [2, 1]),
        (("Irrelevant", "Exact"), WANDS, [0, 2]),
        (
            ("4", "1"),
            GradeScale("gains", (Grade("4", 4, 1.0), Grade("1", 1, 0.25), Grade("0", 0, 0.0)), "1"),
            [4, 1],
        ),
    ],
)
def test_the_scale_is_inferred(
    plain: Writer, tmp_path: Path, grades: tuple[str, str], scale: GradeScale, gains: list[int]
) -> None:
    plain(judgements=["query_id,product_id,grade", f"1,p1,{grades[0]}", f"1,p2,{grades[1]}"])
    data = read_data("plain", tmp_path)

    assert data.scale == scale
    assert list(data.qrels["1"].values()) == gains


def test_a_scale_of_ones_own_reads_names_and_gains(plain: Writer, tmp_path: Path) -> None:
    scale = GradeScale("own", (Grade("good", 3, 1.0), Grade("bad", 0, 0.0)), "good")
    plain(judgements=["query_id,product_id,grade", "1,p1,Good", "1,p2,0", "2,p3,3"])

    assert read_data("plain", tmp_path, scale=scale).qrels == {"1": {"p1": 3, "p2": 0}, "2": {"p3": 3}}


@pytest.mark.parametrize("grade", ["good", "-1", "0.5", ""])
def test_grades_of_no_known_scale_are_an_error(plain: Writer, tmp_path: Path, grade: str) -> None:
    plain(judgements=["query_id,product_id,grade", f"1,p1,{grade}"])

    with pytest.raises(InputError, match="belong to no known scale; give each grade's name"):
        read_data("plain", tmp_path)


def test_grades_that_are_all_zero_are_an_error(plain: Writer, tmp_path: Path) -> None:
    plain(judgements=["query_id,product_id,grade", "1,p1,0"])

    with pytest.raises(InputError, match="every grade is 0"):
        read_data("plain", tmp_path)


def test_a_mapped_field_that_is_not_there_is_an_error(plain: Writer) -> None:
    path = plain()

    with pytest.raises(InputError, match="no column 'titel'; did you mean 'title'"):
        read_plain(
            path / "products.csv",
            path / "judgements.csv",
            columns=PlainColumns(fields={"title": "titel"}, query="grade"),
        )


def test_a_missing_column_is_named_before_the_products_are_read(plain: Writer, tmp_path: Path) -> None:
    plain(products=["product_id,title", "broken,row,here"], judgements=["query_id,product_id,grades", "1,p1,E"])

    with pytest.raises(InputError, match=r"judgements.csv has no column 'grade'; did you mean 'grades'"):
        read_data("plain", tmp_path)


def test_a_catalogue_without_titles_is_noted(plain: Writer, tmp_path: Path) -> None:
    plain(products=["product_id,name", "p1,red shirt"])

    assert any("without a title field" in line for line in read_data("plain", tmp_path).problems.lines())


def test_an_empty_catalogue_is_an_error(plain: Writer, tmp_path: Path) -> None:
    plain(products=["product_id,title"])

    with pytest.raises(InputError, match=r"products.csv holds no product"):
        read_data("plain", tmp_path)


def test_long_and_empty_queries_are_counted(plain: Writer, tmp_path: Path) -> None:
    plain(
        queries=["query_id,query,split", f"1,{'shoe ' * 2000},train", "2, ,train", "3,lamp,test"],
        judgements=["query_id,product_id,grade", "1,p1,E", "2,p1,E", "3,p3,E"],
    )
    data = read_data("plain", tmp_path)

    assert data.queries["1"].text == ("shoe " * 200).strip()
    assert data.problems.examples["queries longer than 1,000 characters (cut)"] == ["query 1, 9,999 characters"]
    assert "2" not in data.queries
    assert data.problems.examples["empty queries (left out)"] == ["query 2"]


def test_another_text_under_a_known_query_id_is_counted(plain: Writer, tmp_path: Path) -> None:
    plain(queries=["query_id,query,split", "1,red shirt,train", "1,blue shirt,train", "2,lamp,test"])
    data = read_data("plain", tmp_path)

    assert data.queries["1"].text == "red shirt"
    assert data.problems.counts["another query text under a known id (the first kept)"] == 1


def test_ids_that_trec_files_hold_escaped_are_counted(plain: Writer, tmp_path: Path) -> None:
    plain(products=["product_id,title", "AB 12,shirt"], judgements=["query_id,product_id,grade", "1,AB 12,E"])

    data = read_data("plain", tmp_path)
    assert data.qrels == {"1": {"AB 12": 100}}
    assert data.problems.counts["product ids with white space (escaped in TREC files, as %20)"] == 1
