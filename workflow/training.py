"""From judgements, given labels and the journal to what the teacher and the student train on."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit

from augment.guard import LeakGuard
from augment.journal import read_labels
from augment.label_file import LabelFile, read_label_file
from eval.measures import per_query
from rerank.teacher import JudgedQuery
from rerank.training import Group, TrainOptions
from rerank.types import Reranker
from retrieval.types import Product
from workflow.prepared import Prepared
from workflow.systems import reranker_judged
from workflow.train_sections import TrainSection


def train_options(section: TrainSection, loss: str, seed: int) -> TrainOptions:
    """The training loop's options from the config's."""
    return TrainOptions(loss=loss, seed=seed, **section.model_dump())


def judged_queries(prepared: Prepared, query_ids: Sequence[str]) -> list[JudgedQuery]:
    """The queries with their judged products and gains."""
    return [
        JudgedQuery(prepared.queries[i], _products(prepared, prepared.qrels[i]), list(prepared.qrels[i].values()))
        for i in query_ids
    ]


def given_labels(prepared: Prepared, path: Path, guard: LeakGuard) -> tuple[list[JudgedQuery], LabelFile]:
    """Grades that another judge gave, and what was left out of the file."""
    found = read_label_file(path, prepared.scale, guard, prepared.catalogue)
    judged = [JudgedQuery(entry.query, _products(prepared, entry.product_ids), entry.gains) for entry in found.queries]
    return judged, found


def labelled_groups(prepared: Prepared, journal: Path, loss: str) -> list[Group]:
    """The journal's labels, query by query: the student's targets are the teacher's scores.

    These are logits; `soft_bce` learns probabilities.
    """
    return [
        Group(
            entry.query,
            _products(prepared, entry.product_ids),
            expit(entry.scores) if loss == "soft_bce" else entry.scores,
        )
        for entry in read_labels(journal)
    ]


def soft_groups(prepared: Prepared, query_ids: Sequence[str]) -> list[Group]:
    """The judgements as soft targets, for a student that learns from them alone."""
    return [
        Group(entry.query, entry.products, np.array([prepared.scale.target(gain) for gain in entry.gains], np.float32))
        for entry in judged_queries(prepared, query_ids)
    ]


def mean_ndcg(reranker: Reranker, prepared: Prepared, query_ids: Sequence[str], cutoff: int) -> float:
    """Mean judged-only nDCG of a model, what early stopping watches."""
    run = reranker_judged(reranker, prepared, query_ids)
    name = f"nDCG@{cutoff}"
    values = per_query({i: prepared.qrels[i] for i in query_ids}, run, [name])[name]
    return float(np.mean(list(values.values())))


def _products(prepared: Prepared, product_ids: Iterable[str]) -> list[Product]:
    return prepared.catalogue.products([prepared.catalogue.row(product_id) for product_id in product_ids])
