"""A run killed with SIGKILL at random moments ends, after restarts, with the artefacts of an undisturbed one."""

import random
from collections.abc import Callable
from pathlib import Path

from tests.workflow.clean_process import start

WriteConfig = Callable[..., Path]
ACCEPT = ["--accept", "teacher", "--accept", "student"]
STAGES = ("prepare", "encoder", "index", "teacher", "mine", "label", "student", "measure")


def _attempt(command: list[str], seconds: float) -> bool:
    """Run, and kill after `seconds`; True when the run ended by itself before that."""
    process = start(command)
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        return False
    assert process.exitcode == 0
    return True


def _artefacts(run: Path) -> dict[str, bytes]:
    """Every artefact's bytes but for what tells the time: records, manifest, report page, lines with milliseconds."""
    timed = {"manifest.json", "metrics.json", "table.txt", "report.html", ".lock"}
    return {
        path.relative_to(run).as_posix(): b"".join(
            line for line in path.read_bytes().splitlines(keepends=True) if b" ms (median)" not in line
        )
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.relative_to(run).parts[0] != "stages" and path.name not in timed
    }


def test_sigkill_at_random_moments_of_each_stage_changes_nothing(
    write_config: WriteConfig, finished_run: Path, tmp_path: Path
) -> None:
    moments = random.Random(11)
    config = str(write_config(tmp_path))
    kills = 0
    for stage in STAGES:
        accept = ACCEPT if stage in ("label", "student", "measure") else []
        command = [stage if stage != "measure" else "run", config, "--runs", str(tmp_path / "runs"), *accept]
        for _ in range(4):  # the first moments of a stage, then ever later ones
            if _attempt(command, moments.uniform(0.02, 0.6)):
                break
            kills += 1
        else:
            assert _attempt(command, 120.0)
    assert kills >= len(STAGES)
    undisturbed, disturbed = _artefacts(finished_run), _artefacts(tmp_path / "runs" / "tiny")
    assert disturbed.keys() == undisturbed.keys()
    assert [name for name in undisturbed if disturbed[name] != undisturbed[name]] == []
