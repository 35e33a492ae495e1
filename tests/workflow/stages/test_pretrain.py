"""The start that learns the first stage's order: who gets one, what it learns from, and what hangs on it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from augment.guard import LeakGuard
from distilrank import main
from eval.files import read_json
from workflow.config.run import Config, load_config
from workflow.pipeline import stages
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.pretrain import pretrained_teachers, student_start, teacher_start

WriteConfig = Callable[..., Path]
TRAIN = {"epochs": 1, "pairs_per_batch": 32, "checkpoint_seconds": 0.001}
PRETRAIN = {"queries": 8, "train": TRAIN}


def run(write_config: WriteConfig, root: Path, *more: str, **sections: Any) -> Path:
    config = write_config(root, **{"pretrain": PRETRAIN, **sections})
    runs = ["--runs", str(root / "runs")]
    assert main(["student", str(config), *runs, "--accept", "teacher", *more]) == 0
    return root / "runs" / "tiny"


@pytest.fixture(scope="module")
def pretrained(write_config: WriteConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run up to its student, whose teacher and student were pretrained."""
    return run(write_config, tmp_path_factory.mktemp("pretrained"))


def test_teacher_and_student_start_from_what_learnt_the_first_stage(pretrained: Path, tiny_bert_dir: Path) -> None:
    assert read_json(pretrained / "teacher" / "teacher.json")["base"] == str(pretrained / "pretrained" / "teacher-0")
    for name in ("student", "student-without"):
        about = read_json(pretrained / name / "student.json")
        assert about["parent"] == str(tiny_bert_dir)
        assert (about["layers"], about["parent_layers"]) == ([0, 3], 4)
        assert about["pretraining"]["options"]["loss"] == "listwise_kl"
        assert about["pretraining"]["pairs"] == read_json(pretrained / "stages" / "pretrain.json")["facts"]["pairs"]


def test_no_held_out_query_is_learnt_from(pretrained: Path) -> None:
    prepared = load_prepared(pretrained / "data")
    guard = LeakGuard(prepared.queries[i] for i, split in prepared.splits.items() if split != "train")
    mined = pq.read_table(pretrained / "pretrained" / "pairs" / "queries.parquet")["query"].to_pylist()
    assert len(mined) == 8
    assert all(guard.check(text) is None for text in mined)


def test_another_student_spares_the_teacher_and_its_start(
    pretrained: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pretrained, tmp_path / "runs" / "tiny")
    capsys.readouterr()
    run(write_config, tmp_path, "--set", "student.layers=1")
    said = capsys.readouterr().out
    assert "pretrain up to date" in said
    assert "teacher  up to date" in said
    assert "pretrain-student is redone: student.layers" in said
    assert read_json(tmp_path / "runs" / "tiny" / "student" / "student.json")["layers"] == [0]


def test_a_run_without_it_has_no_such_stage(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path)
    assert not [stage.name for stage in stages(load_config(config)) if "pretrain" in stage.name]
    assert main(["pretrain", str(config), "--runs", str(tmp_path / "runs")]) == 2
    assert "no stage pretrain; expected prepare, encoder, index, teacher" in " ".join(capsys.readouterr().err.split())


def test_large_models_are_left_as_they_are(tiny_llama_dir: Path, tmp_path: Path) -> None:
    def config(**teacher: Any) -> Config:
        return Config.model_validate({"name": "a", "teacher": {"model": str(tiny_llama_dir), **teacher}})

    assert pretrained_teachers(config(lora={})) == []
    found = RunDirectory(tmp_path)
    assert teacher_start(config(), found, str(tiny_llama_dir)) == str(tiny_llama_dir)  # a decoder has no start made
    names = [stage.name for stage in stages(config(lora={}))]
    assert names.index("index") < names.index("pretrain") < names.index("pretrain-student") < names.index("teacher")


def test_layers_of_the_teacher_are_taken_as_they_are(tmp_path: Path) -> None:
    config = Config.model_validate({"name": "a", "student": {"parent": "teacher", "layers": 4}})
    assert student_start(config, RunDirectory(tmp_path), tmp_path / "teacher") == (str(tmp_path / "teacher"), 4, None)
    assert "pretrain-student" not in [stage.name for stage in stages(config)]


def test_a_parent_that_is_a_student_itself_is_named_as_the_parent(
    pretrained: Path, write_config: WriteConfig, tmp_path: Path
) -> None:
    parent = {"parent": str(pretrained / "student"), "max_length": 64, "train": TRAIN, "judgements_train": None}
    made = run(write_config, tmp_path, pretrain=None, student={**parent, "final_train": TRAIN})
    about = read_json(made / "student" / "student.json")
    assert (about["parent"], about["layers"]) == (str(pretrained / "student"), [0, 1])
    assert "pretraining" not in about
    assert about["distillation"]["options"]["loss"] == "listwise_kl"


def test_a_decoder_without_adapters_is_passed_over(
    write_config: WriteConfig, tiny_llama_dir: Path, tmp_path: Path
) -> None:
    teacher = {"model": str(tiny_llama_dir), "max_length": 64, "train": TRAIN}
    made = run(write_config, tmp_path, teacher=teacher)
    assert not (made / "pretrained" / "teacher-0").exists()
    assert read_json(made / "teacher" / "teacher.json")["base"] == str(tiny_llama_dir)
    assert (made / "pretrained-student").is_dir()
