"""The command line: every user's mistake ends in one clear line and its documented exit code, and loses nothing."""

import json
from pathlib import Path

import pytest

from distilrank import main
from eval.trec import write_qrels, write_run


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


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
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
