"""Quality against how much was learnt, by a run's own recipe: what the two axes, labels and judgements, share.

    scaling/AXIS/basis.json                   what the models stand on; when it changes, they are put aside
    scaling/AXIS/SEED/SIZE/CHAIN/             what was trained
    scaling/AXIS/SEED/SIZE/values-SET.json    its quality on each query
    scaling/AXIS/scaling.json                 all of it, with the fitted curves: docs/proof.md has the schema

Work that was interrupted goes on where it stopped; a size that was trained once is not trained again.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eval.bootstrap import interval
from eval.errors import InputError
from eval.files import read_json, write_json
from eval.label_efficiency import Axis, Point, Values
from eval.measures import per_query
from eval.trec import Run
from rerank.types import Reranker
from workflow.measure.scaling_results import BASIS, FILE, SCALING, basis
from workflow.measure.systems import Part, as_ranked, reranker_judged
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared
from workflow.run.work import Trial, Work
from workflow.stages.first_stage import student_template

MeasuredOn = Literal["dev", "out-of-fold", "test"]


@dataclass(frozen=True)
class Cell:
    """What was trained of one size with one seed: how much of what it learnt, the mean over the chains (`size`, the
    axis' own unit, is among them), and each system's values."""

    counts: dict[str, float]
    values: dict[str, Values]


@dataclass(frozen=True)
class Scaling:
    """One axis of a run: its chains, each with queries that it never learns, and the seeds to train with."""

    axis: Axis
    work: Work
    prepared: Prepared
    parts: list[Part]
    on: MeasuredOn
    seeds: list[int]

    @property
    def root(self) -> Path:
        return self.work.run.root / SCALING / self.axis.name

    @property
    def measure(self) -> str:
        return f"nDCG@{self.work.config.measure.cutoff}"

    def missing(self, size: int) -> list[int]:
        """The seeds whose cell of this size has not been measured yet."""
        return [seed for seed in self.seeds if not self._stored(size, seed).exists()]

    def cells(self, size: int, make: Callable[[Work, Path], Cell]) -> list[Cell]:
        """The cell of each seed, made by `make(work, directory)` unless it was measured before."""
        return [self._cell(size, seed, make) for seed in self.seeds]

    def values(self, model: Reranker, part: Part) -> Values:
        """A model's judged-only quality on each of the part's queries."""
        scores = reranker_judged(model, self.prepared, part.query_ids)
        template = student_template(self.work.config, self.prepared.catalogue)
        return self.quality(as_ranked(scores, self.prepared, template))

    def quality(self, run: Run) -> Values:
        """The measure of each query of a judged-only run."""
        return per_query({i: self.prepared.qrels[i] for i in run}, run, [self.measure])[self.measure]

    def say(self, line: str) -> None:
        """Tell the user how far the work is."""
        self.work.progress.console.print(f"  {line}", highlight=False, soft_wrap=True)

    def finish(self, found: dict[str, Any], target: tuple[str, Values] | None) -> dict[str, Any]:
        """Add what the figures are of, and the line to reach by its name; write `scaling.json` and return it."""
        line = None
        if target is not None:
            name, values = target
            line = {"name": name, **interval(values, seed=self.work.config.seed)._asdict()}
        result = {
            "axis": self.axis.name,
            "unit": self.axis.unit,
            "measure": self.measure,
            "mode": "judged-only",
            "set": self.on,
            "convention": self.prepared.scale.convention,
            "seeds": self.seeds,
            "target": line,
            **found,
        }
        write_json(self.root / FILE, result)
        return result

    def _stored(self, size: int, seed: int) -> Path:
        return self.root / str(seed) / str(size) / f"values-{self.on}.json"

    def _cell(self, size: int, seed: int, make: Callable[[Work, Path], Cell]) -> Cell:
        stored = self._stored(size, seed)
        if not stored.exists():
            trial = Trial(f"{SCALING}-{self.axis.name}-{seed}-{size}", seed)
            cell = make(replace(self.work, trial=trial), stored.parent)
            shutil.rmtree(self.work.run.scratch(trial.name), ignore_errors=True)
            write_json(stored, {"counts": cell.counts, "values": cell.values})
            means = ", ".join(f"{name} {np.mean(list(of.values())):.4f}" for name, of in cell.values.items())
            counted = f"{cell.counts['size']:,.0f} {self.axis.unit}"
            self.say(f"{counted}, seed {seed}: {self.measure} {means}")
        return Cell(**read_json(stored))


def begin(work: Work, axis: Axis, *, seeds: int, on_test: bool) -> Scaling:
    """Open an axis of a finished run; what stands on another basis is put aside.

    Raises:
        InputError: when `on_test` and the data has no test query with two grades.
    """
    prepared = work.prepared()
    parts, on = _measured_on(work, prepared, on_test)
    scaling = Scaling(axis, work, prepared, parts, on, [work.config.seed + number for number in range(seeds)])
    _put_aside_if_outdated(work.run, scaling)
    return scaling


def sizes_of(sizes: Sequence[int | None], most: int, least: int, option: str) -> list[int]:
    """The sizes asked for in order, none twice; None, and what is more than there is, is `most`.

    Raises:
        InputError: when there is none, or one below `least`.
    """
    wanted = sorted({most if size is None else min(size, most) for size in sizes})
    if not wanted or wanted[0] < least:
        raise InputError(
            f"{option} has {wanted[0] if wanted else 'nothing'}; give numbers from {least} upwards, or all"
        )
    return wanted


def mean_point(cells: Sequence[Cell], system: str) -> Point:
    """A system's point of the curve: the mean over the seeds."""
    values = {i: float(np.mean([cell.values[system][i] for cell in cells])) for i in cells[0].values[system]}
    return Point(mean_count(cells, "size"), values)


def mean_count(cells: Sequence[Cell], name: str) -> float:
    """The mean over the seeds of one of their counts."""
    return float(np.mean([cell.counts[name] for cell in cells]))


def trained_at(place: Path, chain: Chain) -> Path:
    """Where a cell keeps what it trained of a chain."""
    return place / chain.name.replace(" ", "-")


def _measured_on(work: Work, prepared: Prepared, on_test: bool) -> tuple[list[Part], MeasuredOn]:
    """The chains to train models for, each with the queries it is measured on; none of them learnt these."""
    made = work.chains(prepared)
    if on_test:
        ids = [i for i in prepared.graded(prepared.split("test")) if len(prepared.qrels[i]) >= 2]
        if not ids:
            raise InputError("the data has no test query with two grades; leave --test out")
        return [Part(made[-1], tuple(ids))], "test"
    held_out = [Part(chain, chain.dev_ids) for chain in made if chain.dev_ids]
    return held_out, "dev" if held_out[0].chain.fold is None else "out-of-fold"


def _put_aside_if_outdated(run: RunDirectory, scaling: Scaling) -> None:
    root, now = scaling.root, basis(run)
    if (root / BASIS).exists() and read_json(root / BASIS) != now:
        kept = run.root / ".replaced" / SCALING / scaling.axis.name
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.rename(root, kept)
        for begun in run.stages.glob(f"{SCALING}-{scaling.axis.name}-*"):
            shutil.rmtree(begun)
    write_json(root / BASIS, now)
