"""The answers that were paid for, on disk: none is asked for twice, whatever is killed or done again.

One SQLite file. An answer is committed as it arrives; its key is a hash of model, request and pair text, so it never
goes stale. What all answers cost, those that were no grade included, is summed beside them.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eval.errors import MachineError
from rerank.api.answers import Answer

_AT_ONCE = 500


class Spent(NamedTuple):
    """What was asked so far: requests that were answered, their tokens, and the seconds they took, summed."""

    answers: int
    tokens_in: int
    tokens_out: int
    seconds: float

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


def answer_key(request: dict[str, Any]) -> str:
    """The key of a whole request body (model, messages and settings)."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


class AnswerCache:
    """Opens, or begins, the file at `path`; for one thread.

    Raises:
        MachineError: when it cannot be opened, is none, or is in use by another process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID")
            self._file.execute("CREATE TABLE IF NOT EXISTS spent (n INTEGER, inward INTEGER, outward INTEGER, s REAL)")
            self._file.execute("INSERT INTO spent SELECT 0, 0, 0, 0 WHERE NOT EXISTS (SELECT * FROM spent)")
        except (OSError, sqlite3.Error) as error:
            raise MachineError(
                f"the answers in {path} cannot be used ({error}); remove the file to ask again, or choose another place"
            ) from error

    def get(self, keys: Sequence[str]) -> dict[str, Answer]:
        """The answers that are known."""
        found: dict[str, Answer] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._file.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", some)
            found.update((key, Answer(**json.loads(answer))) for key, answer in rows)
        return found

    def add(self, key: str, answer: Answer, cost: tuple[int, int], seconds: float, *, keep: bool) -> None:
        """Count an answer's cost (tokens in and out) and, with `keep`, remember the answer.

        Raises:
            MachineError: when the disk is full or the file cannot be written.
        """
        try:
            self._file.execute("BEGIN IMMEDIATE")
            if keep:
                self._file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, json.dumps(vars(answer))))
            self._file.execute(
                "UPDATE spent SET n = n + 1, inward = inward + ?, outward = outward + ?, s = s + ?", (*cost, seconds)
            )
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise MachineError(f"cannot write {self.path}: {error}; free space or choose another place") from error

    def spent(self) -> Spent:
        """The cost of everything asked with this file."""
        return Spent(*self._file.execute("SELECT n, inward, outward, s FROM spent").fetchone())

    def __len__(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def missing(keys: Iterable[str], known: dict[str, Answer]) -> list[str]:
    """Those keys, once each and in order, that have no answer."""
    return [key for key in dict.fromkeys(keys) if key not in known]
