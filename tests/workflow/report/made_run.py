"""A measured run of a shop, whose models are doubles that know the judgements: real measuring, no training."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import yaml
from rich.console import Console

from eval.files import write_json
from eval.trec import Qrels
from rerank.types import Pair
from retrieval.data.search_data import SearchData
from retrieval.types import Filter, Hit, Product, Query, Retriever
from workflow.config.run import load_config
from workflow.measure.bench import measured_sets
from workflow.measure.lazy_models import LazyReranker
from workflow.measure.measurement import measure, write_report
from workflow.measure.segmentation import run_segments
from workflow.measure.systems import parts
from workflow.report.write import write_run_report
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared, write_prepared
from workflow.run.progress import StageProgress
from workflow.stages.first_stage import student_template

Flaw = Callable[[str], bool]
"""Whether a reranker is bad at a query (by its text)."""


class NoisyReranker:
    """Scores the judged grade and noise; the other way round where it has a `flaw`."""

    def __init__(self, qrels: Qrels, noise: float, seed: int, flaw: Flaw = lambda text: False) -> None:
        self.qrels, self.noise, self.seed, self.flaw = qrels, noise, seed, flaw

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        return np.array([self._score(query, product) for query, product in pairs], dtype=np.float32)

    def _score(self, query: Query, product: Product) -> float:
        grade = {100: 2.0, 10: 0.5, 1: -1.0}.get(self.qrels[query.id].get(product.id, 0), -2.0)
        noise = random.Random(f"{self.seed} {query.id} {product.id}").gauss(0, self.noise)
        return noise + (-grade if self.flaw(query.text) else grade)


class NoisyRetriever:
    """Finds the judged products of a query and some others, by a noisy score."""

    def __init__(self, qrels: Qrels, product_ids: Sequence[str], noise: float, seed: int) -> None:
        self.model = NoisyReranker(qrels, noise, seed)
        self.product_ids = product_ids

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        found = []
        for query in queries:
            others = random.Random(query.id).sample(self.product_ids, 30)
            listed = list(dict.fromkeys([*self.model.qrels[query.id], *others]))
            hits = [Hit(i, score) for i, score in zip(listed, self.score_products(query, listed), strict=True)]
            found.append(sorted(hits, key=lambda hit: (-hit.score, hit.product_id))[:k])
        return found

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        return self.model.score([(query, Product(i)) for i in product_ids]).tolist()


def make_run(runs: Path, name: str, data: SearchData, *, noise: float = 1.0, flaw: Flaw | None = None) -> Path:
    """Measure a student of this `noise`, and `flaw`, over first stages that are noisier; with its report."""
    run = RunDirectory(runs / name)
    run.stages.mkdir(parents=True)
    options = {"window": 20, "recall": 30, "timed_queries": 2}
    tree = {"name": name, "data": {"format": "shop"}, "student": {"layers": 2}, "measure": options}
    run.config.write_text(yaml.safe_dump(tree))
    config = load_config(run.config)
    write_prepared(data, run.data)
    prepared = load_prepared(run.data)
    qrels, ids = prepared.qrels, list(prepared.catalogue.ids)
    stages = {
        stage: cast(Retriever, NoisyRetriever(qrels, ids, 2.0 + 0.2 * place, place))
        for place, stage in enumerate(("hybrid", "dense", "bm25"))
    }
    student = NoisyReranker(qrels, noise, 10, flaw or (lambda text: False))
    rerankers = {
        "teacher": [LazyReranker(lambda: NoisyReranker(qrels, 0.9, 9))],
        "student": [LazyReranker(lambda: student)],
    }
    measured = parts(prepared, chains(config, prepared, run), config.measure.min_judged)
    progress = StageProgress("measure", Console(quiet=True))
    template = student_template(config, prepared.catalogue)
    found = measure(config, prepared, template, stages, measured, rerankers, "torch", progress)
    titles = prepared.catalogue.column("title").to_pylist()
    segments = run_segments(
        prepared,
        list(measured_sets(qrels, measured, config.measure.min_judged).values())[-1],
        first=found.runs["full catalogue"]["hybrid"],
        first_stage="hybrid",
        vocabulary={word for title in titles for word in title.lower().split()},
        category_field="category",
    )
    write_report(found, prepared, segments, run.report)
    write_run_report(run, config, prepared)
    write_json(run.stages / "measure.json", {"key": "made by a test"})
    return run.root
