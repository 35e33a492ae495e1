"""`distilrank export`: beside the student, whole, skipped when up to date, refused when it loses too much."""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from distilrank import main
from eval.errors import GateRefusedError, InputError
from eval.files import read_json
from rerank.runtime.exported import ExportedStudent
from rerank.runtime.product_tokens import ProductTokens
from rerank.student import Student
from rerank.types import Pair
from workflow.commands.export import export_command
from workflow.config.run import load_config, save_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.served.export import export_run

ACCEPT = ["--accept", "teacher", "--accept", "student"]


@pytest.fixture(scope="module")
def run(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run, its student exported when it was measured, its products tokenised now."""
    root = tmp_path_factory.mktemp("exported") / "runs" / "tiny"
    shutil.copytree(finished_run, root)
    made = RunDirectory(root)
    assert not export_run(load_config(made.config), made).made
    return made


def _options(run: RunDirectory, precision: str = "auto") -> argparse.Namespace:
    return argparse.Namespace(run=run.root, precision=precision, accept=[], json=True)


def test_the_export_ranks_the_catalogue_as_the_student_does(run: RunDirectory) -> None:
    prepared = load_prepared(run.data)
    student = Student.load(run.root / "student", device="cpu")
    tokens = ProductTokens.load(run.root / "student" / "tokens")
    assert len(tokens) == len(prepared.catalogue)
    tokens.check(prepared.catalogue, student.template, student.pair_encoder.tokenizer)
    query = prepared.queries[prepared.split("test")[0]]
    rows = range(len(prepared.catalogue))
    expected = student.score([(query, product) for product in prepared.catalogue.products(rows)])
    with ExportedStudent.load(run.root / "student" / "export", tokens) as exported:
        assert np.corrcoef(exported.score_rows(query, rows, prepared.catalogue), expected)[0, 1] > 0.98


def test_the_manifest_tells_parity_plan_and_queries(run: RunDirectory) -> None:
    about = read_json(run.root / "student" / "export" / "manifest.json")
    assert about["engine"] == "onnxruntime"
    assert about["parity"]["queries"] == 6  # the shop's dev queries
    assert about["parity"]["loss"] <= 0.01
    assert {"pad_to", "token_budget"} == set(about["plan"])
    assert about["plan"] in [{k: row[k] for k in about["plan"]} for row in about["plan_milliseconds"]]


def test_again_is_up_to_date_and_another_precision_is_not(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(run.root, tmp_path / "tiny")
    copy = RunDirectory(tmp_path / "tiny")
    graph = copy.root / "student" / "export" / "student.onnx"
    before = graph.stat().st_mtime_ns
    assert export_command(_options(copy)) == 0
    assert json.loads(capsys.readouterr().out)["made"] is False
    assert graph.stat().st_mtime_ns == before
    assert export_command(_options(copy, "float32")) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["made"], told["precision"]) == (True, "float32")
    assert told["parity"]["largest_difference"] < 1e-5


def test_auto_takes_int8_where_its_loss_is_allowed(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run.root, tmp_path / "tiny")
    shutil.rmtree(tmp_path / "tiny" / "student" / "export")
    monkeypatch.setattr("rerank.runtime.parity.LARGEST_LOSS", 0.5)  # tiny random models lose more than trained ones
    exported = export_run(load_config(run.config), RunDirectory(tmp_path / "tiny"))
    assert exported.facts["precision"] == "int8"
    assert exported.parity.largest_difference > 1e-4


def test_a_later_run_finds_nothing_to_do_and_leaves_the_export(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(run.root, tmp_path / "runs" / "tiny")
    export = tmp_path / "runs" / "tiny" / "student" / "export" / "manifest.json"
    before = export.read_bytes()
    assert main(["run", str(run.config), "--runs", str(tmp_path / "runs"), *ACCEPT]) == 0
    assert capsys.readouterr().out.count("up to date") == 8
    assert export.read_bytes() == before
    assert main(["run", str(run.config), "--runs", str(tmp_path / "runs"), *ACCEPT[:2]]) == 4
    assert "or go on all the same with --accept student" in " ".join(capsys.readouterr().err.split())


def test_an_export_that_loses_too_much_is_refused_and_nothing_is_written(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run.root, tmp_path / "tiny")
    copy = RunDirectory(tmp_path / "tiny")
    shutil.rmtree(copy.root / "student" / "export")
    qrels = load_prepared(copy.data).qrels

    def worst(self: ExportedStudent, pairs: Sequence[Pair]) -> np.ndarray:
        return np.array([-qrels[query.id][product.id] for query, product in pairs], dtype=np.float32)

    monkeypatch.setattr(ExportedStudent, "score", worst)
    with pytest.raises(GateRefusedError, match=r"loses .* nDCG on dev, at most 1 %") as caught:
        export_run(load_config(copy.config), copy, "int8")
    assert caught.value.exit_code == 4
    assert not (copy.root / "student" / "export").exists()


def test_a_refused_student_is_exported_only_by_name(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path, out = tmp_path / "tiny", tmp_path / "eland"
    shutil.copytree(run.root, path)
    save_config(load_config(run.config, {"serve.accept_student": False}), path / "config.yaml")
    for command in (["export", str(path)], ["hook", "export", str(path), str(out)]):
        assert main(command) == 4
        assert "the student is clearly worse than the first stage: -0." in " ".join(capsys.readouterr().err.split())
        assert not out.exists()
        assert main([*command, "--accept", "student"]) == 0
    assert out.exists()
    assert "is not measured yet" not in caplog.text
    (path / "stages" / "measure.json").unlink()
    assert main(["export", str(path)]) == 0
    assert "is not measured yet, so the gate has not seen its student" in caplog.text


def test_a_run_without_a_student_is_told_so(run: RunDirectory, tmp_path: Path) -> None:
    shutil.copytree(run.root, tmp_path / "tiny")
    (tmp_path / "tiny" / "stages" / "student.json").unlink()
    with pytest.raises(InputError, match="no finished student"):
        export_run(load_config(run.config), RunDirectory(tmp_path / "tiny"))
