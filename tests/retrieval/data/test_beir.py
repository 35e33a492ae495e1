import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval.errors import InputError
from eval.grades import ESCI
from retrieval.data.beir import read_beir
from retrieval.data.esci import read_esci
from retrieval.data.read import read_data
from retrieval.data.search_data import LogQuery, SearchData
from retrieval.data.writers import write_beir
from retrieval.types import Product, Query

Writer = Callable[..., Path]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A published BEIR directory: no scale, no log."""
    root = tmp_path / "beir"
    (root / "qrels").mkdir(parents=True)
    corpus = [
        {
            "_id": "d1",
            "title": "Shirt",
            "text": "A red &amp; blue\nshirt",
            "metadata": {"brand": "Acme", "box": {"a": 1}},
        },
        {"_id": "d2", "text": "A lamp"},
    ]
    (root / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus), encoding="utf-8")
    queries = [{"_id": "1", "text": "red shirt"}, {"_id": "2", "text": "lamp"}, {"_id": "3", "text": "unjudged"}]
    (root / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries), encoding="utf-8")
    (root / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n1\td1\t2\n1\td2\t0\n", encoding="utf-8")
    (root / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n2\td2\t1\n", encoding="utf-8")
    return root


def assert_same(found: SearchData, expected: SearchData) -> None:
    assert list(found.products()) == list(expected.products())
    assert list(found.queries.items()) == list(expected.queries.items())
    assert found.qrels == expected.qrels
    assert found.splits == expected.splits
    assert found.scale == expected.scale
    assert found.log == expected.log


def test_the_published_layout_is_read(beir: Path) -> None:
    data = read_beir(beir)

    assert list(data.products()) == [
        Product("d1", {"title": "Shirt", "description": "A red &amp; blue\nshirt", "brand": "Acme"}),
        Product("d2", {"description": "A lamp"}),
    ]
    assert data.qrels == {"1": {"d1": 2, "d2": 0}, "2": {"d2": 1}}
    assert data.splits == {"1": "train", "2": "test"}
    assert data.scale.gains == (2, 1, 0)
    assert data.scale.relevant_gain == 1
    assert data.problems.examples["queries without a judged product (left out)"] == ["3"]


def test_written_and_read_again_nothing_has_changed(esci: Writer, tmp_path: Path) -> None:
    source = esci()
    (source / "log.txt").write_text('lamp\n"red" shirt\nlamp\n', encoding="utf-8")
    expected = read_data("esci", source)
    write_beir(expected, tmp_path / "out")
    found = read_data("auto", tmp_path / "out")

    assert_same(found, expected)
    assert found.log == [LogQuery("lamp", 2), LogQuery('"red" shirt', 1)]
    assert found.problems.counts == {}


def test_awkward_texts_and_ids_survive_the_round_trip(tmp_path: Path) -> None:
    products = [
        Product(
            'a"b', {"title": "tab\tand\nline", "description": "ünï\u2028cødé <b>&amp;</b>", "text": "own", "colour": ""}
        ),
        Product("c,d", {"title": "", "description": ""}),
    ]

    def stream() -> Iterator[Product]:
        return iter(products)

    queries = {'q"1': Query('q"1', 'a "quoted" query'), "q2": Query("q2", "naïve, 27″")}
    qrels = {'q"1': {'a"b': 100, "c,d": 0}, "q2": {"c,d": 10}}
    expected = SearchData("x", stream, queries, qrels, {'q"1': "dev", "q2": "test"}, ESCI)
    write_beir(expected, tmp_path / "out")

    assert_same(read_beir(tmp_path / "out"), expected)


def test_only_whole_directories_are_written(esci: Writer, tmp_path: Path) -> None:
    data = read_esci(esci())
    whole = data.products

    def failing() -> Iterator[Product]:
        yield next(whole())
        raise InputError("broken on the way")

    data.products = failing
    with pytest.raises(InputError, match="broken on the way"):
        write_beir(data, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_query_in_two_splits_is_an_error(beir: Path) -> None:
    (beir / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n1\td2\t1\n", encoding="utf-8")

    with pytest.raises(InputError, match="query '1' is in train here and in dev before"):
        read_beir(beir)


def test_qrels_without_a_header_are_an_error(beir: Path) -> None:
    (beir / "qrels" / "test.tsv").write_text("2\td2\t1\n", encoding="utf-8")

    with pytest.raises(InputError, match=r"test.tsv has no column 'query-id'; .*columns: 2, d2, 1"):
        read_beir(beir)


def test_a_misspelt_key_is_an_error_with_a_suggestion(beir: Path) -> None:
    (beir / "corpus.jsonl").write_text('{"id": "d1", "text": "x"}\n', encoding="utf-8")

    with pytest.raises(InputError, match=r"corpus.jsonl, line 1: no '_id'; did you mean 'id'"):
        read_beir(beir)


def test_qrels_of_an_unknown_name_are_an_error(beir: Path) -> None:
    (beir / "qrels" / "all.tsv").write_text("query-id\tcorpus-id\tscore\n2\td2\t1\n", encoding="utf-8")

    with pytest.raises(InputError, match="split 'all' is unknown"):
        read_beir(beir)


def test_a_directory_without_qrels_is_an_error(beir: Path) -> None:
    for file in (beir / "qrels").iterdir():
        file.unlink()

    with pytest.raises(InputError, match=r"qrels holds no .tsv file"):
        read_beir(beir)


def test_a_broken_scale_is_an_error(beir: Path) -> None:
    (beir / "scale.json").write_text('{"name": "own"}', encoding="utf-8")

    with pytest.raises(InputError, match=r"scale.json is no grade scale; expected name, relevant_from and grades"):
        read_beir(beir)


def test_a_gain_the_scale_does_not_know_is_an_error(beir: Path) -> None:
    with pytest.raises(InputError, match=r"train.tsv, line 2: grade '2' is unknown"):
        read_beir(beir, scale=ESCI)
