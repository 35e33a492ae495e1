"""The label journal: what the teacher said of every pair, exactly once, on disk.

    journal/manifest.json              who labels (teacher and prompt version) and what (fingerprint and number of
    pairs) journal/shard-00000.parquet …      the labels of pairs 0 … shard_pairs - 1, and so on; written whole or not
    at all

A shard holds the labels of a fixed slice of the pairs, in their order, failures with their reason among them. Readable
by `datasets.load_dataset("parquet", data_files="journal/shard-*.parquet")`.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from augment.pairs import Pairs, remove_leftovers, shard_name, write_table
from eval.errors import InputError
from eval.files import read_json, write_json
from retrieval.types import Query

LABEL_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("query", pa.string()),
        ("product_id", pa.string()),
        ("score", pa.float32()),  # logit of the expected soft target; null when the label failed
        ("distribution", pa.list_(pa.float32())),  # probability of each grade, best first; null without grades
        ("status", pa.string()),  # "ok" or "failed"
        ("reason", pa.string()),  # why it failed; when ok: how it was got, or empty
        ("teacher_version", pa.string()),
    ]
)


@dataclass
class LabelCounts:
    """How far a journal is: `ok` (of these `noted`, by how they were got where a teacher says so), `failed` by reason,
    and pairs `missing` (not labelled yet).
    """

    ok: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    noted: dict[str, int] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        return sum(self.failed.values())

    @property
    def total(self) -> int:
        return self.ok + self.failures + self.missing

    def __str__(self) -> str:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in self.failed.items())
        notes = "; ".join(f"{count:,} {note}" for note, count in self.noted.items())
        parts = [
            f"{self.ok:,} of {self.total:,} pairs labelled" + (f" ({notes})" if notes else ""),
            f"{self.failures:,} failed" + (f" ({reasons})" if reasons else ""),
        ]
        return ", ".join([*parts, f"{self.missing:,} to go"] if self.missing else parts)


@dataclass(frozen=True)
class LabelledQuery:
    """A query's labels that are ok: `scores` float32 [n], `distributions` float32 [n, grades] where the teacher has
    grades.
    """

    query: Query
    product_ids: tuple[str, ...]
    scores: np.ndarray
    distributions: np.ndarray | None


class Journal:
    """A journal's directory. `open_journal` is for writing; this constructor opens an existing one."""

    def __init__(self, path: Path):
        """Raises InputError when there is no journal at `path`."""
        self.path = Path(path)
        if not (self.path / "manifest.json").exists():
            raise InputError(f"{self.path} holds no label journal; run the label stage")
        self.manifest: dict[str, Any] = read_json(self.path / "manifest.json")
        self.teacher_version: str = self.manifest["teacher_version"]
        self.pairs: int = self.manifest["pairs"]
        self.shard_pairs: int = self.manifest["shard_pairs"]

    @property
    def shards(self) -> int:
        """How many shards the finished journal has."""
        return -(-self.pairs // self.shard_pairs)

    def bounds(self, number: int) -> tuple[int, int]:
        """First pair of shard `number`, and the one after its last."""
        return number * self.shard_pairs, min((number + 1) * self.shard_pairs, self.pairs)

    def has(self, number: int) -> bool:
        """Whether shard `number` is written."""
        return self._shard(number).exists()

    def read(self, number: int) -> pa.Table:
        """Shard `number`, columns of `LABEL_SCHEMA`."""
        return pq.read_table(self._shard(number), schema=LABEL_SCHEMA)

    def statuses(self, number: int) -> list[str]:
        """The status of each label in shard `number`."""
        return pq.read_table(self._shard(number), columns=["status"])["status"].to_pylist()

    def write(self, number: int, labels: pa.Table) -> None:
        """Write or replace shard `number`, whole or not at all.

        Raises:
            ValueError: when `labels` are not as many as the slice of pairs.
        """
        start, stop = self.bounds(number)
        if labels.num_rows != stop - start:
            raise ValueError(f"shard {number} holds {stop - start} pairs, got {labels.num_rows} labels")
        write_table(labels.cast(LABEL_SCHEMA), self._shard(number))

    def counts(self) -> LabelCounts:
        """Count labels by status; failures by reason, most frequent first."""
        counts, failed, noted = LabelCounts(), Counter[str](), Counter[str]()
        for number in range(self.shards):
            if not self.has(number):
                start, stop = self.bounds(number)
                counts.missing += stop - start
                continue
            reasons = pq.read_table(self._shard(number), columns=["status", "reason"])
            sound = pc.equal(reasons["status"], "ok")
            lost = reasons.filter(pc.invert(sound))["reason"].to_pylist()
            counts.ok += reasons.num_rows - len(lost)
            failed.update(lost)
            noted.update(note for note in reasons.filter(sound)["reason"].to_pylist() if note)
        counts.failed, counts.noted = _by_frequency(failed), _by_frequency(noted)
        return counts

    def _shard(self, number: int) -> Path:
        return self.path / shard_name(number)


def open_journal(
    path: Path,
    pairs: Pairs,
    *,
    teacher_version: str,
    prompt_version: str = "",
    shard_pairs: int = 2048,
    renew: bool = False,
) -> Journal:
    """Begin the journal of `pairs`, or go on with it.

    Args:
        renew: where the journal at `path` is another teacher's or of other pairs, put it aside (it is renamed to
            `NAME.replaced-1`, …; nothing is lost) and begin a new one.

    Raises:
        InputError: when the journal at `path` is another's and `renew` is not given.
    """
    path = Path(path)
    if shard_pairs < 1:
        raise InputError(f"label.shard_pairs is {shard_pairs}, expected 1 or more")
    wanted = {
        "teacher_version": teacher_version,
        "prompt_version": prompt_version,
        "pairs_fingerprint": pairs.fingerprint,
        "pairs": len(pairs),
        "shard_pairs": shard_pairs,
    }
    if (path / "manifest.json").exists():
        begun = read_json(path / "manifest.json")
        changed = [name for name in wanted if begun.get(name) != wanted[name]]
        if not changed:
            remove_leftovers(path)
            return Journal(path)
        if not renew:
            name = changed[0]
            raise InputError(
                f"the label journal {path} was begun with {name} {begun.get(name)!r}, this run has {wanted[name]!r}; "
                f"go on with the old one, choose another journal, or renew it explicitly (the old labels are put aside)"
            )
        os.rename(path, _unused(path))
    write_json(path / "manifest.json", wanted)
    return Journal(path)


def read_labels(path: Path) -> Iterator[LabelledQuery]:
    """The labels that are ok, query by query in the order of the pairs; one shard and one query in memory.

    Raises:
        InputError: when the journal is missing or labelling has not reached its end.
    """
    journal = Journal(path)
    unwritten = [number for number in range(journal.shards) if not journal.has(number)]
    if unwritten:
        raise InputError(
            f"the label journal {path} lacks {len(unwritten)} of {journal.shards} shards; run the label stage"
        )
    held: list[dict[str, Any]] = []
    for number in range(journal.shards):
        for row in journal.read(number).to_pylist():
            if held and row["query_id"] != held[0]["query_id"]:
                yield from _group(held)
                held = []
            held.append(row)
    yield from _group(held)


def _group(rows: list[dict[str, Any]]) -> Iterator[LabelledQuery]:
    rows = [row for row in rows if row["status"] == "ok"]
    if rows:
        graded = all(row["distribution"] is not None for row in rows)
        yield LabelledQuery(
            Query(rows[0]["query_id"], rows[0]["query"]),
            tuple(row["product_id"] for row in rows),
            np.array([row["score"] for row in rows], dtype=np.float32),
            np.array([row["distribution"] for row in rows], dtype=np.float32) if graded else None,
        )


def _by_frequency(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _unused(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.replaced-{number}")).exists():
        number += 1
    return aside
