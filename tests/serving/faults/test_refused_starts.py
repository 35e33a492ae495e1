"""A server that cannot serve says so in one line, with an exit code, before it listens."""

import shutil
import socket
from pathlib import Path

import pytest

from distilrank import main


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return " ".join(captured.err.split())


@pytest.mark.parametrize(
    "file", ["index/vectors/index.faiss", "index/vectors/vector_of_row.npy", "data/catalogue/products.arrow"]
)
def test_a_truncated_file(run: Path, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (run / file).read_bytes()
    (run / file).write_bytes(whole[: len(whole) // 2])
    assert main(["serve", str(run), "--bare", "--port", "18765", "--once", "red"]) == 3
    assert Path(file).parent.name in _said(capsys)


@pytest.mark.parametrize(
    ("missing", "message"), [("config.yaml", "is no run directory"), ("stages/measure.json", "is not finished")]
)
def test_a_run_that_is_none_or_not_finished(
    run: Path, missing: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / missing).unlink()
    assert main(["serve", str(run), "--once", "red"]) == 2
    assert message in _said(capsys)


@pytest.mark.parametrize("how", [["--bare"], []])
def test_a_port_that_is_taken(finished_run: Path, how: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", str(finished_run), *how, "--port", str(port)]) == 3
    said = _said(capsys)
    assert f"127.0.0.1:{port}" in said
    assert "another --port" in said


def test_options_that_do_not_go_together(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(finished_run), "--bare", "--replicas", "2"]) == 2
    assert "--bare is one process" in _said(capsys)
    assert main(["serve", str(finished_run), "--set", "serve.deadline=3"]) == 2
    assert "did you mean 'deadline_ms'?" in _said(capsys)


def test_a_run_whose_live_changes_cannot_be_written_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(run / "live", ignore_errors=True)
    (run / "live").write_text("in the way")
    assert main(["serve", str(run), "--bare", "--port", "18766", "--once", "red"]) == 3
    assert "live" in _said(capsys)
