"""Rounds: the student chooses what is labelled next; nothing is labelled twice, and a stopped round goes on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from augment.guard import LeakGuard
from distilrank import main
from eval.files import read_json
from workflow.report.facts import round_lines
from workflow.run.prepared import load_prepared

WriteConfig = Callable[..., Path]


def rows(folder: Path) -> list[tuple[str, str]]:
    tables = [pq.read_table(shard) for shard in sorted(folder.glob("shard-*.parquet"))]
    return [(row["query_id"], row["product_id"]) for table in tables for row in table.to_pylist()]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("shard-*.parquet"))}


@pytest.fixture(scope="module")
def two_rounds(finished_run: Path, write_config: WriteConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that was given a second round, up to its student."""
    root = tmp_path_factory.mktemp("rounds")
    shutil.copytree(finished_run, root / "runs" / "tiny")
    assert main(command(write_config, root)) == 0
    return root / "runs" / "tiny"


def command(write_config: WriteConfig, root: Path, *more: str) -> list[str]:
    runs = ["--runs", str(root / "runs")]
    return ["student", str(write_config(root)), *runs, "--accept", "teacher", "--set", "rounds=2", *more]


def test_a_second_round_labels_other_queries_once_and_no_held_out_one(two_rounds: Path) -> None:
    first, second = rows(two_rounds / "pairs"), rows(two_rounds / "rounds" / "2" / "pairs")
    assert len(second) == len(set(second)) == len(first)
    assert not {query for query, _ in first} & {query for query, _ in second}
    assert rows(two_rounds / "rounds" / "2" / "journal") == second
    prepared = load_prepared(two_rounds / "data")
    guard = LeakGuard(prepared.queries[i] for i, split in prepared.splits.items() if split != "train")
    table = pq.read_table(two_rounds / "rounds" / "2" / "pairs" / "queries.parquet")
    assert all(guard.check(text) is None for text in table["query"].to_pylist())
    assert "by difficulty" in read_json(two_rounds / "rounds" / "2" / "pairs" / "manifest.json")["strata"]


def test_the_student_learns_all_rounds_and_the_records_say_what_each_bought(two_rounds: Path) -> None:
    chooser = read_json(two_rounds / "rounds" / "2" / "student" / "student.json")["training"]
    student = read_json(two_rounds / "student" / "student.json")["training"]
    assert student["pairs"] == 2 * chooser["pairs"] == 2 * len(rows(two_rounds / "pairs"))
    before = read_json(two_rounds / "stages" / "round-2.json")["facts"]["after round 1"]
    after = read_json(two_rounds / "stages" / "student.json")["facts"]["after round 2"]
    assert set(before) == {"nDCG@10"}
    assert after["bought"]["mean"] == pytest.approx(after["nDCG@10"]["mean"] - before["nDCG@10"]["mean"])
    assert after["bought"]["low"] <= after["bought"]["mean"] <= after["bought"]["high"]


def test_the_report_says_what_each_round_bought(two_rounds: Path) -> None:
    facts = {name: read_json(two_rounds / "stages" / f"{name}.json")["facts"] for name in ("round-2", "student")}
    (first, before), (second, after) = round_lines(facts)
    assert (first, second) == ("Round 1", "Round 2")
    assert before.startswith("nDCG@10 0.")
    assert "on 6 dev queries, judged-only." in before
    assert after.startswith(f"{len(rows(two_rounds / 'pairs')):,} pairs more")
    assert "the round bought" in after
    assert round_lines({"student": {}}) == []


def test_what_is_done_is_not_done_again(
    two_rounds: Path, write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(write_config, two_rounds.parents[1])) == 0
    assert capsys.readouterr().out.count("up to date") == 8


def test_a_round_that_was_stopped_ends_with_the_same_labels(
    two_rounds: Path, finished_run: Path, write_config: WriteConfig, tmp_path: Path
) -> None:
    shutil.copytree(finished_run, tmp_path / "runs" / "tiny")
    for _ in range(2):  # a budget of no time: a step of training, or a shard, at most
        assert main(command(write_config, tmp_path, "--set", "budget_minutes.round=0.00001")) == 5
    assert main(command(write_config, tmp_path)) == 0
    round_two = Path("rounds") / "2"
    for folder in (round_two / "pairs", round_two / "journal"):
        assert bytes_of(tmp_path / "runs" / "tiny" / folder) == bytes_of(two_rounds / folder)
    weights = [run / "student" / "model.safetensors" for run in (tmp_path / "runs" / "tiny", two_rounds)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
