from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.data.wands import read_wands
from retrieval.types import Query

Writer = Callable[..., Path]


def test_the_three_files_are_read(wands: Writer) -> None:
    data = read_wands(wands())

    assert next(data.products()).fields == {
        "title": "solid wood platform bed",
        "class": "Beds",
        "category": "Furniture / Beds",
        "description": "good , deep sleep",
        "features": "height:30|wood:oak",
    }
    assert [product["title"] for product in data.products()][1] == '36" vanity'
    assert data.queries["1"] == Query("1", 'fawkes 36" vanity')
    assert data.qrels == {"0": {"0": 2, "2": 0}, "1": {"1": 1}, "2": {"2": 2}}


def test_the_split_is_seeded(wands: Writer) -> None:
    path = wands()
    splits = [read_wands(path, seed=seed).splits for seed in range(8)]

    assert all(sorted(split.values()) == ["dev", "test", "train"] for split in splits)
    assert splits[3] == read_wands(path, seed=3).splits
    assert any(split != splits[0] for split in splits)


def test_an_unknown_label_is_an_error(wands: Writer) -> None:
    path = wands(labels=["id\tquery_id\tproduct_id\tlabel", "0\t0\t0\tExactly"])

    with pytest.raises(
        InputError, match=r"label.csv, line 2: grade 'Exactly' is unknown.*Exact .*Partial .*Irrelevant"
    ):
        read_wands(path)


def test_judgements_of_unknown_queries_are_dropped_and_counted(wands: Writer) -> None:
    data = read_wands(wands(labels=["id\tquery_id\tproduct_id\tlabel", "0\t0\t0\tExact", "1\t99\t0\tExact"]))

    assert list(data.qrels) == ["0"]
    assert data.problems.counts["judgements of unknown queries (dropped)"] == 1


def test_a_missing_column_is_an_error(wands: Writer) -> None:
    path = wands(queries=["query_id\tqueries", "0\tbed"])

    with pytest.raises(InputError, match="no column 'query'; did you mean 'queries'"):
        read_wands(path)
