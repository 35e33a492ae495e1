"""A generation with the log applied to it, up to a place in the log; makes the views. One thread at a time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.errors import MachineError
from retrieval.expansion import Expansion
from retrieval.first_stages import FirstStage, first_stages
from retrieval.fusion import Fusion
from retrieval.live.bm25 import LiveBM25
from retrieval.live.delta import Delta
from retrieval.live.dense import LiveDense
from retrieval.live.generation import Generation
from retrieval.live.grown import Grown
from retrieval.live.log import Log, Record, Segment
from retrieval.live.pointer import Pointer
from retrieval.live.records import Change
from retrieval.live.view import LiveCatalogue, View
from retrieval.types import Retriever

_READ_AT_ONCE = 64 << 20  # bytes


class State:
    """What one process knows of the catalogue.

    Reading and appending need the log's lock, applying what was read does not: it takes longer.

    Args:
        generation: the index.
        pointer: where the log goes on from it.
        first_stage: which retriever the views have; `fusion`: how its parts are fused; `expansion`: how it looks twice.

    Raises:
        FileNotFoundError: the log's segment is gone, since a merge has made a newer generation.
    """

    def __init__(
        self,
        generation: Generation,
        log: Log,
        pointer: Pointer,
        first_stage: FirstStage,
        fusion: Fusion,
        expansion: Expansion | None,
    ) -> None:
        self.generation = generation
        self.version = pointer.sequence
        self.touched: set[str] = set(generation.changed)
        """Ids that differ from the run's own catalogue."""
        self.segment = Segment(log, pointer.segment)
        self.end = 0
        """How far the segment has been read."""
        self._log = log
        self._first_stage = first_stage
        self._fusion = fusion
        self._expansion = expansion
        self._size = len(generation.catalogue)
        self._dimension = generation.dense.index.manifest.dimension
        self._delta = Delta(generation.catalogue.fields, self._dimension, generation.statistics)
        self._alive = Grown(np.bool_)
        self._alive.extend(np.ones(self._size, dtype=bool))
        self.view = self._make_view()

    def read(self) -> list[Change]:
        """The changes that the log has gained, or some 64 MB of them; to be applied before the next call.

        Raises:
            MachineError: the log is damaged; nothing has been read.
        """
        changes: list[Change] = []
        segment, end, size = self.segment, self.end, 0
        try:
            while True:
                for record in segment.records(end):
                    changes.append(self._decoded(record, self.version + len(changes) + 1, segment.path))
                    end, size = record.end, size + len(record.payload)
                    if size > _READ_AT_ONCE:
                        break
                following = segment.number + 1
                if size > _READ_AT_ONCE or not self._log.has(following):
                    break
                if end < segment.size():
                    raise MachineError(
                        f"{segment.path} is damaged at byte {end}, though segment {following} follows; restore the "
                        "file from a copy, or remove the live directory to go back to the index of the run"
                    )
                if segment is not self.segment:
                    segment.close()
                segment, end = Segment(self._log, following), 0
        except BaseException:
            if segment is not self.segment:
                segment.close()
            raise
        if segment is not self.segment:
            self.segment.close()
        self.segment, self.end = segment, end
        return changes

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply what was read, and make a view of it."""
        for change in changes:
            self._apply(change)
            self.version += 1
        if changes:
            self.view = self._make_view()

    def advance(self) -> None:
        """Read and apply all that the log has gained."""
        while changes := self.read():
            self.apply(changes)

    def append(self, change: Change) -> int:
        """Write a change to the log, which the caller holds alone and has read to its end; returns the new version.

        Raises:
            MachineError: the disk refuses; nothing has changed.
        """
        self.end = self._log.append(self.segment.number, self.end, self.version + 1, change.payload)
        self.version += 1
        self._apply(change)
        self.view = self._make_view()
        return self.version

    def has_news(self) -> bool:
        """Whether the log may have gained something; cheap, needs no lock."""
        return self.segment.size() != self.end or self._log.has(self.segment.number + 1)

    def rotate(self) -> None:
        """Begin the next segment of the log, which the caller holds alone and has read; not after an empty one.

        Raises:
            MachineError: the disk refuses; nothing has changed.
        """
        if self.end == 0:
            return
        self._log.cut(self.segment.number, self.end)
        self._log.create(self.segment.number + 1)
        self.advance()

    def close(self) -> None:
        """Close the log's file; views go on."""
        self.segment.close()

    def _decoded(self, record: Record, expected: int, path: Path) -> Change:
        if record.sequence != expected:
            raise MachineError(
                f"{path} goes on with change {record.sequence} at byte {record.start}, expected {expected}: a part of "
                "the log is missing; restore it from a copy, or remove the live directory to go back to the index of "
                "the run"
            )
        try:
            change = Change.decode(record.payload)
        except ValueError as error:
            raise MachineError(
                f"{path} holds something else than a change at byte {record.start} ({error}); use the version of "
                "distilrank that wrote it"
            ) from None
        if change.put and change.vectors.shape[1] != self._dimension:
            raise MachineError(
                f"{path} holds vectors of length {change.vectors.shape[1]} at byte {record.start}, expected "
                f"{self._dimension}; another encoder wrote them"
            )
        return change

    def _apply(self, change: Change) -> None:
        for product_id in [*change.deleted, *(product.id for product in change.put)]:
            self._retire(product_id)
        for product, vector in zip(change.put, change.vectors, strict=True):
            self._delta.add(product, vector)
        self._alive.extend(np.ones(len(change.put), dtype=bool))
        self.touched.update(change.deleted, (product.id for product in change.put))

    def _retire(self, product_id: str) -> None:
        row = self._delta.newest(product_id, len(self._delta))
        if row is not None:
            row += self._size
        elif product_id in self.generation.catalogue:
            row = self.generation.catalogue.row(product_id)
        else:
            return
        self._alive.first(row + 1)[row] = False  # views have copies

    def _make_view(self) -> View:
        count = len(self._delta)
        catalogue = LiveCatalogue(
            self.generation.catalogue, self._delta, count, self._alive.first(self._size + count).copy()
        )
        return View(
            retriever=self._retrievers(catalogue)[self._first_stage],
            catalogue=catalogue,
            version=self.version,
            products=len(catalogue),
            delta_rows=count,
            retired=self._size + count - len(catalogue),
            generation=self.generation.number,
            directory=self.generation.directory,
            attached=self.generation.attached,
        )

    def _retrievers(self, catalogue: LiveCatalogue) -> Mapping[str, Retriever]:
        bm25 = LiveBM25(self.generation.bm25, catalogue)
        dense = LiveDense(self.generation.dense, catalogue)
        template = self.generation.dense.index.manifest.template
        return first_stages(bm25, dense, catalogue, template, self._fusion, self._expansion)
