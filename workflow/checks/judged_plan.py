"""What a run will learn from and be measured on, found from the judgements before anything is trained."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from augment.guard import LeakGuard
from augment.label_file import read_label_file
from augment.query_log import clean_log
from eval.grades import GradeScale
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery, SearchData
from retrieval.types import Query
from workflow.config.run import Config
from workflow.measure.bench import measured_sets
from workflow.measure.systems import parts
from workflow.run.chains import chains, protected_queries
from workflow.run.directory import RunDirectory
from workflow.run.inputs import label_file
from workflow.run.prepared import Prepared


@dataclass(frozen=True)
class JudgedPlan:
    """Counts of the run to come.

    `chains`: teacher-student chains; `learnt`: judged pairs that they learn from, summed over the chains; `sets`:
    queries of each set that is compared on; `measured_queries`, `measured_pairs`: what every system ranks;
    `audited_pairs`: judged pairs of dev queries, which the teachers are audited on; `protected`: queries that nothing
    may learn from.
    """

    chains: int
    learnt: int
    sets: dict[str, int]
    measured_queries: int
    measured_pairs: int
    audited_pairs: int
    protected: tuple[Query, ...]


def plan_judged(config: Config, data: SearchData) -> JudgedPlan:
    """Deal the queries as the run will.

    Raises:
        InputError: as the run would: nothing to learn from, no dev query, too few for the folds, no query to measure.
    """
    prepared = _judgements(data)
    made = chains(config, prepared, RunDirectory(Path()))
    measured = parts(prepared, made, config.measure.min_judged)
    sets = measured_sets(prepared.qrels, measured, config.measure.min_judged)
    return JudgedPlan(
        chains=len(made),
        learnt=sum(_pairs(prepared, chain.train_ids) for chain in made),
        sets={name: len(query_ids) for name, query_ids in sets.items()},
        measured_queries=sum(len(part.query_ids) for part in measured),
        measured_pairs=sum(_pairs(prepared, part.query_ids) for part in measured),
        audited_pairs=sum(_pairs(prepared, chain.dev_ids) for chain in made),
        protected=tuple(prepared.queries[i] for i in protected_queries(prepared, made)),
    )


def count_given(config: Config, plan: JudgedPlan, scale: GradeScale, product_ids: Collection[str]) -> int:
    """How many labels of the file `teacher.labels` the teacher will learn, 0 without one.

    Raises:
        InputError: when it cannot be opened, lacks a column or holds something wrong, or nothing is left of it.
    """
    path = label_file(config)
    if path is None:
        return 0
    return sum(len(one.gains) for one in read_label_file(path, scale, LeakGuard(plan.protected), product_ids).queries)


def count_unlogged(config: Config, data: SearchData) -> tuple[int, int]:
    """The train queries that are mined where there is no log, and how many of them the guard leaves.

    It leaves few with `data.dev: folds`, where every train query with two grades measures.
    """
    prepared = _judgements(data)
    made = chains(config, prepared, RunDirectory(Path()))
    guard = LeakGuard(prepared.queries[i] for i in protected_queries(prepared, made))
    log = [LogQuery(prepared.queries[i].text) for i in made[-1].train_ids]
    return len(log), len(clean_log(log, guard).queries)


def _judgements(data: SearchData) -> Prepared:
    # No catalogue: chains and parts look at the judgements alone.
    none = cast(Catalogue, None)
    return Prepared(none, data.queries, dict(data.splits), data.qrels, data.scale, data.log)


def _pairs(prepared: Prepared, query_ids: Collection[str]) -> int:
    return sum(len(prepared.qrels[query_id]) for query_id in query_ids)
