from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.errors import InputError
from retrieval.data.tables import Table


def rows(path: Path, *names: str) -> list[list[str | None]]:
    return [values for _, values in Table(path).rows(names)]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_separator_of_a_csv_is_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id{delimiter}text\n1{delimiter}red\n", encoding="utf-8")

    assert rows(path, "text", "id") == [["red", "1"]]


def test_byte_order_mark_crlf_quotes_and_empty_lines_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffid,text\r\n1,"two\r\nlines, and 27"" wide"\r\n\r\n2,plain\r\n'.encode())

    assert list(Table(path).rows(["id", "text"])) == [(2, ["1", 'two\r\nlines, and 27" wide']), (5, ["2", "plain"])]


@pytest.mark.parametrize("text", ["nan", "NaN", "None", "null", "NULL", "<NA>"])
def test_the_words_of_a_missing_value_are_missing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,text\n1,{text}\n2,\n", encoding="utf-8")

    assert rows(path, "text") == [[None], [""]]


def test_values_of_every_kind_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 12.0, "b": NaN, "c": ["x", null, 1], "d": true}\n{"a": 0.5, "c": null}\n', encoding="utf-8")

    assert rows(path, "a", "b", "c", "d") == [["12", None, "x, 1", "true"], ["0.5", None, None, None]]


def test_parquet_numbers_bytes_and_nulls_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"id": [7, 8], "float_id": [7.0, None], "raw": ["é".encode(), b""], "nan": [float("nan"), 1.5]})
    pq.write_table(table, path)

    assert rows(path, "id", "float_id", "raw", "nan") == [["7", "7", "é", None], ["8", None, "", "1.5"]]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_broken_utf8_names_file_and_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    good = b'{"id": 1}\n' if name == "a.jsonl" else b"id\n1\n"
    path.write_bytes(good + b"caf\xe9\n")
    line = good.count(b"\n") + 1

    with pytest.raises(InputError, match=rf"{name}, line {line}: not UTF-8 \(byte 0xe9 at position 4\); .*iconv"):
        list(Table(path).rows(["id"]))


def test_broken_utf8_in_parquet_names_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    broken = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"caf\xe9"))
    pq.write_table(pa.table({"id": broken}), path)

    with pytest.raises(InputError, match=r"between rows 1 and 4096: text that is not UTF-8 \(byte 0xe9\)"):
        rows(path, "id")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "id,text\n1,a,b\n", r"line 2: 3 values, expected 2; quote a value"),
        ("a.csv", 'id,text\n1,"open\n2,b\n', r"line 2: unexpected end of data"),
        ("a.csv", 'id,text\n0,x\n1,"open\n2,"b"\n', r"line 3: .* expected after"),
        ("a.csv", "id,id\n1,2\n", "has the column 'id' twice"),
        ("a.csv", "", "is empty"),
        ("a.jsonl", "", "is empty"),
        ("a.jsonl", '{"id": 1}\n{"id": \n', "line 2: not JSON"),
        ("a.jsonl", "[1, 2]\n", "line 1: found list, expected one object a line"),
        ("a.jsonl", '{"id": {"x": 1}}\n', "line 1: found a mapping with the keys x"),
        ("a.jsonl", '{"id": "\\ud800"}\n', "line 1: half a surrogate pair"),
        ("a.parquet", "no parquet", "is no parquet file"),
        ("a.xlsx", "", r"suffix '.xlsx'; expected one of .parquet"),
    ],
)
def test_a_broken_table_is_an_error_in_one_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=message) as caught:
        list(Table(path).rows(["id"]))

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_off_parquet_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(1000)]}), path)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(InputError, match="is no parquet file"):
        Table(path)


def test_a_damaged_page_of_a_parquet_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(10_000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)
    path.write_bytes(bytes(content))

    with pytest.raises(InputError, match="is broken after row"):
        rows(path, "id")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.csv does not exist"):
        Table(tmp_path / "a.csv")


def test_a_column_of_a_late_json_line_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n{"id": 2, "brand": "Acme"}\n', encoding="utf-8")

    assert rows(path, "brand") == [[None], ["Acme"]]
