"""Labels from a file: read, guarded, and refused with file and line."""

from pathlib import Path

import pytest

from augment.guard import LeakGuard
from augment.label_file import read_label_file
from eval.errors import InputError
from eval.grades import ESCI
from retrieval.types import Query

GUARD = LeakGuard([Query("t", "red shoes for women")])


def _write(tmp_path: Path, rows: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("query,product_id,grade,confidence\n" + rows)
    return path


def test_grades_become_gains_and_held_out_queries_and_unknown_products_are_counted(tmp_path: Path) -> None:
    rows = "blue hat,p1,E,9\nblue hat,p2,irrelevant,5\nRed Shoes for Women!,p1,E,9\nblue hat,p9,S,5\ncap,p2,c,7\n"
    found = read_label_file(_write(tmp_path, rows), ESCI, GUARD, {"p1", "p2"})
    assert [(entry.query.text, entry.product_ids, entry.gains) for entry in found.queries] == [
        ("blue hat", ("p1", "p2"), (100, 0)),
        ("cap", ("p2",), (1,)),
    ]
    assert [(leak.text, leak.entries) for leak in found.leaks] == [("Red Shoes for Women!", 1)]
    assert found.unknown_products == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("hat,p1,X,9\n", "line 2: grade 'X' is unknown"),
        ("hat,,E,9\n", "line 2: query or product_id is empty"),
        ("hat,p1,E,9\nhat,p1,S,9\n", "line 3: 'hat' and 'p1' are graded twice, differently"),
        ("red shoes for women,p1,E,9\n", "no label is left"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_label_file(_write(tmp_path, rows), ESCI, GUARD, {"p1"})


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("query,product_id,grades\nhat,p1,E\n")
    with pytest.raises(InputError, match="no column 'grade'"):
        read_label_file(path, ESCI, GUARD, {"p1"})
