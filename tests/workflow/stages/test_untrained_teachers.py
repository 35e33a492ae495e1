"""Teachers that are not trained, over a tiny run: an API asked over HTTP, and a file of labels."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from grading_server import KEY, Fault, GradingServer, shares

import workflow.stages.encoder
import workflow.stages.teachers
from augment.guard import LeakGuard
from distilrank import main
from eval.files import read_json
from rerank.ensemble import EnsembleTeacher, ensemble_features
from rerank.logistic import fit_logistic
from rerank.teacher import JudgedQuery
from retrieval.product_text import ProductTemplate
from retrieval.types import Query
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.run.work import Work
from workflow.stages.encoder_lessons import Graded, Lesson, lessons_of
from workflow.stages.model_teacher import train_model_teacher
from workflow.stages.open_teacher import open_teacher
from workflow.stages.training import hold_out

WriteConfig = Callable[..., Path]


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_an_api_labels_what_was_mined_within_its_limit_and_its_key_stays_secret(
    write_config: WriteConfig,
    grading_server: GradingServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TINY_KEY", KEY)
    api = {"base_url": grading_server.url, "model": "tiny", "key_variable": "TINY_KEY", "concurrency": 4}
    api |= {"price_in": 1000.0, "limit_money": 12.0}
    config = write_config(tmp_path, teacher={"kind": "api", "api": api}, mine={"queries": 10})
    command = ["label", str(config), "--runs", str(tmp_path / "runs"), "--accept", "teacher"]
    run = tmp_path / "runs" / "tiny"
    assert main(command) == 5
    assert "spending limit is reached" in _said(capsys)
    audit = read_json(run / "stages" / "teacher.json")["facts"]["audit"]
    assert "dev queries" in audit["reason"]
    asked = len(grading_server.asked)
    assert 100 < asked <= 120
    # The limit belongs to no answer: what is done stays, and nothing is asked twice.
    grading_server.faults.extend([Fault(500), Fault(429, headers={"Retry-After": "0"})])
    assert main([*command, "--set", "teacher.api.limit_money=null", "--set", "teacher.api.concurrency=2"]) == 0
    assert "teacher up to date" in _said(capsys)
    distinct = {json.dumps(body["messages"]) for body in grading_server.asked}
    assert len(grading_server.asked) == len(distinct) + 2
    prepared = load_prepared(run / "data")
    template = ProductTemplate(("title", "brand", "colour"))
    for shard in sorted((run / "journal").glob("shard-*.parquet")):
        for row in pq.read_table(shard).to_pylist():
            product = prepared.catalogue.products([prepared.catalogue.row(row["product_id"])])[0]
            expected = shares(row["query"], template.text(product))
            assert row["status"] == "ok"
            assert row["distribution"] == pytest.approx(expected, abs=1e-5)
            target = float(np.dot(expected, [1, 0.5, 0.1, 0]))
            assert row["score"] == pytest.approx(np.clip(math.log(target / (1 - target)), -8, 8), abs=1e-4)
    files = [file for file in run.rglob("*") if file.is_file()]
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
    monkeypatch.setenv("TINY_KEY", "wrong")
    other = ["--set", "teacher.api.model=other", "--set", "teacher.api.limit_money=null"]
    assert main([*command, *other]) == 2
    said = _said(capsys)
    assert "refuses the key (401" in said
    assert "wrong" not in said


@pytest.fixture
def labels(write_config: WriteConfig, tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """A run's data prepared, and a file of labels of its products for logged, held-out and unknown ones."""
    assert main(["prepare", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs")]) == 0
    prepared = load_prepared(tmp_path / "runs" / "tiny" / "data")
    guard = LeakGuard([prepared.queries[i] for i in prepared.split("dev", "test")])
    queries = [entry.text for entry in prepared.log if guard.check(entry.text) is None][:12]
    queries.append(prepared.queries[prepared.split("test")[0]].text)
    rows = []
    for place, query in enumerate(queries):
        for step in range(8):
            grade = "ESCI"[(place + step) % 4]
            product = prepared.catalogue.ids[(7 * place + step) % 150]
            rows.append({"query": query, "product_id": product, "grade": grade})
    rows.append({"query": queries[0], "product_id": "unknown", "grade": "E"})
    return tmp_path, rows


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_file_of_labels_is_distilled_without_a_teacher(
    labels: tuple[Path, list[dict[str, Any]]], write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    root, rows = labels
    _write(root / "labels.csv", rows)
    config = write_config(root, teacher={"kind": "file", "labels": str(root / "labels.csv")})
    assert main(["run", str(config), "--runs", str(root / "runs"), "--accept", "student"]) == 0
    said = _said(capsys)
    assert "1 labelled queries that are or nearly are held-out queries were left out" in said
    assert "1 labels of products that the catalogue lacks were left out" in said
    run = root / "runs" / "tiny"
    journal = [row for shard in sorted((run / "journal").glob("shard-*")) for row in pq.read_table(shard).to_pylist()]
    known = {(row["query"], row["product_id"]): row["grade"] for row in rows[:-9]}
    assert {(row["query"], row["product_id"]) for row in journal} == set(known)
    assert len(journal) == len(known)
    spread = {"E": [0.9, 0.1, 0, 0], "S": [0.05, 0.9, 0.05, 0], "C": [0, 0.05, 0.9, 0.05], "I": [0, 0, 0.1, 0.9]}
    for row in journal:
        expected = spread[known[row["query"], row["product_id"]]]
        assert row["distribution"] == pytest.approx(expected, abs=1e-6)
        target = float(np.dot(expected, [1, 0.5, 0.1, 0]))
        assert row["score"] == pytest.approx(math.log(target / (1 - target)), abs=1e-4)
    assert "teacher" not in {row["system"] for row in _rows(run)}
    assert (run / "student").exists()
    assert main(["score-table", str(run), "--queries", "3"]) == 2
    assert "the run's labels come from a file" in _said(capsys)
    # Shares of the grades win over the grade, and another file is another teacher.
    sure = {f"p_{name}": share for name, share in zip("ESCI", (0.5, 0.25, 0.25, 0.0), strict=True)}
    _write(root / "labels.csv", [{**row, **sure} for row in rows])
    assert main(["label", str(config), "--runs", str(root / "runs")]) == 0
    assert pq.read_table(run / "journal" / "shard-00000.parquet")["distribution"][0].as_py() == [0.5, 0.25, 0.25, 0]


def test_given_labels_alone_make_the_teacher_where_the_judgements_are_not_to_be_learnt(
    labels: tuple[Path, list[dict[str, Any]]], write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    root, rows = labels
    _write(root / "labels.csv", rows)
    teacher = {"labels": str(root / "labels.csv"), "labels_train": {"epochs": 1}, "train": None}
    config = write_config(root, teacher=teacher)
    assert main(["teacher", str(config), "--runs", str(root / "runs")]) == 0
    run = root / "runs" / "tiny"
    made, copied = (
        {file.name: file.read_bytes() for file in (run / name).iterdir() if file.name != "audit.json"}
        for name in ("labels-teacher", "teacher")
    )
    assert made == copied
    assert "model.safetensors" in made
    capsys.readouterr()
    assert main(["teacher", str(write_config(root, teacher={"train": None})), "--runs", str(root / "runs")]) == 2
    assert "leaves nothing to learn: expected teacher.labels" in _said(capsys)


def test_an_ensemble_that_learns_no_judgement_is_weighed_by_given_labels_that_no_member_learnt(
    labels: tuple[Path, list[dict[str, Any]]],
    write_config: WriteConfig,
    tiny_bert_dir: Path,
    tiny_encoder_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, rows = labels
    _write(root / "labels.csv", rows)
    names = ["bm25", "dense", str(tiny_bert_dir), str(tiny_bert_dir)]
    given = {"labels": str(root / "labels.csv"), "labels_train": {"epochs": 1}, "train": None}
    lessons = {"labels": True, "self_supervised": False, "hard_negatives": 0, "epochs": 1, "pairs_per_batch": 16}
    path = write_config(
        root,
        encoder={"model": str(tiny_encoder_dir), "max_length": 64, "train": lessons},
        teacher={"kind": "ensemble", "ensemble": names, "max_length": 64, **given},
        student={"parent": "teacher", "layers": 1, "train": {"epochs": 1}, "judgements_train": None},
    )
    learnt: dict[str, set[str]] = {}

    def train(work: Work, prepared: Prepared, base: str, judged: list[JudgedQuery], *rest: Any, **named: Any) -> None:
        learnt[rest[2]] = {entry.query.text for entry in judged}
        train_model_teacher(work, prepared, base, judged, *rest, **named)

    def read(*given: Any) -> tuple[list[Lesson], Graded | None]:
        found = lessons_of(*given)
        learnt["encoder"] = {entry.query.text for entry in found[0]}
        return found

    monkeypatch.setattr(workflow.stages.teachers, "train_model_teacher", train)
    monkeypatch.setattr(workflow.stages.encoder, "lessons_of", read)
    assert main(["student", str(path), "--runs", str(root / "runs"), "--accept", "teacher"]) == 0
    run, config = RunDirectory(root / "runs" / "tiny"), load_config(path)
    every = {row["query"] for row in rows[:96]}
    first, second, encoder = learnt["given labels member 3"], learnt["given labels member 4"], learnt["encoder"]
    assert first == second == encoder < every
    (held_out,) = every - first
    prepared = load_prepared(run.data)
    teacher = open_teacher(config, prepared, run, run.root / "teacher")
    assert isinstance(teacher, EnsembleTeacher)
    asked = [row for row in rows if row["query"] == held_out and row["product_id"] != "unknown"]
    pairs = [
        (Query("q", held_out), prepared.catalogue.products([prepared.catalogue.row(row["product_id"])])[0])
        for row in asked
    ]
    targets = np.array([{"E": 1, "S": 0.5, "C": 0.1, "I": 0}[row["grade"]] for row in asked])
    expected = fit_logistic(ensemble_features(teacher.members, pairs), targets)
    assert teacher.weighing.weights == pytest.approx(expected.weights, abs=1e-3)
    two = [read_json(run.root / "teacher" / "members" / place / "teacher.json")["version"] for place in "23"]
    assert two[0] != two[1]  # of one model, from two seeds
    about = read_json(run.root / "student" / "student.json")
    assert Path(about["parent"]).parts[-3:] == ("teacher", "members", "2")


def test_the_tenth_that_is_held_out_has_no_near_duplicate_among_what_is_learnt() -> None:
    texts = [f"{colour} cotton shirt {size}" for colour in ("red", "blue", "green") for size in "abcdefghij"]
    given = [JudgedQuery(Query(text, text), [], []) for text in [*texts, *(text.upper() for text in texts)]]
    learnt, held_out = hold_out(given, seed=1)
    assert len(held_out) == 6
    guard = LeakGuard(entry.query for entry in held_out)
    clean = [entry.query.text for entry in given if guard.check(entry.query.text) is None]
    assert sorted(entry.query.text for entry in learnt) == sorted(clean)
    assert 0 < len(learnt) < len(given) - len(held_out)  # some were near, and are in neither


def test_too_few_labels_to_weigh_an_ensemble_are_refused_before_anything_is_trained(
    labels: tuple[Path, list[dict[str, Any]]],
    write_config: WriteConfig,
    tiny_bert_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, rows = labels
    few = {row["query"] for row in rows[:40]}
    _write(root / "labels.csv", [row for row in rows if row["query"] in few])
    names = ["bm25", str(tiny_bert_dir)]
    given = {"labels": str(root / "labels.csv"), "labels_train": {"epochs": 1}, "train": None}
    config = write_config(root, teacher={"kind": "ensemble", "ensemble": names, **given})
    assert main(["teacher", str(config), "--runs", str(root / "few")]) == 2
    assert f"0 of {len(few)}, would weigh the ensemble's members" in _said(capsys)
    assert not (root / "few" / "tiny" / "labels-teacher").exists()


def test_an_ensemble_weighed_by_judgements_learns_no_label_of_a_judged_query(
    labels: tuple[Path, list[dict[str, Any]]], write_config: WriteConfig, tiny_bert_dir: Path
) -> None:
    root, rows = labels
    prepared_config = write_config(root)
    assert main(["prepare", str(prepared_config), "--runs", str(root / "judged")]) == 0
    prepared = load_prepared(RunDirectory(root / "judged" / "tiny").data)
    judged = prepared.queries[prepared.split("train")[0]].text
    _write(root / "labels.csv", [*rows[:40], *({**row, "query": judged} for row in rows[:8])])
    names = ["bm25", str(tiny_bert_dir)]
    train = {"epochs": 1, "pairs_per_batch": 64}
    given = {"labels": str(root / "labels.csv"), "labels_train": train, "train": train, "ensemble_folds": 2}
    config = write_config(root, teacher={"kind": "ensemble", "ensemble": names, **given})
    assert main(["teacher", str(config), "--runs", str(root / "judged")]) == 0
    about = read_json(root / "judged" / "tiny" / "stages" / "teacher.json")["facts"]["given labels"]
    assert about["held-out queries left out"] == 1
    assert about["queries"] == len({row["query"] for row in rows[:40]})


def _rows(run: Path) -> list[dict[str, Any]]:
    return read_json(run / "report" / "metrics.json")["evaluations"]["test, judged-only"]["rows"]


def test_folds_share_what_no_judgement_of_theirs_went_into(
    labels: tuple[Path, list[dict[str, Any]]], write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, rows = labels
    _write(root / "labels.csv", rows[:80])
    shop = {"products": 150, "train": 8, "dev": 6, "test": 8, "log": 80, "judged": 12}
    config = write_config(
        root,
        data={"format": "shop", "shop": shop, "dev": "folds", "folds": 2},
        teacher={"labels": str(root / "labels.csv"), "labels_train": {"epochs": 1}, "train": None},
        student={"parent": "teacher", "layers": 1, "train": {"epochs": 1}, "judgements_train": None},
    )

    def run(runs: Path) -> Path:
        assert main(["student", str(config), "--runs", str(runs), "--accept", "teacher"]) == 0
        return runs / "tiny"

    def made(directory: Path) -> dict[str, bytes]:
        kept = ("shard-00000.parquet", "model.safetensors")
        return {file.name: file.read_bytes() for file in directory.iterdir() if file.name in kept}

    shared = run(root / "shared")
    for name in ("labels_alike", "students_alike"):
        monkeypatch.setattr(f"workflow.pipeline.{name}", lambda config: False)
    each = run(root / "each")
    for place in ("folds/0", "folds/1", "."):
        for name in ("journal", "student"):
            assert made(shared / place / name) == made(each / place / name)
            assert made(shared / place / name)
