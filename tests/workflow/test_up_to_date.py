"""Which change runs which stages again, over the pipeline as it is: neither too few nor too many."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import retrieval.encoder
from distilrank import main
from eval.errors import InputError
from eval.files import read_json
from rerank.teacher import Teacher
from rerank.types import Label, Pair
from retrieval.types import Product, Query
from workflow.config.run import Config, load_config
from workflow.measure.lazy_models import LazyReranker
from workflow.pipeline import stages
from workflow.run.inputs import key_options
from workflow.run.stage import basis_of, flat, key_of

WriteConfig = Callable[..., Path]
ACCEPT = ["--accept", "teacher", "--accept", "student"]
ALL = ["prepare", "encoder", "index", "teacher", "mine", "label", "student", "measure"]
SHOP = {"data.format": "shop"}


def _config(**options: Any) -> Config:
    tree: dict[str, Any] = {"name": "c"}
    for dotted, value in options.items():
        *path, last = dotted.split(".")
        section = tree
        for name in path:
            section = section.setdefault(name, {})
        section[last] = value
    return Config.model_validate(tree)


def _keys(config: Config) -> dict[str, str]:
    options, records = key_options(config), {}
    for stage in stages(config):
        records[stage.name] = {"key": key_of(basis_of(stage, options, records)), "facts": {}}
    return {name: record["key"] for name, record in records.items()}


def _redone(before: Config, after: Config) -> list[str]:
    old, new = _keys(before), _keys(after)
    return [name for name in ALL if old[name] != new[name]]


def test_every_option_that_a_stage_names_is_one() -> None:
    config = _config(**SHOP)
    known = flat(key_options(config))
    for stage in stages(config):
        for option in (name for name in (*stage.options, *stage.only) if not name.startswith("-")):
            unset = any(value is None and option.startswith(f"{name}.") for name, value in known.items())
            found = any(f"{name}.".startswith(f"{option}.") for name in known)
            assert found or unset or option.endswith(" stage"), option  # unset: of a section that is null by default


@pytest.mark.parametrize(
    ("option", "value", "redone"),
    [
        ("label.failed_share", 0.5, []),
        ("measure.timed_queries", 3, []),
        ("encoder.batch_size", 3, []),
        ("teacher.train", {"checkpoint_seconds": 1}, []),
        ("student.judgements_train", {"checkpoint_seconds": 1}, []),
        ("budget_minutes.label", 3, []),
        ("threads", 3, []),
        ("data.folds", 3, []),  # the dev split is given
        ("data.path", "elsewhere", []),  # the shop reads no file
        ("measure.window", 7, ["measure"]),
        ("student.judgements_train", {"epochs": 1}, ["student", "measure"]),
        ("student.loss", "ranknet", ["student", "measure"]),
        ("label.shard_pairs", 7, ["label", "student", "measure"]),
        ("mine.queries", 7, ["mine", "label", "student", "measure"]),
        ("fields.teacher", ["title"], ["teacher", "label", "student", "measure"]),
        ("data.dev", "folds", ["teacher", "mine", "label", "student", "measure"]),
        ("measure.cutoff", 5, ["teacher", "label", "student", "measure"]),
        ("index.first_stage", "bm25", ["teacher", "mine", "label", "student", "measure"]),
        ("fields.student", ["title"], ALL[2:]),
        ("encoder.query_prefix", "query: ", ALL[1:]),
        ("data.shop", {"products": 9}, ["prepare", *ALL[2:]]),
        ("encoder.train", {"epochs": 2}, ALL[1:]),
        ("seed", 8, ["prepare", *ALL[2:]]),
    ],
)
def test_a_changed_option_redoes_the_stages_it_matters_to(option: str, value: Any, redone: list[str]) -> None:
    assert _redone(_config(**SHOP), _config(**SHOP, **{option: value})) == redone


@pytest.mark.parametrize(
    ("option", "value", "redone"),
    [
        ("elastic.urls", ["http://elsewhere:9200"], []),  # the same products, wherever they are kept
        ("elastic.index", "elsewhere", []),
        ("elastic.rejected_share", 0.1, []),
        ("index.kind", "hnsw", []),
        ("elastic.candidates", 50, ["teacher", "mine", "label", "student", "measure"]),
        ("elastic.search", "bm25", ["teacher", "mine", "label", "student", "measure"]),
        ("elastic.shards", 3, ALL[2:]),
        ("fields.words", {"title": 2}, ALL[2:]),
        ("index.first_stage", "hybrid", ALL[2:]),
    ],
)
def test_a_changed_option_of_a_cluster(option: str, value: Any, redone: list[str]) -> None:
    in_cluster = {**SHOP, "index.first_stage": "elasticsearch"}
    assert _redone(_config(**in_cluster), _config(**{**in_cluster, option: value})) == redone
    if option.startswith("elastic."):  # without a cluster its options count for nothing
        assert _redone(_config(**SHOP), _config(**SHOP, **{option: value})) == []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory in the plain form, with two logs and other people's files around."""
    root = tmp_path / "data"
    root.mkdir()
    (root / "products.csv").write_text("product_id,title\np1,red shoe\np2,blue shoe\n")
    (root / "judgements.csv").write_text("query,product_id,grade\nshoe,p1,2\nshoe,p2,0\nshoe,p9,1\n")
    (root / "log1.txt").write_text("red shoe\n")
    (root / "log2.txt").write_text("blue shoe\n")
    (root / "labels.csv").write_text("query,product_id,grade\nred shoe,p1,2\n")
    (root / "README.md").write_text("about")
    (root / "runs").mkdir()
    (root / "runs" / "old.csv").write_text("old")
    return root


def test_data_count_by_their_bytes_and_not_by_how_their_path_is_spelt(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    spelt = [
        {"data.path": str(data), "data.log": "log1.txt"},
        {"data.path": "data", "data.log": "data/log1.txt"},
        {"data.path": "./data/../data", "data.log": str(data / "log1.txt")},
    ]
    first, *others = [_config(**options) for options in spelt]
    for other in others:
        assert _redone(first, other) == []
    files = {"data.products": "data/products.csv", "data.judgements": str(data / "judgements.csv")}
    assert key_options(_config(**files))["data"]["products"] != key_options(_config(**files))["data"]["judgements"]
    before = _keys(first)
    (data / "README.md").write_text("touched")
    (data / "runs" / "new.csv").write_text("new")
    (data / ".venv").mkdir()
    (data / ".venv" / "some.txt").write_text("new")
    assert _keys(first) == before
    assert _redone(first, _config(**spelt[0] | {"data.log": "log2.txt"})) == ["prepare", *ALL[2:]]
    (data / "products.csv").write_text("product_id,title\np1,red shoe\np2,green shoe\n")
    assert _keys(first)["prepare"] != before["prepare"]


def test_qrels_and_a_stored_scale_count(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text("{}")
    config = _config(**{"data.path": str(tmp_path)})
    seen = {_keys(config)["prepare"]}
    for name in ("qrels/test.tsv", "scale.json"):
        (tmp_path / name).write_text("a")
        seen.add(_keys(config)["prepare"])
    assert len(seen) == 3


@pytest.mark.parametrize("format", ["shop", "plain"])
def test_given_labels_belong_to_the_teacher(data: Path, format: str) -> None:
    options = {"data.format": format, "data.path": str(data), "data.log": "log1.txt", "teacher.labels": "labels.csv"}
    before = _keys(_config(**options))
    (data / "labels.csv").write_text("query,product_id,grade\nred shoe,p1,1\n")
    after = _keys(_config(**options))
    assert [name for name in ALL if before[name] != after[name]] == ["teacher", "label", "student", "measure"]


@pytest.mark.parametrize(
    "options",
    [{"data.format": "esci"}, {"data.path": "nowhere"}, {**SHOP, "teacher.labels": "nowhere.csv"}],
)
def test_missing_inputs_are_said(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"no data given|nowhere(\.csv)? does not exist"):
        key_options(_config(**options))


@pytest.mark.parametrize(
    ("option", "redone"),
    [
        ("encoder.model", ALL[1:]),
        ("teacher.model", ["teacher", "label", "student", "measure"]),
        ("student.parent", ["student", "measure"]),
    ],
)
def test_a_local_model_counts_by_its_bytes(tmp_path: Path, option: str, redone: list[str]) -> None:
    for name in ("model", "copy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_text("weights")
    config, copy = (_config(**SHOP, **{option: str(tmp_path / name)}) for name in ("model", "copy"))
    assert _redone(config, copy) == []
    before = _keys(config)
    (tmp_path / "model" / "README.md").write_text("about")
    assert _keys(config) == before
    (tmp_path / "model" / "model.safetensors").write_text("other weights")
    assert [name for name in ALL if _keys(config)[name] != before[name]] == redone
    assert _redone(_config(**SHOP, **{option: "a/hub-name"}), _config(**SHOP, **{option: "b/hub-name"})) == redone


def _copy(run: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path / "runs" / "tiny")
    return tmp_path / "runs" / "tiny"


def test_the_student_of_the_judgements_is_trained_again_alone(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _copy(finished_run, tmp_path)
    student = (run / "student" / "model.safetensors").stat().st_mtime_ns
    command = ["student", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs"), *ACCEPT]
    section = "{epochs: 1, pairs_per_batch: 32, learning_rate: 0.001}"
    assert main([*command, "--set", f"student.judgements_train={section}"]) == 0
    said = capsys.readouterr().out
    assert f"student.judgements_train.learning_rate was 0.0001, is 0.001; the old result is in {run}" in said
    assert (run / "student" / "model.safetensors").stat().st_mtime_ns == student
    old, new = (run / ".replaced" / "student" / "student-without", run / "student-without")
    assert (old / "model.safetensors").read_bytes() != (new / "model.safetensors").read_bytes()
    assert not (run / "stages" / "measure.json").exists()


def test_a_finished_run_keeps_the_config_that_it_was_measured_with(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _copy(finished_run, tmp_path)
    config, measured = str(write_config(tmp_path)), (run / "config.yaml").read_text()
    unmeasured = ["--runs", str(tmp_path / "runs"), "--set", "measure.window=7", "--set", "index.fusion=ranks"]
    assert main(["prepare", config, *unmeasured]) == 0
    assert (run / "config.yaml").read_text() == measured
    said = " ".join(capsys.readouterr().out.split())
    assert "teacher, mine, label, student, measure would be made again, which distilrank run does" in said
    assert main(["prepare", config, "--runs", str(tmp_path / "runs"), "--set", "serve.deadline_ms=77"]) == 0
    assert "made again" not in capsys.readouterr().out
    assert load_config(run / "config.yaml").serve.deadline_ms == 77  # serving it so changes nothing that was measured
    assert main(["teacher", config, *unmeasured]) == 0  # no longer finished
    assert load_config(run / "config.yaml").measure.window == 7
    assert not (run / "stages" / "measure.json").exists()


def test_another_encoder_spares_the_teacher_but_not_its_audit(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path
) -> None:
    run = _copy(finished_run, tmp_path)
    teacher = (run / "teacher" / "model.safetensors").stat().st_mtime_ns
    command = ["teacher", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs")]
    assert main([*command, "--set", "index.kind=ivf_flat"]) == 0
    made = read_json(run / "stages" / "index.json")["facts"]
    assert made["kind"] == "ivf_flat"
    assert (made["probes"] > 0, made["recall@100"] >= 0.95, made["warnings"]) == (True, True, [])
    assert (run / "teacher" / "model.safetensors").stat().st_mtime_ns == teacher
    assert read_json(run / "stages" / "teacher.json")["facts"]["audit"]["reason"]
    assert not (run / "stages" / "label.json").exists()


def test_a_retry_that_changes_labels_trains_and_measures_again(
    finished_run: Path,
    write_config: WriteConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _copy(finished_run, tmp_path)
    shutil.rmtree(run / "journal")
    said = Teacher.label

    def one_fails(self: Teacher, pairs: Sequence[Pair], progress: Any = None) -> list[Label]:
        labels = said(self, pairs, progress)
        return [Label(np.nan, None, "failed", "too busy"), *labels[1:]]

    config = write_config(tmp_path, label={"shard_pairs": 64, "failed_share": 1.0})
    command = ["student", str(config), "--runs", str(tmp_path / "runs"), *ACCEPT]
    with monkeypatch.context() as patched:
        patched.setattr(Teacher, "label", one_fails)
        assert main(command) == 0
    assert "student  is redone: the label stage has another result" in capsys.readouterr().out
    assert main([*command, "--retry-failed"]) == 0
    assert "student  is redone: the label stage has another result" in capsys.readouterr().out
    assert main([*command, "--retry-failed"]) == 0  # nothing had failed: nothing changed
    assert "student  up to date" in capsys.readouterr().out


def test_an_encoder_of_the_hub_is_copied_into_the_run_once(
    finished_run: Path,
    write_config: WriteConfig,
    tiny_encoder_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _copy(finished_run, tmp_path)
    monkeypatch.setattr(retrieval.encoder, "snapshot_download", lambda name, **_: str(tiny_encoder_dir))
    config = write_config(tmp_path, encoder={"model": "some/encoder", "max_length": 64})
    for _ in range(2):
        assert main(["index", str(config), "--runs", str(tmp_path / "runs")]) == 0
    assert "index    up to date" in capsys.readouterr().out
    assert (run / "encoder" / "modules.json").exists()


def test_warnings_reach_the_user_and_the_records(
    finished_run: Path,
    write_config: WriteConfig,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = _copy(finished_run, tmp_path)
    shutil.rmtree(run / "pairs")
    assert main(["mine", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs")]) == 0
    (warning,) = read_json(run / "stages" / "mine.json")["facts"]["warnings"]
    assert warning.endswith("log queries that are or nearly are held-out queries were left out (pairs/leaks.csv)")
    assert f"warning: {warning}" in capsys.readouterr().out
    label = read_json(run / "stages" / "label.json")["facts"]
    assert label["main"]["sanity"]["strata"]["all"]["n"] > 0
    assert label["warnings"] == []
    plain = write_config(tmp_path / "plain", data={"path": str(data), "log": "log1.txt"}, name="plain")
    assert main(["prepare", str(plain), "--runs", str(tmp_path / "runs")]) == 0
    warning, *_ = read_json(tmp_path / "runs" / "plain" / "stages" / "prepare.json")["facts"]["warnings"]
    assert "p9" in warning
    assert f"warning: {warning}" in capsys.readouterr().out


def test_a_lazy_model_is_loaded_once_until_it_is_released() -> None:
    loaded = []

    class Model:
        def score(self, pairs: Sequence[Pair]) -> np.ndarray:
            return np.ones(len(pairs), dtype=np.float32)

    def load() -> Model:
        loaded.append(1)
        return Model()

    lazy = LazyReranker(load)
    assert not loaded
    pairs = [(Query("q", "q"), Product("p", {"title": "t"}))]
    for _ in range(2):
        assert lazy.score(pairs).tolist() == [1.0]
    assert len(loaded) == 1
    lazy.release()
    lazy.score(pairs)
    assert len(loaded) == 2


def test_the_manifest_holds_the_fingerprints_of_data_and_models(finished_run: Path) -> None:
    inputs = read_json(finished_run / "manifest.json")["inputs"]
    assert set(inputs) == {"encoder.model", "teacher.model", "student.parent"}
    assert json.dumps(inputs).count("sha256:") == 3
    assert load_config(finished_run / "config.yaml").data.format == "shop"
