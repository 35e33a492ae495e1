"""`distilrank compare` and `distilrank reconcile`, as they are typed."""

import json
from pathlib import Path

import numpy as np
import pytest

from distilrank import main
from eval.trec import Qrels, Run, write_qrels, write_run

GRADES = (100, 10, 1, 0, 0, 0)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """160 queries, 40 of them with a number; run b ranks these clearly worse, all others a little better."""
    generator = np.random.default_rng(4)
    qrels: Qrels = {}
    runs: dict[str, Run] = {"a": {}, "b": {}, "same": {}}
    lines = ["query_id,query"]
    for number in range(160):
        query, numbered = f"q{number}", number % 4 == 0
        lines.append(f"{query},{'shelf 80 cm' if numbered else 'red shoe'}")
        qrels[query] = {f"p{place}": gain for place, gain in enumerate(GRADES)}
        quality = np.array([5.0, 4, 3, 2, 1, 0])
        for name, noise in (("a", 2.0), ("b", 5.0 if numbered else 1.2), ("same", 2.0)):
            scores = quality + generator.normal(0, noise, len(GRADES))
            runs[name][query] = {f"p{place}": float(score) for place, score in enumerate(scores)}
    write_qrels(qrels, tmp_path / "qrels")
    for name, run in runs.items():
        write_run(run, tmp_path / f"{name}.run", name)
    (tmp_path / "queries.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def _command(files: Path, other: str, *more: str) -> list[str]:
    judged = ["--qrels", str(files / "qrels"), "--queries", str(files / "queries.csv")]
    return ["compare", str(files / "a.run"), str(files / f"{other}.run"), *judged, "--fail-if-worse", *more]


def test_a_regression_planted_in_one_segment_fails_and_is_named(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_command(files, "b")) == 7
    said = capsys.readouterr().out
    assert "B is worse in" in said
    assert "numbers: holds a number" in said.split("B is worse in")[1]
    assert "all queries" not in said.split("B is worse in")[1]
    assert main(_command(files, "b", "--json")) == 7
    found = json.loads(capsys.readouterr().out)
    assert {"system": "run", "segment": "numbers: holds a number"} in found["worse"]
    assert found["queries"] == 160
    assert main([word for word in _command(files, "b") if word != "--fail-if-worse"]) == 0  # only said, not failed


def test_an_equal_run_passes_and_a_margin_forgives(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_command(files, "same")) == 0
    assert "not shown to be worse anywhere" in capsys.readouterr().out
    assert main(_command(files, "b", "--margin", "0.5")) == 0


def test_run_directories_are_compared_on_their_test_queries(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", str(finished_run), str(finished_run), "--fail-if-worse", "--json"]
    assert main([*command, "--system", "student", "--system", "hybrid"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["queries"] == 8  # those of the test split; dev chose the blend
    assert {row["system"] for row in found["rows"]} == {"student", "hybrid"}
    assert all(row["difference"]["mean"] == 0 for row in found["rows"])
    # All queries are tested however few they are: what CI asked must be answered.
    assert {row["p_holm"] for row in found["rows"] if row["segment"] == "all queries"} == {1.0}
    assert main([*command, "--mode", "full"]) == 0
    assert {row["system"] for row in json.loads(capsys.readouterr().out)["rows"]} == {"student, blended"}


def test_what_cannot_be_compared_is_one_line(
    files: Path, finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(files / "a.run"), str(files / "b.run")]) == 2
    assert "--qrels" in capsys.readouterr().err
    assert main(["compare", str(finished_run), str(finished_run), "--system", "studnet"]) == 2
    assert "it has bm25" in " ".join(capsys.readouterr().err.split())
    assert main(["compare", str(files), str(finished_run)]) == 2
    assert "no run directory" in " ".join(capsys.readouterr().err.split())
    assert main(_command(files, "b", "--alpha", "0")) == 2


def test_reconcile_prints_each_tool_with_its_reasons(
    files: Path, finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reconcile", str(files / "a.run"), "--qrels", str(files / "qrels"), "--cutoff", "3"]) == 0
    said = capsys.readouterr().out
    assert "distilrank, nDCG@3" in said
    assert "gains of S and C exchanged" in said
    assert main(["reconcile", str(finished_run), "--mode", "judged-only", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["student, blended"]
    assert main(["compare", str(finished_run), str(finished_run), "--json"]) == 0
    assert rows[0]["value"] == pytest.approx(json.loads(capsys.readouterr().out)["rows"][0]["a"])
    for row in rows:
        assert row["value"] - rows[0]["value"] == pytest.approx(sum(step["size"] for step in row["steps"]))
