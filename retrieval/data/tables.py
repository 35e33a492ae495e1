"""Tables of text from parquet, JSON lines, CSV and TSV files, read in a stream; what is broken is named with its line.

Every value comes out as text, or as None where it is missing: null, NaN, or one of the words that a data frame's NaN
leaves behind when it is written as text. An empty cell is the empty text.
"""

import csv
import difflib
import json
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eval.errors import InputError
from retrieval.data.text_lines import text_lines

SUFFIXES = (".parquet", ".jsonl", ".csv", ".tsv")
Row = tuple[int, list[str | None]]
_MISSING = frozenset({"nan", "NaN", "None", "null", "NULL", "<NA>"})
_BATCH = 4096


class Table:
    """A file of rows with named columns; the suffix says the format (a .csv may be separated by commas, tabs or ;)."""

    def __init__(self, path: Path) -> None:
        """Open `path` and read its column names.

        Raises:
            InputError: when the file is missing, empty, broken, or of an unknown format.
        """
        self.path = Path(path)
        suffix = self.path.suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(f"{path} has the suffix {suffix or 'none'!r}; expected one of {', '.join(SUFFIXES)}")
        if not self.path.is_file():
            raise InputError(
                f"{path} does not exist; check the path" if not self.path.exists() else f"{path} is no file"
            )
        self._unit = "row" if suffix == ".parquet" else "line"
        if suffix == ".parquet":
            self.columns = _parquet_columns(self.path)
        elif suffix == ".jsonl":
            self.columns = list(dict.fromkeys(key for _, row in json_rows(self.path) for key in row))
        else:
            self._delimiter = _delimiter(self.path)
            self.columns = [name.strip() for name in next(_csv_rows(self.path, self._delimiter), (0, []))[1]]
        if not self.columns:
            raise InputError(f"{path} is empty; expected named columns")
        repeated = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if repeated:
            raise InputError(f"{path} has the column {repeated[0]!r} twice; rename or remove one")

    def place(self, number: int) -> str:
        """Where a row is, for a message."""
        return f"{self.path}, {self._unit} {number}"

    def require(self, names: Iterable[str]) -> None:
        """Check that the columns are there.

        Raises:
            InputError: naming the first that is missing, with the nearest one there is.
        """
        wanted = list(names)
        others = [column for column in self.columns if column not in wanted]  # the wanted ones are taken
        for name in wanted:
            if name not in self.columns:
                known = ", ".join(self.columns)
                raise InputError(f"{self.path} has no column {name!r}; {nearest(name, others)}(columns: {known})")

    def rows(self, names: Sequence[str]) -> Iterator[Row]:
        """Yield each row's number and its values of the columns `names`, in that order.

        Raises:
            InputError: when a column is missing or a row is broken.
        """
        self.require(names)
        for number, values in self._raw_rows(names):
            yield (
                number,
                [
                    value if type(value) is str and value not in _MISSING else self._text(number, value)
                    for value in values
                ],
            )

    def _raw_rows(self, names: Sequence[str]) -> Iterator[tuple[int, Sequence[Any]]]:
        if self.path.suffix.lower() == ".parquet":
            yield from _parquet_rows(self.path, names)
        elif self.path.suffix.lower() == ".jsonl":
            for number, row in json_rows(self.path):
                yield number, [row.get(name) for name in names]
        else:
            rows = _csv_rows(self.path, self._delimiter)
            next(rows)
            places = [self.columns.index(name) for name in names]
            for number, values in rows:
                if len(values) != len(self.columns):
                    raise InputError(
                        f"{self.place(number)}: {len(values)} values, expected {len(self.columns)}; quote a value that "
                        "holds the separator, and close every quote"
                    )
                yield number, [values[place] for place in places]

    def _text(self, number: int, value: Any) -> str | None:
        try:
            return as_text(value)
        except ValueError as error:
            raise InputError(f"{self.place(number)}: {error}") from None


def as_text(value: Any) -> str | None:
    """A value as text: whole numbers without a fraction (ids that a data frame made floats), lists joined by commas.

    Raises:
        ValueError: when the value is a mapping or bytes that are not UTF-8.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return None if value in _MISSING else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, list):
        return ", ".join(text for text in map(as_text, value) if text)
    if isinstance(value, dict):
        raise ValueError(
            f"found a mapping with the keys {', '.join(map(str, value))}; expected text, a number or a list"
        )
    return str(value)


def nearest(name: str, known: Collection[str]) -> str:
    """ "did you mean …? ", or nothing when no known name is near."""
    folded = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return f"did you mean {folded[close[0]]!r}? " if close else ""


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and object of each line of a JSON-lines file; empty lines are skipped.

    Raises:
        InputError: when a line is not a JSON object in valid Unicode.
    """
    for number, line in text_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if "\\u" in line:
                json.dumps(row, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair cannot be stored
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error.msg}); expected one object a line") from None
        except UnicodeEncodeError:
            raise InputError(
                f"{path}, line {number}: half a surrogate pair (\\ud800-\\udfff); write whole characters"
            ) from None
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: found {type(row).__name__}, expected one object a line")
        yield number, row


def _csv_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(2**31 - 1)
    # Strict: an unclosed quote would swallow rows in silence.
    reader = csv.reader((line for _, line in text_lines(path)), delimiter=delimiter, strict=True)
    number = 1
    try:
        for values in reader:
            if values:
                yield number, values
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {number}: {error}; put a value with quotes in it between quotes, and double those within"
        ) from None


def _delimiter(path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    header = next(text_lines(path), (0, ""))[1]
    return max(",\t;", key=header.count)  # published "CSV" files may be tab separated (WANDS is)


def _parquet_columns(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is no parquet file ({' '.join(str(error).split())[:120]}); write it again") from None


def _parquet_rows(path: Path, names: Sequence[str]) -> Iterator[tuple[int, Sequence[Any]]]:
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH, columns=list(dict.fromkeys(names))):
                columns = [batch.column(batch.schema.get_field_index(name)).to_pylist() for name in names]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield number, values
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}, between rows {number + 1} and {number + _BATCH}: text that is not UTF-8 "
            f"(byte 0x{error.object[error.start]:02x}); write the file again from UTF-8 text"
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} is broken after row {number} ({' '.join(str(error).split())[:120]}); write it again"
        ) from None
