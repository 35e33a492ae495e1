"""A disk that takes no more: one clear line, exit code 3, nothing half-written; the run goes on once there is room."""

import contextlib
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from distilrank import main

WriteConfig = Callable[..., Path]
ACCEPT = ["--accept", "teacher", "--accept", "student"]


def _with_files_of_at_most(size: int, command: list[str], said: Path) -> int:
    """The exit code of the command in a fork that cannot write a file beyond `size` bytes; its words go to `said`."""
    child = os.fork()
    if child == 0:
        try:
            torch.set_num_threads(1)
            with said.open("w", buffering=1) as sys.stdout, contextlib.redirect_stderr(sys.stdout):
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
                os._exit(main(command))
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# Each stage's first large file is bigger than this, and every file of the stages before is smaller.
@pytest.mark.parametrize(
    ("done", "stage", "size"), [(None, "prepare", 5_000), ("prepare", "index", 40_000), ("index", "teacher", 60_000)]
)
def test_a_full_disk_is_said_and_the_run_goes_on_later(
    write_config: WriteConfig, tmp_path: Path, done: str | None, stage: str, size: int
) -> None:
    config, runs = str(write_config(tmp_path)), str(tmp_path / "runs")
    if done is not None:
        assert main([done, config, "--runs", runs]) == 0
    code = _with_files_of_at_most(size, [stage, config, "--runs", runs], tmp_path / "said")
    said = (tmp_path / "said").read_text()
    assert code == 3, said
    assert "Traceback" not in said
    assert "cannot write" in " ".join(said.split())
    assert not (tmp_path / "runs" / "tiny" / "stages" / f"{stage}.json").exists()
    assert main([stage, config, "--runs", runs]) == 0
    assert (tmp_path / "runs" / "tiny" / "stages" / f"{stage}.json").exists()
