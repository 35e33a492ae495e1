"""Labels that a large language model has given (ESCI), and the choice among them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from augment.candidates import CandidateSources
from augment.guard import LeakGuard
from augment.journal import LabelledQuery
from augment.mine_options import MineOptions
from augment.picking import Picker
from augment.selection import Candidate, select_products
from rerank.heads import GradeHead
from rerank.types import Label, Pair
from retrieval.types import Product, Query
from workflow.run.prepared import Prepared
from workflow.stages.first_stage import open_vectors

if TYPE_CHECKING:
    from benchmarks.experiments.setting import Setting

_LEAST = 0.005  # of a grade's probability: a file's 0 would be a logit without end


def read_given(path: Path, prepared: Prepared, guard: LeakGuard) -> list[LabelledQuery]:
    """A file with the columns query, product_id and p_GRADE for each grade; held-out queries are left out."""
    head, catalogue = GradeHead(prepared.scale), prepared.catalogue
    rows: dict[str, list[dict]] = {}
    for row in pq.read_table(path).to_pylist():
        if row["product_id"] in catalogue:
            rows.setdefault(row["query"], []).append(row)
    labelled: list[LabelledQuery] = []
    for text, some in rows.items():
        if guard.check(text) is None:
            shares = np.array([[row[f"p_{grade.name}"] for grade in prepared.scale.grades] for row in some])
            products = catalogue.products([catalogue.row(row["product_id"]) for row in some])
            labels = head.labels(np.log(np.maximum(shares, _LEAST)))
            labelled.append(as_labelled(Query(f"given-{len(labelled)}", text), products, labels))
    return labelled


def as_labelled(query: Query, products: Sequence[Product], labels: Sequence[Label]) -> LabelledQuery:
    """A query's labels, all of them ok, as a journal gives them."""
    scores = np.array([label.score for label in labels], dtype=np.float32)
    shares = np.array([label.distribution for label in labels], dtype=np.float32)
    return LabelledQuery(query, tuple(product.id for product in products), scores, shares)


def pick(setting: "Setting", labels: Sequence[LabelledQuery], options: MineOptions, seed: int) -> list[LabelledQuery]:
    """Of each query's labels those that mining would have asked for, had there been no other candidates."""
    catalogue, queries = setting.prepared.catalogue, [entry.query for entry in labels]
    sources = CandidateSources(setting.stages, "hybrid", catalogue, setting.template)
    ranked = []
    for entry, found in zip(labels, sources.ranked(queries, options.depth), strict=True):
        known = {candidate.product_id: candidate for candidate in found}
        nowhere = [None] * len(sources.independent)
        some = [known.get(i, Candidate(i, ("random",), None, tuple(nowhere))) for i in entry.product_ids]
        ranked.append(sorted(some, key=lambda candidate: candidate.rank or options.depth + 1))
    generators = [np.random.default_rng([seed, place]) for place in range(len(labels))]
    picker = Picker(options, sources, open_vectors(setting.run), _Labels(labels))
    kept = []
    for place, picked in enumerate(picker.pick(queries, ranked, generators)):
        entry = labels[place]
        chosen = select_products(
            ranked[place],
            [],
            entry.product_ids,
            options.strata,
            take_neighbours=0,
            take_random=0,
            generator=generators[place],
            picked=picked,
        )
        rows = [entry.product_ids.index(one.candidate.product_id) for one in chosen]
        ids = tuple(entry.product_ids[row] for row in rows)
        assert entry.distributions is not None
        kept.append(LabelledQuery(entry.query, ids, entry.scores[rows], entry.distributions[rows]))
    return kept


class _Labels:
    """Given labels as a reranker."""

    def __init__(self, labels: Sequence[LabelledQuery]) -> None:
        self.scores = {
            (entry.query.id, product): score
            for entry in labels
            for product, score in zip(entry.product_ids, entry.scores.tolist(), strict=True)
        }

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        return np.array([self.scores[query.id, product.id] for query, product in pairs], dtype=np.float32)
