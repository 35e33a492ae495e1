import csv
from collections.abc import Callable
from pathlib import Path

from retrieval.data.esci import read_esci
from retrieval.data.writers import write_quepid

Writer = Callable[..., Path]


def test_quepid_gets_text_product_and_the_rank_of_the_grade(esci: Writer, tmp_path: Path) -> None:
    examples = [
        (1, 'shirt, 40" "xl"', "B1", "E", "train", 1, "us"),
        (2, "lamp", "B3", "E", "test", 1, "us"),
        (2, "lamp", "B2", "C", "test", 1, "us"),
        (3, "lamp", "B2", "I", "test", 1, "us"),
        (3, "lamp", "B1", "S", "test", 1, "us"),
    ]
    data = read_esci(esci(examples=examples))
    write_quepid(data, tmp_path / "all.csv")
    write_quepid(data, tmp_path / "test.csv", splits=["test"])

    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["query", "docid", "rating"],
        ['shirt, 40" "xl"', "B1", "3"],
        ["lamp", "B3", "3"],
        ["lamp", "B2", "1"],
        ["lamp", "B1", "2"],
    ]
    assert (tmp_path / "test.csv").read_text(
        encoding="utf-8"
    ) == "query,docid,rating\nlamp,B3,3\nlamp,B2,1\nlamp,B1,2\n"
