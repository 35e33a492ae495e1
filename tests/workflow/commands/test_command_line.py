"""The command line: every user's mistake ends in one clear line and its documented exit code, and loses nothing."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from distilrank import main
from eval.trec import write_qrels, write_run
from retrieval.data.read import read_data
from workflow.commands.threads import set_threads
from workflow.config.run import Config
from workflow.run.stage_titles import STAGE_TITLES

ROOT = Path(__file__).parents[3]


def test_evaluate_prints_the_figures_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_qrels({"q1": {"a": 100, "b": 0}, "q2": {"c": 10}}, tmp_path / "qrels")
    write_run({"q1": {"a": 2.0, "b": 1.0}, "q2": {"c": 1.0}}, tmp_path / "good.run", "good")
    write_run({"q1": {"a": 1.0, "b": 2.0}}, tmp_path / "bad.run", "bad")
    command = ["evaluate", "--qrels", str(tmp_path / "qrels"), str(tmp_path / "good.run"), str(tmp_path / "bad.run")]
    assert main([*command, "--measures", "nDCG@10", "--json"]) == 0
    rows = {row["system"]: row["value"]["mean"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["good"] == pytest.approx(1.0)
    assert rows["bad"] == pytest.approx(0.6309297535714575 / 2)  # 1 / log2(3) for q1, 0 for the missing q2
    assert main(command) == 0
    assert "linear gain, log2 discount" in capsys.readouterr().out


def test_data_describe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "products.csv").write_text("product_id,title\np1,red shoe\np2,blue shoe\n")
    (tmp_path / "judgements.csv").write_text("query,product_id,grade\nshoe,p1,E\nshoe,p2,S\nshoe,p9,I\n")
    assert main(["data", "describe", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "2 products" in text
    assert "p9" in text  # a judgement of a product that the catalogue lacks is counted and shown
    assert main(["data", "describe", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["products"] == 2


def _write_shop(folder: Path) -> None:
    (folder / "products.csv").write_text("sku,title\np1,red shoe\np2,blue shoe\n")
    (folder / "judgements.csv").write_text("query,sku,grade\nshoe,p1,E\nshoe,p2,I\n")


def test_data_describe_takes_a_config_whose_columns_are_mapped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write_shop(tmp_path)
    config = tmp_path / "c.yaml"
    config.write_text("name: c\ndata: {format: plain, columns: {product_id: sku}}\n")
    assert main(["data", "describe", str(tmp_path)]) == 2  # without the mapping there is no product_id
    assert main(["data", "describe", str(config), "--data", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["products"] == 2
    assert main(["data", "describe", str(tmp_path), "--data", str(tmp_path)]) == 2
    assert "--data is for a config" in capsys.readouterr().err


def test_data_export_writes_what_other_tools_read_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write_shop(tmp_path)
    config = tmp_path / "c.yaml"
    config.write_text(f"name: c\ndata: {{path: {tmp_path}, columns: {{product_id: sku}}}}\n")
    assert main(["data", "export", str(config), "--to", "beir", str(tmp_path / "beir")]) == 0
    assert "1 queries, 2 judgements" in capsys.readouterr().out
    back = read_data("beir", tmp_path / "beir")
    assert [product["title"] for product in back.products()] == ["red shoe", "blue shoe"]
    assert list(back.qrels.values()) == [{"p1": 100, "p2": 0}]
    quepid = tmp_path / "ratings.csv"
    assert main(["data", "export", str(config), "--to", "quepid", str(quepid)]) == 0
    with quepid.open(encoding="utf-8") as stream:
        assert list(csv.reader(stream)) == [["query", "docid", "rating"], ["shoe", "p1", "3"], ["shoe", "p2", "0"]]
    before = quepid.read_bytes()
    assert main(["data", "export", str(config), "--to", "quepid", str(quepid)]) == 2
    assert "export overwrites nothing" in " ".join(capsys.readouterr().err.split())
    assert quepid.read_bytes() == before


def test_the_light_table_of_stages_is_the_pipelines() -> None:
    from workflow.pipeline import stages

    config = Config.model_validate({"name": "a", "student": {"parent": "default"}})  # the student is pretrained, too
    assert {stage.name: stage.title for stage in stages(config)} == STAGE_TITLES


@pytest.mark.parametrize("arguments", [["--help"], ["evaluate", "--qrels", "qrels", "a.run"]])
def test_help_and_evaluate_do_not_wait_for_torch(arguments: list[str], tmp_path: Path) -> None:
    write_qrels({"q1": {"a": 1}}, tmp_path / "qrels")
    write_run({"q1": {"a": 2.0}}, tmp_path / "a.run", "a")
    program = (
        "import sys, distilrank\n"
        "try: distilrank.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "sys.exit(' '.join({'torch', 'transformers', 'datasets', 'faiss'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    write_qrels({"q1": {"a": 1}}, tmp_path / "qrels")
    write_run({"q1": {"a": 2.0}}, tmp_path / "a.run", "a")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, str(ROOT / "distilrank.py"), "evaluate", "--qrels", "qrels", "a.run"],
            cwd=tmp_path,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_gpu_out_of_memory_is_one_line_and_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 80 GiB")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("some fault of ours")

    config = tmp_path / "c.yaml"
    config.write_text("name: c\ndata: {format: shop}\n")
    monkeypatch.setitem(sys.modules, "workflow.runner", SimpleNamespace(run_stages=full))
    assert main(["run", str(config), "--runs", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(part in said for part in ("Tried to allocate", "pairs_per_batch", "max_length"))
    monkeypatch.setitem(sys.modules, "workflow.runner", SimpleNamespace(run_stages=broken))
    with pytest.raises(RuntimeError, match="some fault of ours"):
        main(["run", str(config), "--runs", str(tmp_path)])


@pytest.mark.parametrize("command", ["prepare", "index", "teacher", "mine", "doctor"])
def test_options_of_labelling_are_refused_where_nothing_is_labelled(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in (["--retry-failed"], ["--accept", "teacher"]):
        with pytest.raises(SystemExit) as caught:
            main([command, "c.yaml", *option])
        assert caught.value.code == 2
        assert "unrecognized arguments" in capsys.readouterr().err


def test_threads_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5})
    set_threads(Config(name="a"))
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("3", "3")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "CONFIG", "--set", "fields.student=[title"], 2, "'fields.student=[title' has a value that cannot"),
        (["run", "none.yaml"], 2, "config none.yaml does not exist"),
        (["search", "nowhere"], 2, "nowhere is no run directory"),
        (["evaluate", "--qrels", "none", "x.run"], 2, "none"),
        (["data", "describe", "nowhere"], 2, "nowhere is no directory"),
        (["run", "CONFIG", "--set", "student.layers"], 2, "has no '='"),
        (["run", "CONFIG", "--set", "student.layer=2"], 2, "did you mean 'layers'?"),
        (["prepare", "CONFIG", "--set", "data.format=esci"], 2, "no data given"),
        (["prepare", "CONFIG", "--data", "nowhere", "--set", "data.format=esci"], 2, "nowhere does not exist"),
    ],
)
def test_a_mistake_is_one_line_and_a_code(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("CONFIG").write_text("name: c\ndata: {format: shop}\n")
    assert main(arguments) == code
    said = capsys.readouterr().err
    assert message in " ".join(said.split())
    assert "Traceback" not in said


def test_an_unknown_command_is_refused_with_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["trian", "c.yaml"])
    assert caught.value.code == 2
    assert "invalid choice: 'trian'" in capsys.readouterr().err
