import json
from collections.abc import Callable
from pathlib import Path

from retrieval.data.describe import describe
from retrieval.data.read import read_data

Writer = Callable[..., Path]


def test_the_figures_are_those_of_the_data(esci: Writer) -> None:
    path = esci()
    (path / "log.txt").write_text("lamp\nlamp\nred wool shirt\n", encoding="utf-8")
    found = json.loads(json.dumps(describe(read_data("auto", path)).to_json()))

    assert found["products"] == 3
    assert {field["name"]: field["filled"] for field in found["fields"]} == {
        "title": 3,
        "description": 2,
        "bullets": 1,
        "brand": 2,
        "colour": 2,
    }
    assert found["fields"][0]["characters"] == [9, 9, 10, 16, 16]
    train, test = found["splits"]
    assert train == {
        "name": "train",
        "queries": 2,
        "full_queries": 1,
        "judgements": 3,
        "grades": {"E": 2, "S": 1, "C": 0, "I": 0},
        "judged_per_query": [1, 1, 1, 2, 2],
    }
    assert (test["full_queries"], test["grades"]) == (1, {"E": 1, "S": 0, "C": 1, "I": 1})
    assert found["query_words"] == [1, 1, 2, 2, 2]
    assert found["log"] == {"queries": 2, "frequency": 3, "words": [1, 1, 1, 3, 3]}
    assert found["scale"]["relevant_from"] == "E"
    assert found["problems"][0]["count"] == 1


def test_the_text_says_what_was_found(esci: Writer) -> None:
    text = describe(read_data("auto", esci())).text()

    assert "3 products" in text
    assert "E 100 (target 1), S 10 (target 0.5), C 1 (target 0.1), I 0 (target 0); relevant from E" in text
    assert "query log: none" in text
    assert "1 test queries outside the small version (left out, as in the published task): 22" in text
    assert [line.split()[:4] for line in text.splitlines() if line.startswith("  train")] == [["train", "2", "1", "3"]]


def test_a_field_that_is_always_empty_and_clean_data_are_described(plain: Writer) -> None:
    path = plain(products=["product_id,title,brand", "p1,red shirt,", "p2,blue shirt,", "p3,lamp,"])
    text = describe(read_data("auto", path)).text()

    assert [line.split() for line in text.splitlines() if "brand" in line] == [["brand", "0.0%", "none"]]
    assert "problems: none" in text
