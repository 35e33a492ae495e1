"""The ensemble teacher over a whole tiny run: what weighs its members, what it labels, and that it resumes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import workflow.stages.ensembles
from augment.guard import LeakGuard
from augment.journal import read_labels
from distilrank import main
from eval.baselines import random_run
from eval.errors import PartialError
from eval.files import read_json
from eval.measures import per_query
from rerank.ensemble import EnsembleTeacher
from rerank.teacher import JudgedQuery
from workflow.config.run import load_config
from workflow.measure.systems import reranker_judged, retriever_judged
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.stages.model_teacher import train_model_teacher
from workflow.stages.open_teacher import open_teacher

WriteConfig = Callable[..., Path]
Learnt = dict[str, list[JudgedQuery]]


@pytest.fixture(scope="module")
def run(
    write_config: WriteConfig, tiny_bert_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Learnt]:
    """A run up to its labels with an ensemble, cut off once while it trained, and what each of its models learnt."""
    root = tmp_path_factory.mktemp("ensemble")
    train = {"epochs": 1, "pairs_per_batch": 32, "checkpoint_seconds": 0.001}
    teacher = {"kind": "ensemble", "ensemble": ["bm25", "dense", str(tiny_bert_dir)], "ensemble_folds": 2}
    config = write_config(root, teacher={**teacher, "max_length": 64, "train": train})
    learnt: Learnt = {}

    def recorded(work: Any, prepared: Prepared, base: str, judged: Sequence[JudgedQuery], *rest: Any, **named: Any):
        learnt[rest[2]] = list(judged)
        train_model_teacher(work, prepared, base, judged, *rest, **named)
        if len(learnt) == 1 and not cut:
            cut.append(rest[2])
            raise PartialError("cut off")

    cut: list[str] = []
    command = ["label", str(config), "--runs", str(root / "runs"), "--accept", "teacher"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workflow.stages.ensembles, "train_model_teacher", recorded)
        assert main(command) == 5
        assert main(command) == 0
    return root / "runs" / "tiny", learnt


def test_every_weight_is_fitted_on_queries_the_model_never_saw(run: tuple[Path, Learnt]) -> None:
    path, learnt = run
    prepared = load_prepared(path / "data")
    train = {prepared.queries[i] for i in prepared.split("train")}
    assert {entry.query for entry in learnt["main member 3"]} <= train
    every = {entry.query for entry in learnt["main member 3"]}
    parts = [{entry.query for entry in learnt[f"main member 3 without fold {fold}"]} for fold in (0, 1)]
    for part in parts:
        assert part < every
        assert part
        held_out = every - part
        assert not [query for query in part if LeakGuard(held_out).check(query.text)]
    assert every == set.union(*parts)


def test_a_label_is_the_weighted_sum_of_the_members_scores_of_that_pair_alone(run: tuple[Path, Learnt]) -> None:
    path, _ = run
    config, prepared = load_config(path / "config.yaml"), load_prepared(path / "data")
    teacher = open_teacher(config, prepared, RunDirectory(path), path / "teacher")
    about = read_json(path / "teacher" / "teacher.json")
    assert [member["name"] for member in about["members"]] == list(config.teacher.ensemble)
    bm25, dense, model = teacher.members  # type: ignore[union-attr]
    entry = next(iter(read_labels(path / "journal")))
    products = prepared.catalogue.products([prepared.catalogue.row(i) for i in entry.product_ids])
    for product, labelled in zip(products[:4], entry.scores, strict=False):
        features = []
        for retriever in (bm25, dense):
            score = retriever.score_products(entry.query, [product.id])[0]
            best = np.array([hit.score for hit in retriever.search([entry.query], 100)[0]])
            varied = len(best) > 1 and best.std() > 1e-6
            features += [score, np.clip((score - best.mean()) / best.std(), -5, 5) if varied else 0.0]
        features.append(model.label([(entry.query, product)])[0].score)
        scaled = (np.array(features) - about["centre"]) / about["spread"]
        assert labelled == pytest.approx(float(np.clip(scaled @ about["weights"] + about["bias"], -8, 8)), abs=0.02)
    journal = pq.read_table(path / "journal" / "shard-00000.parquet")
    assert set(journal["teacher_version"].to_pylist()) == {about["version"]}
    assert set(journal["status"].to_pylist()) == {"ok"}


def test_it_ranks_unseen_queries_about_as_well_as_its_best_member(run: tuple[Path, Learnt]) -> None:
    path, _ = run
    config, prepared = load_config(path / "config.yaml"), load_prepared(path / "data")
    teacher = open_teacher(config, prepared, RunDirectory(path), path / "teacher")
    assert isinstance(teacher, EnsembleTeacher)
    unseen = prepared.graded(prepared.split("test", "dev"))
    qrels = {i: prepared.qrels[i] for i in unseen}
    runs = {"teacher": reranker_judged(teacher, prepared, unseen)}
    runs["bm25"] = retriever_judged(teacher.members[0], prepared, unseen)  # type: ignore[arg-type]
    runs["chance"] = random_run(qrels, 7)
    ndcg = {name: np.mean(list(per_query(qrels, run, ["nDCG@10"])["nDCG@10"].values())) for name, run in runs.items()}
    assert ndcg["teacher"] > ndcg["chance"] + 0.05
    assert ndcg["teacher"] > ndcg["bm25"] - 0.05
