"""Precomputed teacher scores of the most frequent queries: a memory-mapped table, asked in place of the student.

    hashes.npy      uint64 [queries]      64-bit hashes of the queries' keys, rising
    keys.npy        uint8                 the keys themselves, in UTF-8, for the collision check
    key_starts.npy  int64 [queries + 1]   where each key begins
    starts.npy      int64 [queries + 1]   where each query's pairs begin
    rows.npy        int32 [pairs]         catalogue rows, rising within a query
    scores.npy      float32 [pairs]
    manifest.json   what it was made of

8 bytes a pair and about 50 a query. A row is one immutable version of one product, so an entry is never out of date: a
product that changed has a new row, which the table does not know.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eval.errors import InputError, MachineError
from eval.files import atomic_path, read_json, write_json
from retrieval.query_key import query_key

FORMAT = 1
_COLUMNS = {"hashes": "<u8", "keys": "<u1", "key_starts": "<i8", "starts": "<i8", "rows": "<i4", "scores": "<f4"}
_MEANT = re.compile(r"""[+#<>=%°]|(?<=\d)[.,/](?=\d)|(?<=\d)["'”″′’]""")


class TableEntry(NamedTuple):
    """One query's scores: `rows` int [n], distinct, in any order; `scores` float32 [n], finite."""

    query: str
    rows: np.ndarray
    scores: np.ndarray


def table_key(text: str) -> str:
    """The query's key and, after a line feed, the marks that change what is meant ("c++", "5/8", a 6" and a 6' rug)."""
    marks = "".join(_MEANT.findall(text))
    return f"{query_key(text)}\n{marks}" if marks else query_key(text)


class ScoreTable:
    """An opened table; read-only, without state of its own, so any number of threads may ask it.

    Attributes:
        facts: what the builder noted (teacher version, catalogue …).
        pairs: how many scores it holds; bytes: what all its columns take.
    """

    def __init__(self, columns: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        self._hashes, self._keys, self._key_starts = columns["hashes"], columns["keys"], columns["key_starts"]
        self._starts, self._rows, self._scores = columns["starts"], columns["rows"], columns["scores"]
        self.facts = dict(facts)
        self.pairs = len(self._scores)
        self.bytes = sum(column.nbytes for column in columns.values())

    @classmethod
    def write(cls, path: Path, entries: Iterable[TableEntry], facts: Mapping[str, Any]) -> "ScoreTable":
        """Write the entries to the directory `path`, whole or not at all, and open it.

        Entries without rows are left out. Of two entries with one key the first is kept.

        Raises:
            InputError: when no entry is left, or one repeats a row or has a score that is not finite.
            MachineError: when the directory cannot be written.
        """
        made: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
        for entry in entries:
            key = table_key(entry.query).encode("utf-8", "surrogatepass")
            if len(entry.rows) and key not in made:
                made[key] = _sorted(entry)
        if not made:
            raise InputError("no query for the score table; expected one with a candidate at least")
        keys = sorted(made, key=lambda key: (_hash(key), key))
        sizes = {"key_starts": [len(key) for key in keys], "starts": [len(made[key][0]) for key in keys]}
        columns = {name: np.concatenate([[0], np.cumsum(size, dtype=np.int64)]) for name, size in sizes.items()}
        columns["hashes"] = np.array([_hash(key) for key in keys], dtype=np.uint64)
        columns["keys"] = np.frombuffer(b"".join(keys), dtype=np.uint8)
        columns["rows"] = np.concatenate([made[key][0] for key in keys])
        columns["scores"] = np.concatenate([made[key][1] for key in keys])
        return cls._save(Path(path), columns, facts)

    @classmethod
    def load(cls, path: Path, *, catalogue: str | None = None) -> "ScoreTable":
        """Open what `write` wrote, memory-mapped; takes a millisecond.

        Args:
            catalogue: the signature of the catalogue whose rows will be asked for; None does not check it.

        Raises:
            InputError: when the table's fact "catalogue" is another.
            MachineError: when there is no table, or it is damaged.
        """
        path = Path(path)
        manifest = read_json(path / "manifest.json")
        try:
            if manifest["format"] != FORMAT:
                raise ValueError(f"format {manifest['format']}, expected {FORMAT}")
            facts, queries, pairs = manifest["facts"], manifest["queries"], manifest["pairs"]
            columns = {name: _column(path / f"{name}.npy", kind) for name, kind in _COLUMNS.items()}
            found = (*(len(columns[name]) for name in ("hashes", "key_starts", "starts", "rows", "scores")),)
            if found != (queries, queries + 1, queries + 1, pairs, pairs) or columns["starts"][-1] != pairs:
                raise ValueError("files that do not fit one another")
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise MachineError(f"{path} is no sound score table ({error}); build it again") from error
        if catalogue is not None and facts.get("catalogue") != catalogue:
            raise InputError(f"the score table {path} belongs to another catalogue than this one; build it again")
        return cls(columns, facts)

    def __len__(self) -> int:
        """How many queries it knows."""
        return len(self._hashes)

    def __contains__(self, query_text: object) -> bool:
        return isinstance(query_text, str) and self._place(query_text) is not None

    def lookup(self, query_text: str, rows: Sequence[int] | np.ndarray) -> np.ndarray | None:
        """float32 scores [len(rows)] of these catalogue rows, or None unless the table knows them all.

        All or nothing: its scores and a student's are on different scales, so one list must not hold both.
        """
        place = self._place(query_text)
        if place is None:
            return None
        entry = slice(int(self._starts[place]), int(self._starts[place + 1]))
        known, wanted = self._rows[entry], np.asarray(rows, dtype=np.int64)
        if not len(known):  # all its products have changed since
            return None
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.array(self._scores[entry][at]) if np.array_equal(known[at], wanted) else None

    @property
    def known_rows(self) -> np.ndarray:
        """Every row that has a score of some query, int32, rising, each once."""
        return np.unique(self._rows)

    def carry(self, path: Path, rows: np.ndarray, facts: Mapping[str, Any]) -> "ScoreTable":
        """Write a copy whose rows are those of another catalogue, whole or not at all, and open it.

        Args:
            rows: int [rows of the old catalogue]: where each product stands now, -1 for one that changed or is gone.
            facts: in place of this table's of the same name.

        Raises:
            InputError: when none of the products is left.
            MachineError: when the directory cannot be written.
        """
        query = np.repeat(np.arange(len(self)), np.diff(self._starts))
        moved = np.asarray(rows)[self._rows]
        order = np.lexsort((moved, query))
        order = order[moved[order] >= 0]
        if not len(order):
            raise InputError("no product of the score table is left in the newer catalogue; build it again")
        columns = {"hashes": self._hashes, "keys": self._keys, "key_starts": self._key_starts}
        columns |= {"rows": moved[order], "scores": self._scores[order]}
        columns["starts"] = np.concatenate([[0], np.cumsum(np.bincount(query[order], minlength=len(self)))])
        return self._save(Path(path), columns, {**self.facts, **facts})

    @classmethod
    def _save(cls, path: Path, columns: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> "ScoreTable":
        with atomic_path(path) as temporary:
            temporary.mkdir(parents=True)
            for name, kind in _COLUMNS.items():
                np.save(temporary / f"{name}.npy", columns[name].astype(kind))
            size = {"queries": len(columns["hashes"]), "pairs": len(columns["rows"])}
            write_json(temporary / "manifest.json", {"format": FORMAT, **size, "facts": dict(facts)})
        return cls.load(path)

    def _place(self, text: str) -> int | None:
        key = table_key(text).encode("utf-8", "surrogatepass")
        wanted = np.uint64(_hash(key))
        place = int(np.searchsorted(self._hashes, wanted))
        while place < len(self._hashes) and self._hashes[place] == wanted:
            if self._keys[self._key_starts[place] : self._key_starts[place + 1]].tobytes() == key:
                return place
            place += 1  # another query with the same hash
        return None


def _hash(key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")


def _sorted(entry: TableEntry) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(entry.rows, kind="stable")
    rows, scores = np.asarray(entry.rows)[order], np.asarray(entry.scores, dtype=np.float32)[order]
    if not np.isfinite(scores).all():
        raise InputError(f"the score table's scores of {entry.query[:60]!r} must be finite; label the query again")
    if (np.diff(rows) == 0).any():
        raise InputError(f"the score table has a row twice for {entry.query[:60]!r}; give each once")
    return rows, scores


def _column(path: Path, kind: str) -> np.ndarray:
    column = np.load(path, mmap_mode="r", allow_pickle=False)
    if column.dtype != np.dtype(kind) or column.ndim != 1:
        raise ValueError(f"{path.name} holds {column.dtype} of {column.ndim} dimensions")
    return column
