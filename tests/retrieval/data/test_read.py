from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.data.esci import read_esci
from retrieval.data.read import detect_format, read_data
from retrieval.data.search_data import LogQuery
from retrieval.data.writers import write_beir

Writer = Callable[..., Path]


def test_formats_are_told_by_their_files(
    esci: Writer, wands: Writer, plain: Writer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert detect_format(esci()) == "esci"
    write_beir(read_esci(tmp_path), tmp_path / "beir")
    assert detect_format(tmp_path / "beir") == "beir"
    for file in tmp_path.glob("*.parquet"):
        file.unlink()
    assert detect_format(plain()) == "plain"
    assert detect_format(wands()) == "wands"


def test_auto_reads_what_it_finds(plain: Writer) -> None:
    assert read_data("auto", plain()).qrels == {"1": {"p1": 100, "p2": 10}, "2": {"p3": 100}}


def test_a_log_beside_the_data_is_found(plain: Writer, tmp_path: Path) -> None:
    plain()
    (tmp_path / "query_log.txt").write_text("sofa\n", encoding="utf-8")

    assert read_data("auto", tmp_path).log == [LogQuery("sofa")]


def test_a_named_log_is_looked_for_in_the_directory_first(plain: Writer, tmp_path: Path) -> None:
    plain()
    (tmp_path / "mine.txt").write_text("sofa\n", encoding="utf-8")

    assert read_data("plain", tmp_path, log="mine.txt").log == [LogQuery("sofa")]
    with pytest.raises(InputError, match=r"ours.txt does not exist; check the path \(found: .*mine.txt"):
        read_data("plain", tmp_path, log="ours.txt")


def test_files_named_one_by_one_need_no_directory(plain: Writer) -> None:
    path = plain()
    data = read_data(
        "auto", products=path / "products.csv", judgements=path / "judgements.csv", queries=path / "queries.csv"
    )

    assert data.splits == {"1": "train", "2": "test"}


def test_an_unknown_directory_lists_what_is_expected_and_found(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello", encoding="utf-8")

    with pytest.raises(InputError, match=r"holds no known format; expected esci: .*wands: .*beir: .*found: readme.txt"):
        read_data("auto", tmp_path)


@pytest.mark.parametrize("format", ["esci", "wands", "beir", "plain"])
def test_missing_files_are_an_error(tmp_path: Path, format: str) -> None:
    with pytest.raises(InputError, match=r"does not exist|holds no"):
        read_data(format, tmp_path)


def test_a_wrong_format_path_or_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="data format 'csv' is unknown; expected one of auto, esci"):
        read_data("csv", tmp_path)
    with pytest.raises(InputError, match=r"nowhere is no directory"):
        read_data("auto", tmp_path / "nowhere")
    with pytest.raises(InputError, match="no data given"):
        read_data("auto")
    with pytest.raises(InputError, match="the format 'esci' needs the one that holds its files"):
        read_data("esci")


def test_two_candidates_for_one_file_are_an_error(plain: Writer, tmp_path: Path) -> None:
    plain()
    (tmp_path / "products.jsonl").write_text('{"product_id": "p1"}\n', encoding="utf-8")

    with pytest.raises(InputError, match=r"holds products.jsonl, products.csv; say which one"):
        read_data("plain", tmp_path)
