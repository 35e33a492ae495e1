"""A disk that takes no more: one clear line, exit code 3, nothing half-written; the run goes on once there is room."""

from collections.abc import Callable
from pathlib import Path

import pytest

from distilrank import main
from tests.workflow.clean_process import start

WriteConfig = Callable[..., Path]
ACCEPT = ["--accept", "teacher", "--accept", "student"]


# Each stage's first large file is bigger than this, and every file of the stages before is smaller.
@pytest.mark.parametrize(
    ("done", "stage", "size"), [(None, "prepare", 5_000), ("prepare", "encoder", 40_000), ("index", "teacher", 60_000)]
)
def test_a_full_disk_is_said_and_the_run_goes_on_later(
    write_config: WriteConfig, tmp_path: Path, done: str | None, stage: str, size: int
) -> None:
    config, runs = str(write_config(tmp_path)), str(tmp_path / "runs")
    if done is not None:
        assert main([done, config, "--runs", runs]) == 0
    process = start([stage, config, "--runs", runs], tmp_path / "said", largest_file=size)
    process.join()
    said = (tmp_path / "said").read_text()
    assert process.exitcode == 3, said
    assert "Traceback" not in said
    assert "cannot write" in " ".join(said.split())
    assert not (tmp_path / "runs" / "tiny" / "stages" / f"{stage}.json").exists()
    assert main([stage, config, "--runs", runs]) == 0
    assert (tmp_path / "runs" / "tiny" / "stages" / f"{stage}.json").exists()
