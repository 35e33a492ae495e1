"""The students as they are measured: exported, as they are served, where the machine has the runtime; else in torch."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from eval.errors import GateRefusedError
from rerank.runtime.exported import ExportedStudent
from rerank.student import Student
from rerank.types import Reranker
from workflow.measure.lazy_models import LazyReranker
from workflow.run.directory import Chain
from workflow.run.work import Work
from workflow.served.export import EXPORT, dev_queries, export_model
from workflow.served.extras import RUNTIME, missing


def measured_students(
    work: Work, made: Sequence[Chain], of: Callable[[Chain], Path], what: str
) -> tuple[list[LazyReranker], str]:
    """One student a chain, the one at `of(chain)`, and what computes the main chain's.

    An export that loses too much against its own student is refused; all are measured in torch then, as they would be
    served.
    """
    prepared, options = work.prepared(), work.config.measure
    paths = [of(chain) for chain in made]
    in_torch = [LazyReranker(partial(Student.load, path, precision="auto")) for path in paths]
    if options.runtime == "torch" or missing(RUNTIME):
        return in_torch, "torch"
    report = work.progress.task(f"exporting {what}")
    facts: dict[str, Any] = {}
    for place, (chain, path) in enumerate(zip(made, paths, strict=True)):
        report(place, len(made))
        try:
            facts, _ = export_model(work.run, prepared, path, chain.dev_ids or dev_queries(made))
        except GateRefusedError:
            return in_torch, "torch"
    report(len(made), len(made))
    exported = [LazyReranker(partial(_opened, path / EXPORT, work.config.threads)) for path in paths]
    return exported, f"{facts['engine']}, {facts['precision']}"


def _opened(path: Path, threads: int | None) -> Reranker:
    return ExportedStudent.load(path, threads=threads)
