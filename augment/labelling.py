"""Bulk labelling: the teacher's label for every mined pair, resumable and exactly once.

Knows nothing of models: a teacher is anything with a version and `label`. It batches and sorts as it likes.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pyarrow as pa

from augment.guard import LeakGuard
from augment.journal import LABEL_SCHEMA, Journal, LabelCounts
from augment.pairs import Pairs
from eval.errors import InputError, MachineError, PartialError
from rerank.types import Label, Pair
from retrieval.types import Query

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue


class LabelTeacher(Protocol):
    """Who labels. `version` changes whenever its labels may."""

    @property
    def version(self) -> str: ...

    def label(self, pairs: Sequence[Pair]) -> list[Label]:
        """One label a pair, in the given order; a pair that cannot be labelled has a status other than "ok" and a
        reason.
        """
        ...


class Slice(NamedTuple):
    """What is to be labelled of one shard of a journal: the pairs at these places of it."""

    number: int
    places: tuple[int, ...]


LabelledSlice = tuple[int, list[dict[str, Any]]]
"""A shard's number, and the rows (columns of `LABEL_SCHEMA`) of its slice."""


def label_pairs(
    pairs: Pairs,
    catalogue: "Catalogue",
    teacher: LabelTeacher,
    journal: Journal,
    *,
    guard: LeakGuard,
    failed_share: float = 0.01,
    retry_failed: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> LabelCounts:
    """Label what the journal lacks, slice by slice; with `retry_failed` also what failed before, and nothing else.

    Every slice is written whole when it is done, so a killed run loses at most one slice of work and ends, once
    resumed, with the same bytes. `progress` is called with (pairs done, pairs in all) after every slice; it may raise
    to stop.

    Raises:
        InputError: when the journal is of other pairs or another teacher, or a held-out query is among the pairs.
        MachineError: when the teacher does not return one label a pair.
        PartialError: when, at the end, more than the share `failed_share` of the pairs has failed; the rest is kept.
    """
    check_journal(journal, pairs, teacher.version)
    wanted = slices_to_label(journal, retry_failed=retry_failed)
    labelled = ((one.number, label_slice(one, pairs, catalogue, teacher, journal, guard)) for one in wanted)
    return write_slices(labelled, wanted, journal, failed_share=failed_share, progress=progress)


def check_journal(journal: Journal, pairs: Pairs, teacher_version: str) -> None:
    """Raises InputError when the journal is of other pairs, or of another teacher."""
    if journal.manifest["pairs_fingerprint"] != pairs.fingerprint:
        raise InputError(
            f"the label journal {journal.path} is not of the pairs in {pairs.path}; open it with these pairs"
        )
    if journal.teacher_version != teacher_version:
        raise InputError(
            f"the label journal {journal.path} was begun by teacher {journal.teacher_version!r}, this is "
            f"{teacher_version!r}; renew the journal explicitly, or label with the old teacher"
        )


def slices_to_label(journal: Journal, *, retry_failed: bool = False) -> list[Slice]:
    """What the journal lacks, whole shards; with `retry_failed` also the failed pairs of the others."""
    wanted = []
    for number in range(journal.shards):
        start, stop = journal.bounds(number)
        places: Iterable[int] = ()
        if not journal.has(number):
            places = range(stop - start)
        elif retry_failed:
            places = (place for place, status in enumerate(journal.statuses(number)) if status != "ok")
        if chosen := tuple(places):
            wanted.append(Slice(number, chosen))
    return wanted


def label_slice(
    wanted: Slice, pairs: Pairs, catalogue: "Catalogue", teacher: LabelTeacher, journal: Journal, guard: LeakGuard
) -> list[dict[str, Any]]:
    """Ask the teacher; rows in the order of the slice's places, a failed label's reason among them."""
    rows = pairs.table(*journal.bounds(wanted.number)).select(["query_id", "query", "product_id"])
    return _label(rows.take(list(wanted.places)).to_pylist(), catalogue, teacher, guard)


def write_slices(
    labelled: Iterable[LabelledSlice],
    wanted: Sequence[Slice],
    journal: Journal,
    *,
    failed_share: float = 0.01,
    progress: Callable[[int, int], None] | None = None,
) -> LabelCounts:
    """Write slices as they come, in any order; `label_pairs` says what is raised."""
    places = {one.number: one.places for one in wanted}
    sizes = [stop - start for start, stop in map(journal.bounds, range(journal.shards))]
    done = sum(size for number, size in enumerate(sizes) if number not in places)
    if done and progress is not None:
        progress(done, journal.pairs)
    for number, rows in labelled:
        whole = journal.read(number).to_pylist() if journal.has(number) else [{}] * sizes[number]
        for place, row in zip(places[number], rows, strict=True):
            whole[place] = row
        journal.write(number, pa.Table.from_pylist(whole, schema=LABEL_SCHEMA))
        done += sizes[number]
        if progress is not None:
            progress(done, journal.pairs)
    counts = journal.counts()
    if counts.failures > failed_share * counts.total:
        raise PartialError(
            f"{counts}: more than the share of {failed_share:g} that may fail; what is done is kept: label again with "
            f"retry-failed, or raise label.failed_share"
        )
    return counts


def _label(
    rows: Sequence[dict[str, Any]], catalogue: "Catalogue", teacher: LabelTeacher, guard: LeakGuard
) -> list[dict[str, Any]]:
    guard.assert_clean(dict.fromkeys(row["query"] for row in rows))
    ids = sorted({row["product_id"] for row in rows if row["product_id"] in catalogue}, key=catalogue.row)
    products = dict(zip(ids, catalogue.products([catalogue.row(product_id) for product_id in ids]), strict=True))
    asked = [row for row in rows if row["product_id"] in products]
    labels = (
        teacher.label([(Query(row["query_id"], row["query"]), products[row["product_id"]]) for row in asked])
        if asked
        else []
    )
    if len(labels) != len(asked):
        raise MachineError(
            f"teacher {teacher.version!r} returned {len(labels)} labels for {len(asked)} pairs; it is broken"
        )
    said = iter(labels)
    unknown = Label(math.nan, None, "failed", "product not in the catalogue")
    return [
        row | _entry(next(said) if row["product_id"] in products else unknown) | {"teacher_version": teacher.version}
        for row in rows
    ]


def _entry(label: Label) -> dict[str, Any]:
    if label.status == "ok" and not math.isfinite(label.score):
        label = Label(label.score, None, "failed", "score is not finite")
    if label.status != "ok":
        return {"score": None, "distribution": None, "status": "failed", "reason": label.reason or label.status}
    distribution = None if label.distribution is None else [float(share) for share in label.distribution]
    return {"score": float(label.score), "distribution": distribution, "status": "ok", "reason": label.reason}
