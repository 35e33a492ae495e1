"""What a report compares: the systems of one run with its first stage, or the served rankings of several runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from eval.errors import InputError
from eval.evaluation import Row, compare_values
from eval.segment_tests import SegmentRow, compare_segments
from eval.segments import Segment
from eval.trec import Qrels
from workflow.measure.bench import MODES, Mode
from workflow.measure.system_names import BLENDED, STUDENT
from workflow.report.stored import StoredRun


@dataclass(frozen=True)
class System:
    """A system of a run; `title` is what the page calls it."""

    title: str
    stored: StoredRun
    name: str

    @property
    def milliseconds(self) -> float | None:
        """Median milliseconds of a search, where it was timed."""
        return self.stored.metrics["milliseconds"].get(self.name)

    def best(self, cutoff: int) -> dict[str, list[str]]:
        """The first products of the whole catalogue by query: of the first stage, the student or the blend."""
        found = {}
        for query_id, of in self.stored.candidates("full catalogue").items():
            if self.name == BLENDED:
                found[query_id] = of.best(cutoff)
            elif self.name == STUDENT:
                order = np.argsort(-of.student[: of.window], kind="stable")[:cutoff]
                found[query_id] = of.ids.take(pa.array(order)).to_pylist()
            else:
                found[query_id] = of.ids[:cutoff].to_pylist()
        return found


@dataclass(frozen=True)
class Comparison:
    """`systems` measured on `query_ids`, compared with `base`; the verdict is on `focus`."""

    systems: tuple[System, ...]
    base: System
    focus: tuple[System, ...]
    query_ids: tuple[str, ...]
    segments: tuple[Segment, ...]
    qrels: Qrels

    @property
    def seed(self) -> int:
        return self.base.stored.config.seed

    @property
    def measure(self) -> str:
        return self.base.stored.ndcg

    def values(self, system: System, mode: Mode, measure: str) -> dict[str, float]:
        """A measure's value for each of the compared queries that it is defined for; empty if it was not measured."""
        known = system.stored.values[mode].get(system.name, {}).get(measure, {})
        return {i: known[i] for i in self.query_ids if i in known}

    def rows(self, mode: Mode, measure: str, *, tested: bool) -> dict[str, Row]:
        """Each system's row by its title; `tested`: with differences to the base and Holm's correction."""
        found = {system.title: self.values(system, mode, measure) for system in self.systems}
        found = {title: values for title, values in found.items() if values}
        if not found:
            return {}
        base = self.base.title if tested else None
        return {row.system: row for row in compare_values(found, measure, baseline=base, seed=self.seed)}

    def by_segment(self, system: System, mode: Mode) -> list[SegmentRow]:
        """A system against the base, in each segment."""
        ours, theirs = (self.values(one, mode, self.measure) for one in (system, self.base))
        names = (system.name, self.base.name)
        return compare_segments(ours, theirs, self.segments, names=names, seed=self.seed)


def one_run(stored: StoredRun) -> Comparison:
    """Every system of a run against its first stage; the verdict is on the blend, which is what is served."""
    systems = {name: System(name, stored, name) for mode in MODES for name in stored.values[mode]}
    return Comparison(
        systems=tuple(systems.values()),
        base=systems[stored.first_stage],
        focus=(systems[BLENDED],),
        query_ids=tuple(stored.query_ids),
        segments=tuple(stored.segments),
        qrels={i: stored.prepared.qrels[i] for i in stored.query_ids},
    )


def several_runs(runs: Sequence[StoredRun]) -> Comparison:
    """What each run serves, against what the first one does, on the queries that all measured.

    Raises:
        InputError: when two runs have one name, none is measured on a common query, or they judge one differently.
    """
    names = [stored.name for stored in runs]
    if len(set(names)) < len(names):
        raise InputError(f"the runs are called {', '.join(names)}; runs are told apart by their names, so rename one")
    first = runs[0]
    others = [set(stored.query_ids) for stored in runs[1:]]
    common = [i for i in first.query_ids if all(i in measured for measured in others)]
    if not common:
        raise InputError(f"{' and '.join(names)} have no measured query in common; compare runs of the same data")
    for stored in runs[1:]:
        unlike = [i for i in common if stored.prepared.qrels[i] != first.prepared.qrels[i]]
        if unlike:
            raise InputError(
                f"{first.name} and {stored.name} have other judgements of {len(unlike)} common queries, such as "
                f"{unlike[0]!r}; compare runs of the same data"
            )
        if stored.ndcg != first.ndcg:
            raise InputError(f"{first.name} was measured by {first.ndcg}, {stored.name} by {stored.ndcg}; choose one")
    base = System(f"{first.name}: blended", first, BLENDED)
    served = [System(f"{stored.name}: blended", stored, BLENDED) for stored in runs[1:]]
    stages = [System(f"{stored.name}: {stored.first_stage}", stored, stored.first_stage) for stored in runs]
    return Comparison(
        systems=(*stages, base, *served),
        base=base,
        focus=tuple(served),
        query_ids=tuple(common),
        segments=tuple(first.segments),
        qrels={i: first.prepared.qrels[i] for i in common},
    )
