"""The run's score table: teacher scores of the log's most frequent queries over their first-stage candidates.

What is stored for a query is a mixture of its teacher's and its student's scores, each standardised over the candidates
(teacher_share.py says how much of each): offline there is time to ask both, and a teacher need not beat its student.

A build is its own checkpoint: what is scored so far is written every minute, as a table beside the one that serves. The
next build takes from both what was made on the same basis.
"""

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eval.errors import InputError, MachineError, PartialError
from eval.files import fingerprint, read_json
from rerank.blend import blend
from rerank.score_table import ScoreTable, TableEntry, table_key
from rerank.student import Student
from rerank.teacher import TEACHER_FILE
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery
from retrieval.index_manifest import catalogue_signature
from retrieval.live.locks import file_lock
from retrieval.types import Query, Retriever
from workflow.config.run import Config
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.progress import StageProgress
from workflow.served.teacher_share import both_models, fit_share, score_both
from workflow.stages.first_stage import open_first_stages
from workflow.stages.open_teacher import Ranker

MARGIN = 1.25
"""Candidates stored a query, as a multiple of the window: what moves up when products are deleted is known, too."""

_BATCH = 4096
_CHUNK = 16
_CHECKPOINT_SECONDS = 60.0
_CARRIED_FROM = "carried_from"


class HeadQuery(NamedTuple):
    """A query of the log in its most frequent spelling; `frequency` is that of all its spellings."""

    query: Query
    frequency: int


def table_path(run: RunDirectory) -> Path:
    """Where a run's score table stands."""
    return run.root / "score-table"


def open_score_table(run: RunDirectory, catalogue: Catalogue, path: Path | None = None) -> ScoreTable | None:
    """The run's table, or the one at `path` that was carried to a newer `catalogue`; None where there is none.

    Raises:
        InputError: when it was made for another teacher, student, blend or catalogue than the run's.
    """
    path = table_path(run) if path is None else path
    if not (path / "manifest.json").exists():
        return None
    basis = _basis(run, catalogue)
    table = ScoreTable.load(path, catalogue=basis["catalogue"])
    other = [name for name, value in basis.items() if table.facts.get(name) != value]
    if other:
        raise InputError(
            f"the score table {path} was made with another {', '.join(other)}; run distilrank score-table {run.root}"
        )
    return table


def open_carried_table(run: RunDirectory, newer: Catalogue, path: Path) -> ScoreTable | None:
    """The run's table with the rows of a `newer` catalogue, at `path`: carried there now, where it is not yet.

    A merge carries the table that there is; one that is built afterwards is carried when the merge is opened.

    Returns and raises as `carry_score_table`.
    """
    with file_lock(path.with_suffix(".lock")):  # all processes of a host open a merge at the same time
        if (built := _built(run)) is None:
            return None
        if _carried_from(path) == built:
            return open_score_table(run, newer, path)
        return carry_score_table(run, load_prepared(run.data).catalogue, newer, path)


def carry_score_table(run: RunDirectory, own: Catalogue, newer: Catalogue, path: Path) -> ScoreTable | None:
    """Write the run's table to `path` with the rows of a `newer` catalogue, a merge of live changes.

    Products that are there unchanged, in every field, keep their scores. None without a table, or without such
    products; raises as `open_score_table`.
    """
    built = _built(run)
    table = open_score_table(run, own)
    if table is None:
        return None
    known = table.known_rows.tolist()
    rows = np.full(len(own), -1, dtype=np.int64)
    for start in range(0, len(known), _BATCH):
        before = own.products(known[start : start + _BATCH])
        there = [(product, newer.row(product.id)) for product in before if product.id in newer]
        for (product, row), now in zip(there, newer.products([row for _, row in there]), strict=True):
            if now == product:
                rows[own.row(product.id)] = row
    if not (rows >= 0).any():
        return None
    return table.carry(path, rows, {"catalogue": catalogue_signature(newer), _CARRIED_FROM: built})


def build_score_table(
    config: Config, run: RunDirectory, progress: StageProgress, *, queries: int, depth: int | None = None
) -> ScoreTable:
    """Score the `queries` most frequent log queries over their best `depth` candidates (None: `MARGIN` windows).

    Raises:
        InputError: when a number is below 1, the run has no log, or no query of it finds a product.
        PartialError: when the teacher failed on a query; the table stands without it, and a new build asks again.
    """
    depth = round(MARGIN * config.measure.window) if depth is None else depth
    if queries < 1 or depth < 1:
        raise InputError(f"a score table of {queries} queries and {depth} candidates; expected 1 or more of each")
    prepared = load_prepared(run.data)
    head = head_queries(prepared.log)[:queries]
    if not head:
        raise InputError(f"{run.root} has no query log, so no query is known to be frequent; give one (data.log)")
    basis = {**_basis(run, prepared.catalogue), "depth": depth}
    first = open_first_stages(config, prepared.catalogue, run)[config.index.first_stage]
    path = table_path(run)
    part = path.with_name("score-table.part")
    before = [table for table in (_standing(part, basis), _standing(path, basis)) if table is not None]
    if before:
        chosen = {name: before[0].facts[name] for name in ("teacher_share", "dev")}
    else:
        fit = fit_share(config, prepared, run, first, basis["blend_weight"], progress.task("asking dev queries"))
        dev = {"measure": fit.measure, "gain": fit.gain._asdict(), "curve": fit.curve}
        chosen = {"teacher_share": fit.share, "dev": dev}
    models = both_models(config, prepared, run, chains(config, prepared, run)[-1])
    frequency = {one.query.text: one.frequency for one in head}
    requests = sum(entry.frequency for entry in prepared.log)

    def write(entries: Sequence[TableEntry], place: Path) -> ScoreTable:
        known = sum(frequency[entry.query] for entry in entries)
        return ScoreTable.write(place, entries, {**basis, **chosen, "log_share": known / requests})

    report = progress.task("scoring head queries")
    made: list[TableEntry] = []
    failed, written = 0, time.monotonic()
    for start in range(0, len(head), _CHUNK):
        chunk = [one.query for one in head[start : start + _CHUNK]]
        for entry in _score(chunk, first, prepared.catalogue, models, chosen["teacher_share"], depth, before):
            if np.isfinite(entry.scores).all():
                made += [entry] if len(entry.rows) else []
            else:
                failed += 1
        report(start + len(chunk), len(head))
        if made and time.monotonic() - written > _CHECKPOINT_SECONDS:
            write(made, part)
            written = time.monotonic()
    if not made:
        raise InputError(f"none of the {len(head)} most frequent queries finds a product that can be scored")
    table = write(made, path)
    shutil.rmtree(part, ignore_errors=True)
    if failed:
        raise PartialError(f"the teacher failed on {failed} of {len(head)} head queries; the student answers them")
    return table


def head_queries(log: Iterable[LogQuery]) -> list[HeadQuery]:
    """The log's distinct queries, most frequent first (ties by first appearance); texts without a word are left out."""
    spellings: dict[str, list[LogQuery]] = {}
    for entry in log:
        key = table_key(entry.text)
        if key.strip():
            spellings.setdefault(key, []).append(entry)
    merged: list[HeadQuery] = []
    for same in spellings.values():
        best = max(same, key=lambda entry: entry.frequency)
        merged.append(HeadQuery(Query(f"head-{len(merged)}", best.text), sum(entry.frequency for entry in same)))
    return sorted(merged, key=lambda one: -one.frequency)


def _basis(run: RunDirectory, catalogue: Catalogue) -> dict[str, Any]:
    """What the stored scores depend on, apart from the number of candidates."""
    student = run.root / "student"
    return {
        "teacher": read_json(run.root / "teacher" / TEACHER_FILE)["version"],
        "student": fingerprint([*sorted(student.glob("*.safetensors")), student / "student.json"]),
        "catalogue": catalogue_signature(catalogue),
        "blend_weight": read_json(run.report / "metrics.json")["blend_weights"]["full catalogue"],
    }


def _built(run: RunDirectory) -> int | None:
    """When the run's table was built; None where it has none."""
    try:
        return (table_path(run) / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _carried_from(path: Path) -> int | None:
    """When the table was built that was carried to `path`; None where none was, or what is there is damaged."""
    try:
        return ScoreTable.load(path).facts.get(_CARRIED_FROM)
    except MachineError:
        return None


def _standing(path: Path, basis: Mapping[str, Any]) -> ScoreTable | None:
    if not (path / "manifest.json").exists():
        return None
    table = ScoreTable.load(path)
    return table if all(table.facts.get(name) == value for name, value in basis.items()) else None


def _score(
    queries: Sequence[Query],
    first: Retriever,
    catalogue: Catalogue,
    models: tuple[Ranker, Student],
    share: float,
    depth: int,
    before: Sequence[ScoreTable],
) -> Iterator[TableEntry]:
    """Entries of these queries; what a table `before` holds is taken from it. NaN scores: the teacher failed."""
    found = [[catalogue.row(hit.product_id) for hit in hits] for hits in first.search(queries, depth)]
    known = [_looked_up(before, query, rows) for query, rows in zip(queries, found, strict=True)]
    new = [place for place, scores in enumerate(known) if scores is None]
    made = score_both([queries[place] for place in new], [found[place] for place in new], catalogue, models)
    for place, (teacher, student) in zip(new, made, strict=True):
        known[place] = blend(student, teacher, share) if np.isfinite(teacher).all() else teacher
    for query, rows, scores in zip(queries, found, known, strict=True):
        if scores is not None:
            yield TableEntry(query.text, np.array(rows, dtype=np.int64), scores)


def _looked_up(tables: Sequence[ScoreTable], query: Query, rows: Sequence[int]) -> np.ndarray | None:
    return next((scores for table in tables if (scores := table.lookup(query.text, rows)) is not None), None)
