"""Ratings from Quepid become judgements: a round trip, conflicts, and splits that stay."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.data.esci import read_esci
from retrieval.data.ratings import add_ratings
from retrieval.data.search_data import SearchData
from retrieval.data.writers import write_quepid, write_quepid_queue

EXAMPLES = [
    (1, "red shirt", "B1", "E", "train", 1, "us"),
    (2, "lamp", "B3", "E", "test", 1, "us"),
    (2, "lamp", "B2", "C", "test", 1, "us"),
]


@pytest.fixture
def data(esci: Callable[..., Path]) -> SearchData:
    return read_esci(esci(examples=EXAMPLES))


def _rated(data: SearchData, path: Path, *lines: str) -> SearchData:
    path.write_text("query,docid,rating\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return add_ratings(data, path)


def _said(data: SearchData) -> dict[str, int]:
    """The problems that are about ratings."""
    return {kind: count for kind, count in data.problems.counts.items() if "rat" in kind}


def test_what_quepid_was_given_comes_back_as_it_was(data: SearchData, tmp_path: Path) -> None:
    write_quepid(data, tmp_path / "all.csv")
    again = add_ratings(data, tmp_path / "all.csv")
    assert (again.qrels, again.splits, again.queries) == (data.qrels, data.splits, data.queries)
    assert not _said(data)


def test_a_rating_wins_is_counted_and_leaves_its_query_in_its_split(data: SearchData, tmp_path: Path) -> None:
    before = {query_id: dict(judged) for query_id, judged in data.qrels.items()}
    again = _rated(data, tmp_path / "r.csv", "Lamp ,B2,3", "lamp,B1,2.0", "lamp,B3,3")
    assert again.qrels["2"] == {"B3": 100, "B2": 100, "B1": 10}
    assert again.splits == data.splits
    assert data.qrels == before
    assert _said(data) == {"judgements changed by a rating (the rating kept)": 1}


def test_a_query_of_the_log_is_new_in_train(data: SearchData, tmp_path: Path) -> None:
    again = _rated(data, tmp_path / "r.csv", "desk lamp,B1,0", "desk lamp,B2,3")
    (new,) = again.queries.keys() - data.queries.keys()
    assert again.queries[new].text == "desk lamp"
    assert again.splits[new] == "train"
    assert again.qrels[new] == {"B1": 0, "B2": 100}
    assert list(again.queries) == list(again.qrels) == list(again.splits)


def test_open_ratings_several_raters_and_unknown_products_are_counted(data: SearchData, tmp_path: Path) -> None:
    lines = ["lamp,B1,", "lamp,B2,1", "lamp,B2,3", "lamp,B3,3", "lamp,B3,3", "lamp,B3,0", "lamp,B77,2"]
    again = _rated(data, tmp_path / "r.csv", *lines)
    assert again.qrels["2"] == {"B3": 100, "B2": 1}
    assert _said(data) == {
        "pairs without a rating (left out)": 1,
        "pairs rated differently (the median kept, the worse of two)": 2,
        "ratings of unknown products (dropped)": 1,
    }


@pytest.mark.parametrize("rating", ["4", "-1", "1.5", "E", "inf"])
def test_a_rating_outside_the_scale_names_line_and_scale(data: SearchData, tmp_path: Path, rating: str) -> None:
    with pytest.raises(InputError, match=r"line 2: the rating is .* 3 E, 2 S, 1 C, 0 I"):
        _rated(data, tmp_path / "r.csv", f"lamp,B1,{rating}")


def test_a_queue_nobody_has_rated_is_refused(data: SearchData, tmp_path: Path) -> None:
    write_quepid_queue([("lamp", "B1"), ('40" tv, black', "B2")], tmp_path / "queue.csv")
    assert (tmp_path / "queue.csv").read_text() == 'query,docid,rating\nlamp,B1,\n"40"" tv, black",B2,\n'
    with pytest.raises(InputError, match="holds no rating"):
        add_ratings(data, tmp_path / "queue.csv")
