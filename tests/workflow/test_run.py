"""The whole pipeline on a tiny shop with tiny models: what it writes, what it skips, what it refuses."""

import csv
import html
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import ir_measures
import numpy as np
import pyarrow.parquet as pq
import pytest
from sentence_transformers import CrossEncoder

from augment.guard import LeakGuard
from distilrank import main
from eval.files import read_json
from eval.trec import read_qrels, read_run
from retrieval.shop.shop import shop_data
from retrieval.types import Query
from workflow.config.run import load_config
from workflow.measure.segmentation import read_segments
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.stage_titles import STAGE_TITLES
from workflow.served.opened import open_run

WriteConfig = Callable[..., Path]
ACCEPT = ["--accept", "teacher", "--accept", "student"]


def _copy(run: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path / "runs" / "tiny")
    return tmp_path / "runs" / "tiny"


def test_every_artefact_of_the_design_is_there(finished_run: Path) -> None:
    for name in (
        "config.yaml",
        "manifest.json",
        "encoder",
        "index",
        "teacher",
        "pairs",
        "journal",
        "student",
        "report",
    ):
        assert (finished_run / name).exists(), name
    manifest = read_json(finished_run / "manifest.json")
    assert set(manifest["stages"]) == {name for name in STAGE_TITLES if not name.startswith("pretrain")}
    assert manifest["packages"]["torch"]
    assert not list(finished_run.rglob("*.tmp"))
    assert not list((finished_run / "stages").glob("*.work"))


def test_the_reported_figures_are_ir_measures_figures_on_the_exported_files(finished_run: Path) -> None:
    metrics = read_json(finished_run / "report" / "metrics.json")
    qrels = read_qrels(finished_run / "report" / "qrels.txt")
    measure = ir_measures.parse_measure("nDCG@10")
    test_ids = {query_id for query_id in qrels if query_id.startswith("test")}
    for mode in ("judged-only", "full catalogue"):
        evaluation = metrics["evaluations"][f"test, {mode}"]
        rows = {row["system"]: row["value"] for row in evaluation["rows"] if row["measure"] == "nDCG@10"}
        assert {
            "bm25",
            "dense",
            "hybrid",
            "teacher",
            "student without augmentation",
            "student",
            "student, blended",
        } <= set(rows)
        for system, value in rows.items():
            tag = system.replace(", ", "-").replace(" ", "-")
            run = read_run(finished_run / "report" / mode.replace(" ", "-") / f"{tag}.run")
            judged = {query_id: qrels[query_id] for query_id in test_ids}
            found = {query_id: run.get(query_id, {}) for query_id in test_ids}
            found = {query_id: scores for query_id, scores in found.items() if scores}
            per_query = {m.query_id: m.value for m in ir_measures.iter_calc([measure], judged, found)}
            mean = sum(per_query.get(query_id, 0.0) for query_id in test_ids) / len(test_ids)
            assert value["mean"] == pytest.approx(mean, abs=1e-9), (mode, system)
            assert value["n"] == len(test_ids)


def test_the_segments_are_of_the_measured_queries(finished_run: Path) -> None:
    prepared = load_prepared(finished_run / "data")
    found = read_segments(finished_run / "report")
    tested = set(prepared.graded(prepared.split("test")))
    dimensions = {segment.dimension for segment in found}
    assert {"query length", "spelling"} <= dimensions
    for dimension in dimensions - {"category", "first stage"}:
        members = [i for segment in found if segment.dimension == dimension for i in segment.query_ids]
        assert sorted(members) == sorted(tested), dimension


def test_a_run_ends_with_its_report(finished_run: Path) -> None:
    page = (finished_run / "report" / "report.html").read_text()
    report = read_json(finished_run / "report" / "metrics.json")["report"]
    (verdict,) = report["verdicts"].values()
    assert verdict["lines"][0] in html.unescape(page)
    assert "The teacher’s labels against human judgements" in page
    card = (finished_run / "student" / "README.md").read_text()
    assert verdict["lines"][0] in card
    assert "## By kind of query" in card
    statement = (finished_run / "report" / "data-statement.md").read_text()
    assert "| test | 8 | 8 | 96 |" in statement
    assert "true by construction" in statement
    facts = read_json(finished_run / "stages" / "mine.json")["facts"]
    assert f"{facts['log']['leaks']['queries']} queries that are or nearly are held-out queries" in statement
    assert f"{facts['pairs']:,} pairs of {facts['queries']['selected']:,} queries" in page


def test_no_held_out_query_is_among_the_pairs_and_the_leaks_are_listed(finished_run: Path) -> None:
    prepared = load_prepared(finished_run / "data")
    held_out = [prepared.queries[i] for i, split in prepared.splits.items() if split != "train"]
    guard = LeakGuard(held_out)
    pairs = [pq.read_table(shard) for shard in sorted((finished_run / "pairs").glob("shard-*.parquet"))]
    mined = {text for table in pairs for text in table["query"].to_pylist()}
    assert mined
    assert not [text for text in mined if guard.check(text) is not None]
    leaked = [entry.text for entry in prepared.log if guard.check(entry.text) is not None]
    assert leaked  # the shop's log holds test queries
    listed = (finished_run / "pairs" / "leaks.csv").read_text()
    assert all(text in listed for text in leaked)


def test_the_journal_holds_each_pair_once(finished_run: Path) -> None:
    def rows(folder: str) -> list[tuple[str, str]]:
        tables = [pq.read_table(shard) for shard in sorted((finished_run / folder).glob("shard-*.parquet"))]
        return [(row["query_id"], row["product_id"]) for table in tables for row in table.to_pylist()]

    assert rows("journal") == rows("pairs")
    assert len(set(rows("journal"))) == len(rows("journal"))


def test_the_student_gives_the_same_scores_in_sentence_transformers(finished_run: Path) -> None:
    opened = open_run(load_config(finished_run / "config.yaml"), RunDirectory(finished_run))
    product = opened.catalogue.products([0, 1, 2])
    pairs = [(Query("q", "red shoe without laces"), one) for one in product]
    ours = opened.pipeline.reranker.score(pairs)  # type: ignore[union-attr]
    model = CrossEncoder(str(finished_run / "student"), device="cpu")
    theirs = model.predict([(query.text, opened.template.text(one)) for query, one in pairs])
    np.testing.assert_allclose(ours, theirs, atol=0.02)  # bfloat16 where the machine has it


def test_search_is_the_measured_ranking(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepared = load_prepared(finished_run / "data")
    query = prepared.queries[prepared.split("test")[0]]
    assert main(["search", str(finished_run), query.text, "-k", "10", "--json"]) == 0
    hits = [hit["product_id"] for hit in json.loads(capsys.readouterr().out)["hits"]]
    run = read_run(finished_run / "report" / "full-catalogue" / "student-blended.run")[query.id]
    assert hits == sorted(run, key=lambda product_id: -run[product_id])[:10]
    assert main(["search", str(finished_run), query.text]) == 0
    assert "Reranked" in capsys.readouterr().out


def test_search_encodes_queries_by_the_graph_each_alone(finished_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = read_json(finished_run / "stages" / "index.json")["facts"]
    assert facts["graph's largest difference"] < 1e-5
    assert not facts["warnings"]
    monkeypatch.setattr("retrieval.encoder.load_model", None)  # torch is not asked
    opened = open_run(load_config(finished_run / "config.yaml"), RunDirectory(finished_run))
    queries = list(opened.prepared.queries.values())
    together = opened.pipeline.retriever.search(queries, 20)
    assert together == [opened.pipeline.retriever.search([query], 20)[0] for query in queries]


def test_search_filters_and_refuses_an_empty_query(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    brand = next(p["brand"] for p in load_prepared(finished_run / "data").catalogue.products(range(50)) if p["brand"])
    assert main(["search", str(finished_run), "sale", "--where", f"brand={brand}", "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert hits
    assert {hit["fields"]["brand"] for hit in hits} == {brand}
    assert main(["search", str(finished_run), " "]) == 2
    assert main(["search", str(finished_run), "x", "--where", "colr=red"]) == 2
    assert "its fields are" in capsys.readouterr().err


def test_a_second_run_computes_nothing(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _copy(finished_run, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file() and path.name != "config.yaml"}
    assert main(["run", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs"), *ACCEPT]) == 0
    after = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file() and path.name != "config.yaml"}
    assert after == before
    assert capsys.readouterr().out.count("up to date") == 8


def test_a_changed_option_runs_only_what_depends_on_it(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _copy(finished_run, tmp_path)
    command = ["run", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs"), *ACCEPT]
    assert main([*command, "--set", "measure.window=5"]) == 0
    assert capsys.readouterr().out.count("up to date") == 7


def test_a_teacher_worse_than_the_first_stage_stops_before_labelling(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _copy(finished_run, tmp_path)
    shutil.rmtree(run / "journal")
    record = read_json(run / "stages" / "teacher.json")
    record["facts"]["audit"] |= {"passed": False, "reason": "clearly worse than the first stage: -0.2 [-0.3, -0.1]"}
    (run / "stages" / "teacher.json").write_text(json.dumps(record))
    command = ["run", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs")]
    assert main(command) == 4
    assert "--accept teacher" in " ".join(capsys.readouterr().err.split())
    assert not (run / "journal").exists()
    assert main([*command, *ACCEPT]) == 0
    assert (run / "journal").exists()


def test_folds_measure_every_graded_train_query_out_of_fold(write_config: WriteConfig, tmp_path: Path) -> None:
    shop = {"products": 150, "train": 6, "dev": 1, "test": 4, "log": 60, "judged": 12}
    config = write_config(tmp_path, data={"format": "shop", "shop": shop, "dev": "folds", "folds": 2})
    assert main(["run", str(config), "--runs", str(tmp_path / "runs"), *ACCEPT]) == 0
    metrics = read_json(tmp_path / "runs" / "tiny" / "report" / "metrics.json")
    assert metrics["evaluations"]["out-of-fold, judged-only"]["queries"] == 11
    assert metrics["evaluations"]["test, judged-only"]["queries"] == 4


def test_one_stage_by_name_runs_what_it_needs(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(write_config(tmp_path)), "--runs", str(tmp_path / "runs")]
    assert main(["mine", *command]) == 0
    run = tmp_path / "runs" / "tiny"
    assert (run / "pairs" / "manifest.json").exists()
    assert not (run / "teacher").exists()
    assert main(["mine", *command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["facts"]["pairs"] > 0


def test_doctor_finds_what_is_wrong(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", str(write_config(tmp_path)), "--runs", str(tmp_path), "--json"]) == 0
    checks = {item["check"]: item for item in json.loads(capsys.readouterr().out)}
    assert "minutes" in checks["estimate"]["detail"]
    broken = write_config(tmp_path, teacher={"model": str(tmp_path)})
    assert main(["doctor", str(broken), "--runs", str(tmp_path), "--json"]) == 2
    checks = {item["check"]: item for item in json.loads(capsys.readouterr().out)}
    assert checks["model of the teacher"]["state"] == "error"
    assert str(tmp_path) in checks["model of the teacher"]["detail"]


def test_own_plain_files_without_a_log_are_mined_by_their_train_queries(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = shop_data(products=150, train=8, dev=4, test=4, log=1, seed=5, judged=10)
    data = tmp_path / "shop"
    data.mkdir()
    with (data / "products.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["sku", "name", "brand", "colour"])
        writer.writerows([p.id, p["title"], p["brand"], p["colour"]] for p in shop.products())
    grades = {grade.gain: grade.name for grade in shop.scale.grades}
    with (data / "judgements.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["query", "sku", "grade", "split"])
        for query_id, judged in shop.qrels.items():
            text, split = shop.queries[query_id].text, shop.splits[query_id]
            writer.writerows([text, product_id, grades[gain], split] for product_id, gain in judged.items())
    columns = {"product_id": "sku", "fields": {"title": "name", "brand": "brand", "colour": "colour"}}
    config = write_config(tmp_path, data={"path": str(data), "columns": columns})
    assert main(["mine", str(config), "--runs", str(tmp_path / "runs")]) == 0
    assert "8 of the 8 judged train queries are mined instead" in " ".join(capsys.readouterr().out.split())
    mined = pq.read_table(tmp_path / "runs" / "tiny" / "pairs" / "shard-00000.parquet")
    assert set(mined["query"].to_pylist()) == {shop.queries[i].text for i in shop.splits if shop.splits[i] == "train"}
    assert set(mined["judged"].to_pylist()) == {True}
