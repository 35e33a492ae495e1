"""The dry run of labelling: what is to do, and that nothing is done."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from distilrank import main
from rerank.api.answers import Answer
from rerank.api.cache import AnswerCache

WriteConfig = Callable[..., Path]


def test_it_counts_times_and_prices_without_labelling(
    finished_run: Path, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "runs" / "tiny"
    shutil.copytree(finished_run, run)
    pairs = sum(pq.read_metadata(shard).num_rows for shard in (run / "pairs").glob("shard-*.parquet"))
    command = ["label", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs"), "--dry-run"]
    (run / "journal" / "shard-00000.parquet").unlink()
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pairs"], found["labels"], found["requests"]) == (pairs, 64, None)
    assert 0 < found["seconds"] < 60
    assert not (run / "journal" / "shard-00000.parquet").exists()
    assert main(command) == 0
    assert f"{pairs:,} pairs, 64 labels to go" in capsys.readouterr().out

    api = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "price_in": 2.0, "price_out": 8.0, "concurrency": 4}
    config = write_config(tmp_path, teacher={"kind": "api", "api": api})
    (run / "teacher" / "teacher.json").write_text('{"kind": "api"}')
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    distinct = found["requests"]
    assert pairs * 0.9 < distinct <= pairs
    assert found["seconds"] is None
    assert 100 * distinct < found["tokens"] < 1000 * distinct
    cache = AnswerCache(run / "answers.sqlite")
    cache.add("key", Answer("E", None, 200, 1), (200, 1), 0.5, keep=True)
    cache.close()
    assert main(["label", str(config), "--runs", str(tmp_path / "runs"), "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["requests"] == distinct
    assert found["tokens"] == 201 * distinct
    assert found["money"] == pytest.approx(distinct * (200 * 2.0 + 8.0) / 1e6)
    assert found["seconds"] == pytest.approx(0.5 * distinct / 4)


def test_it_says_what_is_missing(write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(write_config(tmp_path)), "--runs", str(tmp_path / "runs"), "--dry-run"]) == 2
    assert "run the mine stage first" in " ".join(capsys.readouterr().err.split())
