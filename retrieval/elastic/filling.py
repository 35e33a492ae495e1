"""Filling an index with documents in bulk: resumable, patient, and with an account of every document.

In a directory, while it works and afterwards:

    progress.json     the index (its uuid: one that was deleted and made again is filled anew) and the rows that the
                      cluster has acknowledged, 0 … done − 1
    rejected.jsonl    the documents among them that the cluster refused for good, and why

A document's id is its product's, so that sending it again changes nothing: what a killed run had under way is sent
again. What the cluster cannot take for the moment (status 429) is sent again after a pause, and only that.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from eval.errors import MachineError
from eval.files import read_json, write_json, write_text
from retrieval.elastic.connection import Cluster, ClusterError, Patience, told
from retrieval.progress import Progress

BULK_PATIENCE = Patience(attempts=8, first_s=0.5)
"""About two minutes: a cluster that is busy merging is not broken."""

_TOO_LARGE = 413
_AT_ONCE = 500
_HOPELESS = 1000  # rejections beyond what is allowed: enough to see what is wrong with them


class Document(NamedTuple):
    """One document to send: the row and the id of its product, and what stands there."""

    row: int
    id: str
    source: dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """A document that the cluster refused for good."""

    row: int
    product_id: str
    status: int
    kind: str
    reason: str


class Filling:
    """The work of filling one index with rows 0 … count − 1.

    Args:
        uuid: the index's own, from its settings.
        directory: where progress is kept; made where there is none.

    Raises:
        MachineError: the directory cannot be read or written.
    """

    def __init__(self, cluster: Cluster, index: str, uuid: str, directory: Path, patience: Patience = BULK_PATIENCE):
        self.cluster = cluster
        self.index = index
        self.patience = patience
        self.report = directory / "rejected.jsonl"
        self._uuid = uuid
        self._state = directory / "progress.json"
        stored = read_json(self._state) if self._state.exists() else {}
        mine = stored.get("uuid") == uuid
        self.done: int = stored["done"] if mine else 0
        self.rejected: list[Rejected] = self._read()[: stored["rejected"]] if mine else []
        self._keep(whole=True)

    def fill(
        self,
        documents: Callable[[Sequence[int]], list[Document]],
        count: int,
        *,
        allowed: float = 0.0,
        batch: int = _AT_ONCE,
        progress: Progress | None = None,
    ) -> None:
        """Send what the index still lacks: first what was rejected before, then the rows from `done` on.

        Args:
            documents: the documents of some rows, in their order.
            allowed: how many may be rejected; with many more than that, it stops short of `count`.
            progress: called with (documents acknowledged, count), first with what an earlier run left.

        Raises:
            ClusterError: the cluster does not answer, or takes nothing for too long. What is done is kept.
        """
        again, still = [one.row for one in self.rejected], []
        for rows in _batches(again, batch):
            still += self._send(documents(rows))
        if again:
            self.rejected = still
            self._keep(whole=True)
        if progress is not None:
            progress(self.done, count)
        for rows in _batches(range(self.done, count), batch):
            if len(self.rejected) > allowed + _HOPELESS:
                return
            refused = self._send(documents(rows))
            self.rejected += refused
            self.done = rows[-1] + 1
            self._keep(new=refused)
            if progress is not None:
                progress(self.done, count)

    def summary(self) -> str:
        """The rejections by status and kind, most frequent first."""
        counts = Counter(f"{one.status} {one.kind}" for one in self.rejected)
        return ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())

    def _send(self, documents: Sequence[Document]) -> list[Rejected]:
        """Send documents until each is taken or refused for good; those refused."""
        refused: list[Rejected] = []
        pending = list(documents)
        attempt = 0
        while pending:
            try:
                items = self._bulk(pending)
            except ClusterError as error:
                if error.status != _TOO_LARGE or len(pending) == 1:
                    raise
                half = len(pending) // 2
                return refused + self._send(pending[:half]) + self._send(pending[half:])
            waiting = []
            for one, item in zip(pending, items, strict=True):
                answer = item["index"]
                if "error" not in answer:
                    continue
                status = answer["status"]
                kind, reason = told(answer)
                if ClusterError("", status).transient:
                    waiting.append(one)
                else:
                    refused.append(Rejected(one.row, one.id, status, kind, reason))
            attempt += 1
            if waiting and attempt >= self.patience.attempts:
                raise ClusterError(
                    f"cannot fill {self.index}: the cluster was too busy for {len(waiting)} documents, {attempt} times "
                    "in a row; what is done is kept: run again to go on",
                    429,
                )
            if waiting:
                time.sleep(self.patience.pause(attempt - 1))
            pending = waiting
        return refused

    def _bulk(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        for one in documents:
            lines += [{"index": {"_id": one.id}}, one.source]
        answer = self.cluster.call(
            f"fill {self.index}", lambda: self.cluster.client.bulk(index=self.index, body=lines), self.patience
        )
        return list(answer["items"])

    def _read(self) -> list[Rejected]:
        if not self.report.exists():
            return []
        lines = self.report.read_text(encoding="utf-8").splitlines()
        return [Rejected(**json.loads(line)) for line in lines if line.endswith("}")]

    def _keep(self, *, whole: bool = False, new: Sequence[Rejected] = ()) -> None:
        """Put the state on disk; the report before the count of its lines that are good."""
        if whole:
            write_text(self.report, "".join(map(_line, self.rejected)))
        elif new:
            try:
                with self.report.open("a", encoding="utf-8") as stream:
                    stream.writelines(map(_line, new))
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise MachineError(
                    f"cannot write {self.report}: {error.strerror}; free space, then run again"
                ) from error
        write_json(self._state, {"uuid": self._uuid, "done": self.done, "rejected": len(self.rejected)})


def _line(one: Rejected) -> str:
    return json.dumps(asdict(one), ensure_ascii=False) + "\n"


def _batches(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
