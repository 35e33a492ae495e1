import argparse
import json
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from augment.given_labels import FILE
from eval.errors import InputError
from eval.files import write_json
from rerank.teacher import TEACHER_FILE
from retrieval.bm25 import BM25Retriever
from retrieval.data.search_data import LogQuery
from retrieval.dense import DenseRetriever
from retrieval.live.shop import LiveShop
from retrieval.shop.shop import Shop
from retrieval.types import Product
from workflow.commands.upkeep import STALE, drift_command
from workflow.config.run import load_config, save_config
from workflow.proof.drift import DriftReport
from workflow.proof.drift_signals import LIMITS, Signal
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.first_stage import open_encoder


def write_log(log: list[LogQuery], path: Path) -> Path:
    lines = [f'"{entry.text.replace(chr(34), chr(34) * 2)}",{entry.frequency}' for entry in log]
    path.write_text("query,frequency\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def command(run: Path, log: Path, *, catalogue: Path | None = None, ask: int = 20, as_json: bool = True) -> int:
    return drift_command(argparse.Namespace(run=run, log=log, catalogue=catalogue, ask=ask, json=as_json))


def test_a_log_of_the_same_shop_is_fine(finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = load_prepared(finished_run / "data").log
    weights = np.array([entry.frequency for entry in known], dtype=np.float64)
    drawn = np.random.default_rng(5).multinomial(60, weights / weights.sum())
    again = [LogQuery(entry.text, int(count)) for entry, count in zip(known, drawn, strict=True) if count]
    assert command(finished_run, write_log(again, tmp_path / "recent.csv")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "fine", found
    assert {signal["name"] for signal in found["signals"]} >= {"unseen queries", "coverage", "agreement"}


def test_another_worlds_log_is_stale(finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Shop(1, 150, world="second").log(80)
    assert command(finished_run, write_log(other, tmp_path / "recent.csv"), ask=0) == STALE
    found = json.loads(capsys.readouterr().out)
    moved = {signal["name"] for signal in found["signals"] if signal["moved"]}
    assert moved >= {"unseen queries", "new words"}
    assert "agreement" not in {signal["name"] for signal in found["signals"]}


def test_the_catalogue_is_compared_and_everything_is_shown(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    products = tmp_path / "products.csv"
    products.write_text("product_id,title\nP0000000,another title\nnew,a hat\n", encoding="utf-8")
    log = tmp_path / "recent.txt"
    log.write_text("\n".join(entry.text for entry in load_prepared(finished_run / "data").log), encoding="utf-8")
    command(finished_run, log, catalogue=products, ask=0, as_json=False)
    shown = capsys.readouterr().out
    assert "1 new, 1 changed of 2 products, 149 gone" in " ".join(shown.split())
    assert "Verdict:" in shown
    same = finished_run / "data" / "catalogue"
    command(finished_run, log, catalogue=same, ask=0)
    catalogue = json.loads(capsys.readouterr().out)["signals"][-1]
    assert (catalogue["name"], catalogue["value"], catalogue["moved"]) == ("catalogue", 0.0, False)


def test_live_changes_are_the_newer_catalogue(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDirectory(tmp_path / "run")
    shutil.copytree(finished_run, run.root)
    config, catalogue = load_config(run.config), load_prepared(run.data).catalogue
    dense = DenseRetriever.load(run.index / "vectors", open_encoder(config, str(run.encoder)), catalogue)
    with closing(LiveShop(dense, BM25Retriever.load(run.index / "bm25", catalogue), run.root / "live")) as shop:
        shop.put([Product("new", {"title": "red hat"}), Product(catalogue.ids[0], {"title": "blue hat"})])
        shop.delete([catalogue.ids[1], catalogue.ids[2]])
    log = tmp_path / "recent.txt"
    log.write_text("red shirt\nblue shoe\n", encoding="utf-8")
    command(run.root, log, ask=0)
    found = json.loads(capsys.readouterr().out)
    assert found["signals"][-1]["detail"].startswith("1 new, 1 changed of 149 products, 2 gone")
    assert "live" in found["notes"][-1]


def test_a_teacher_that_is_a_file_is_not_asked(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDirectory(tmp_path / "run")
    shutil.copytree(finished_run, run.root)
    labels = {"teacher.kind": "file", "teacher.labels": "labels.csv"}
    save_config(load_config(run.config, labels), run.config)
    shutil.rmtree(run.root / "teacher")
    write_json(run.root / "teacher" / TEACHER_FILE, {"kind": FILE, "version": "file-1"})
    recent = write_log(load_prepared(run.data).log, tmp_path / "recent.csv")
    for ask, notes in ((20, 1), (0, 0)):
        assert command(run.root, recent, ask=ask) in (0, STALE)
        found = json.loads(capsys.readouterr().out)
        assert {signal["subject"] for signal in found["signals"]} == {"queries", "answers"}
        assert len(found["notes"]) == notes
    command(run.root, recent, as_json=False)
    assert "labels come from a file (teacher.kind: file)" in " ".join(capsys.readouterr().out.split())


def test_the_run_is_left_as_it_was(finished_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    log = tmp_path / "recent.txt"
    log.write_text("red shirt\nblue shoe\n", encoding="utf-8")
    command(run, log, ask=2)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()} == before


def test_what_cannot_be_compared_is_refused(finished_run: Path, tmp_path: Path) -> None:
    log = tmp_path / "recent.txt"
    log.write_text("red shirt\n", encoding="utf-8")
    with pytest.raises(InputError, match="--ask -1"):
        command(finished_run, log, ask=-1)
    with pytest.raises(InputError, match="does not exist"):
        command(finished_run, log, catalogue=tmp_path / "none")
    with pytest.raises(InputError, match="no run directory"):
        command(tmp_path, log)


@pytest.mark.parametrize(
    ("moved", "verdict"),
    [
        ([], "fine"),
        (["coverage"], "watch"),
        (["unseen queries", "new words", "word divergence"], "watch"),
        (["unseen queries", "best cosine"], "stale"),
        (["coverage", "catalogue"], "stale"),
        (["agreement"], "stale"),
    ],
)
def test_the_verdict_follows_from_what_moved(moved: list[str], verdict: str) -> None:
    signals = [Signal(name, 0.5, 0.1, 0.4 if name in moved else 0.05, 0.1, False, "") for name in LIMITS]
    signals.append(Signal("coverage", 0.9, 0.0, 0.9, 0.25, True, "by chance"))
    assert DriftReport(signals).verdict == verdict
