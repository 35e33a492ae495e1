"""What a finished measurement left, opened for the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eval.depth import ScoredList, scored_list
from eval.files import read_json
from eval.segments import Segment
from workflow.config.run import Config, load_config
from workflow.measure.bench import Mode
from workflow.measure.files import PAIRS, VALUES, read_table
from workflow.measure.segmentation import read_segments
from workflow.run.directory import RunDirectory
from workflow.run.finished import finished
from workflow.run.prepared import Prepared, load_prepared

Values = dict[str, dict[str, float]]
"""Measure to query to value."""


@dataclass(frozen=True)
class Candidates:
    """A query's candidates in first-stage order; scores are arrays [n], NaN beyond the window.

    `place` [n] is each one's rank in the blend, `weight` the student's share in it.
    """

    ids: pa.Array
    first: np.ndarray
    teacher: np.ndarray
    student: np.ndarray
    place: np.ndarray
    weight: float

    @property
    def window(self) -> int:
        """How many of them, the first ones, the student scored."""
        return int(np.isfinite(self.student).sum())

    def scored(self, judged: Mapping[str, int], cutoff: int) -> ScoredList | None:
        """As reranking at a depth takes it; None for a query with nothing to find."""
        window = self.window
        return scored_list(self.ids.to_pylist(), self.first[:window], self.student[:window], judged, cutoff)

    def best(self, cutoff: int) -> list[str]:
        """The first products of the blend."""
        return self.ids.take(pa.array(np.argsort(self.place, kind="stable")[:cutoff])).to_pylist()


@dataclass(frozen=True)
class StoredRun:
    """A run's measurement on the largest of its query sets (`set_name`)."""

    run: RunDirectory
    config: Config
    prepared: Prepared
    metrics: dict[str, Any]
    segments: list[Segment]
    set_name: str
    values: dict[Mode, dict[str, Values]]
    """Mode to system to measure to query to value."""
    pairs: pa.Table

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def first_stage(self) -> str:
        """The system that the others rerank."""
        return self.config.index.first_stage

    @property
    def ndcg(self) -> str:
        """The measure that everything is decided by."""
        return f"nDCG@{self.config.measure.cutoff}"

    @cached_property
    def query_ids(self) -> list[str]:
        """The measured queries, in order."""
        wanted = self.metrics["evaluations"][f"{self.set_name}, full catalogue"]["queries"]
        judged = f"Judged@{self.config.measure.cutoff}"  # the one measure that every query has
        found = list(self.values["full catalogue"][self.first_stage][judged])
        assert len(found) == wanted
        return found

    def candidates(self, mode: Mode) -> dict[str, Candidates]:
        """The candidates of each measured query."""
        table = self.pairs.filter(pc.equal(self.pairs["mode"], mode)).combine_chunks()
        if not table.num_rows:
            return {}
        column = table["query_id"].combine_chunks()
        codes, names = column.indices.to_numpy(), column.dictionary.to_pylist()
        starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
        ends = np.append(starts[1:], len(codes))
        ids = table["product_id"].combine_chunks()
        first, teacher, student, place, weight = (
            table[name].to_numpy() for name in ("first", "teacher", "student", "place", "weight")
        )
        wanted = set(self.query_ids)
        return {
            names[codes[start]]: Candidates(
                ids[start:end],
                first[start:end],
                teacher[start:end],
                student[start:end],
                place[start:end],
                float(weight[start]),
            )
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
            if names[codes[start]] in wanted
        }


def open_stored(path: Path) -> StoredRun:
    """The measurement of a finished run.

    Raises:
        InputError: when it is no run, or not finished.
        MachineError: when the report's files are missing or broken.
    """
    run = finished(path)
    return read_stored(run, load_config(run.config), load_prepared(run.data))


def read_stored(run: RunDirectory, config: Config, prepared: Prepared) -> StoredRun:
    """As `open_stored`, of a run whose measurement has just been written."""
    metrics = read_json(run.report / "metrics.json")
    set_name = _largest_set(metrics["evaluations"])
    table = read_table(run.report / VALUES)
    table = table.filter(pc.equal(table["set"], set_name))
    return StoredRun(
        run=run,
        config=config,
        prepared=prepared,
        metrics=metrics,
        segments=read_segments(run.report),
        set_name=set_name,
        values=_values(table),
        pairs=read_table(run.report / PAIRS),
    )


def _largest_set(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """The query set with the most queries: out-of-fold, where there are folds, holds the test queries too."""
    sizes: dict[str, int] = {}
    for title, evaluation in evaluations.items():
        sizes[title.partition(", ")[0]] = evaluation["queries"]
    return max(sizes, key=lambda name: (sizes[name], name))


def _values(table: pa.Table) -> dict[Mode, dict[str, Values]]:
    found: dict[Mode, dict[str, Values]] = {}
    columns: Sequence[list] = [table[name].to_pylist() for name in ("mode", "system", "measure", "query_id", "value")]
    for mode, system, measure, query_id, value in zip(*columns, strict=True):
        found.setdefault(mode, {}).setdefault(system, {}).setdefault(measure, {})[query_id] = value
    return found
