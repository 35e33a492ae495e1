"""From judgements and given labels to what the teacher and the student train on."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from augment.guard import LeakGuard
from augment.label_file import LabelFile, read_label_file
from eval.measures import per_query
from rerank.grade_labels import label_of_grade
from rerank.teacher import JudgedQuery
from rerank.training import Group, TrainOptions
from rerank.types import Reranker
from retrieval.data.search_data import LogQuery
from retrieval.types import Product, Query
from workflow.config.train import TrainSection
from workflow.measure.systems import reranker_judged
from workflow.run.prepared import Prepared
from workflow.run.work import Work


class _OfQuery(Protocol):
    @property
    def query(self) -> Query: ...


_Entry = TypeVar("_Entry", bound=_OfQuery)
_HELD_OUT = 0.1  # of the given labels' queries


def train_options(section: TrainSection, loss: str, seed: int) -> TrainOptions:
    """The training loop's options from the config's."""
    return TrainOptions(loss=loss, seed=seed, **section.model_dump())


def logged_queries(work: Work, prepared: Prepared) -> list[LogQuery]:
    """What pairs are mined from: the log, or the judged train queries where there is none."""
    learnt = work.chains(prepared)[-1].train_ids
    return prepared.log or [LogQuery(prepared.queries[i].text) for i in learnt]


def judged_queries(prepared: Prepared, query_ids: Sequence[str]) -> list[JudgedQuery]:
    """The queries with their judged products and gains."""
    return [
        JudgedQuery(prepared.queries[i], products_of(prepared, prepared.qrels[i]), list(prepared.qrels[i].values()))
        for i in query_ids
    ]


def given_labels(prepared: Prepared, path: Path, guard: LeakGuard) -> tuple[list[JudgedQuery], LabelFile]:
    """Grades that another judge gave, and what was left out of the file."""
    found = read_label_file(path, prepared.scale, guard, prepared.catalogue)
    judged = [
        JudgedQuery(entry.query, products_of(prepared, entry.product_ids), entry.gains, entry.shares)
        for entry in found.queries
    ]
    return judged, found


def hold_out(given: Sequence[_Entry], seed: int) -> tuple[list[_Entry], list[_Entry]]:
    """The given labels' queries that are learnt, and the tenth that is not, drawn from `seed`.

    Near duplicates of the tenth are in neither. The bi-encoder holds the same ones out as an ensemble that is weighed
    by them, since both are told of the file in its own order.
    """
    drawn = list(given)
    random.Random(seed).shuffle(drawn)
    size = round(_HELD_OUT * len(drawn))
    held_out = drawn[:size]
    guard = LeakGuard(entry.query for entry in held_out)
    return [entry for entry in drawn[size:] if guard.check(entry.query.text) is None], held_out


def soft_groups(prepared: Prepared, query_ids: Sequence[str], loss: str) -> list[Group]:
    """The judgements, for a student that learns from them with this loss.

    `soft_bce` learns their soft targets; all other losses learn logits, what a judge's grade is as a label.
    """
    scale = prepared.scale

    def target(gain: int) -> float:
        return scale.target(gain) if loss == "soft_bce" else label_of_grade(scale.index(gain), scale).score

    return [
        Group(entry.query, entry.products, np.array([target(gain) for gain in entry.gains], np.float32))
        for entry in judged_queries(prepared, query_ids)
    ]


def mean_ndcg(reranker: Reranker, prepared: Prepared, query_ids: Sequence[str], cutoff: int) -> float:
    """Mean judged-only nDCG of a model, what early stopping watches."""
    run = reranker_judged(reranker, prepared, query_ids)
    name = f"nDCG@{cutoff}"
    values = per_query({i: prepared.qrels[i] for i in query_ids}, run, [name])[name]
    return float(np.mean(list(values.values())))


def products_of(prepared: Prepared, product_ids: Iterable[str]) -> list[Product]:
    """The products with these ids, in order."""
    return prepared.catalogue.products([prepared.catalogue.row(product_id) for product_id in product_ids])
