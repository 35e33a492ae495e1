"""Mined, unlabelled pairs on disk: Parquet shards that `datasets.load_dataset("parquet")` reads too.

pairs/shard-00000.parquet …   the pairs, grouped by query (data_files="pairs/shard-*.parquet")
pairs/queries.parquet         the selected queries, coverage and origin; pairs/coverage/: of every query examined
pairs/leaks.csv               log queries that were dropped for being, or nearing, a held-out query
pairs/plan.json               what mining was begun with; pairs/manifest.json: the summary, written last
"""

import bisect
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from eval.errors import InputError
from eval.files import atomic_path, read_json

PAIR_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("query", pa.string()),
        ("product_id", pa.string()),
        ("source", pa.string()),  # who found it, joined by "+": retrievers' names, neighbour, random
        ("rank", pa.int32()),  # first-stage rank from 1; null when not found there
        ("stratum", pa.string()),  # what it was taken for: "1-4", … or "by" a strategy, neighbour, random
        ("coverage", pa.float32()),  # of the query, 0 to 1
        ("judged", pa.bool_()),  # the query is a judged train query, under its own id
    ]
)


class MinedPair(NamedTuple):
    """A pair for the teacher, and why it was chosen (the columns of `PAIR_SCHEMA`)."""

    query_id: str
    query: str
    product_id: str
    source: str
    rank: int | None
    stratum: str
    coverage: float
    judged: bool


def shard_name(number: int) -> str:
    """File name of a shard, of pairs and of journals alike."""
    return f"shard-{number:05d}.parquet"


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file, whole or not at all; the same table gives the same bytes."""
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def remove_leftovers(path: Path) -> None:
    """Remove what an interrupted atomic write left beside its target in the directory `path`."""
    for leftover in path.glob(".*.tmp"):
        leftover.unlink()


class Pairs:
    """The finished pairs of a directory, read by position; at most the shards of one slice are in memory."""

    def __init__(self, path: Path):
        """Open what `augment.mining.mine` wrote.

        Raises:
            InputError: when mining has not finished there, or a shard is missing.
        """
        self.path = Path(path)
        if not (self.path / "manifest.json").exists():
            raise InputError(f"{self.path} holds no finished pairs; run the mine stage (it resumes where it stopped)")
        self.manifest: dict[str, Any] = read_json(self.path / "manifest.json")
        self.fingerprint: str = self.manifest["fingerprint"]
        self._ends = list(itertools.accumulate(self.manifest["shards"]))
        for number in range(len(self._ends)):
            if not self._shard(number).exists():
                raise InputError(f"{self._shard(number)} is missing; remove {self.path} and run the mine stage again")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def table(self, start: int, stop: int) -> pa.Table:
        """Pairs `start`..`stop - 1` (cut at the end), columns of `PAIR_SCHEMA`."""
        stop = min(stop, len(self))
        parts = []
        number = bisect.bisect_right(self._ends, start)
        while start < stop:
            begin = self._ends[number - 1] if number else 0
            end = min(stop, self._ends[number])
            parts.append(pq.read_table(self._shard(number), schema=PAIR_SCHEMA).slice(start - begin, end - start))
            start, number = end, number + 1
        return pa.concat_tables(parts) if parts else PAIR_SCHEMA.empty_table()

    def __iter__(self) -> Iterator[MinedPair]:
        begin = 0
        for end in self._ends:
            for row in self.table(begin, end).to_pylist():
                yield MinedPair(**row)
            begin = end

    def _shard(self, number: int) -> Path:
        return self.path / shard_name(number)
