"""Mining, labelling and retrying in processes killed with SIGKILL, then run again: byte-identical in the end."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from augment_toy import WordTeacher, toy_label, toy_mine

from augment.pairs import Pairs

SCRIPT = Path(__file__).with_name("augment_toy.py")
KILLS = int(os.environ.get("DISTILRANK_KILLS", "4"))
"""How often labelling is killed; DISTILRANK_KILLS=20 is the long form."""
SHARDS = 13  # of the toy journal


def contents(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def start(*arguments: object) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def run_and_kill(generator: random.Random, *arguments: object, last: int = 4) -> None:
    """Kill the process a random moment after a random one of its lines of progress, the `last` at the latest."""
    with start(*arguments) as process:
        for _ in range(generator.randint(1, last)):
            process.stdout.readline()
        time.sleep(generator.uniform(0, 0.012))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def finish(*arguments: object) -> None:
    with start(*arguments) as process:
        process.stdout.read()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """What undisturbed work leaves, by stage."""
    root = tmp_path_factory.mktemp("whole")
    left = {}
    toy_mine(root / "pairs")
    left["mine"] = contents(root)
    toy_label(root, WordTeacher())
    left["label"] = contents(root)
    toy_label(root, WordTeacher(mended=True), retry=True)
    left["retry"] = contents(root)
    assert left["label"] != left["retry"]
    return left


def prepare(root: Path, stage: str) -> None:
    if stage != "mine":
        toy_mine(root / "pairs")
    if stage == "retry":
        toy_label(root, WordTeacher())


@pytest.mark.parametrize("stage", ["mine", "label", "retry"])
def test_killed_at_random_moments(tmp_path: Path, whole: dict[str, dict[str, bytes]], stage: str) -> None:
    prepare(tmp_path, stage)
    generator = random.Random(stage)
    for _ in range(2):
        run_and_kill(generator, stage, tmp_path)
    finish(stage, tmp_path)
    assert contents(tmp_path) == whole[stage]


def test_labelling_killed_again_and_again(tmp_path: Path, whole: dict[str, dict[str, bytes]]) -> None:
    """A kill falls anywhere between the start of what is left to label and its end."""
    prepare(tmp_path, "label")
    generator = random.Random(20)
    left: list[int] = []
    for _ in range(KILLS):
        done = len(list((tmp_path / "journal").glob("shard-*")))
        if done > SHARDS - 3:  # too little is left to be interrupted: begin anew
            shutil.rmtree(tmp_path / "journal")
            done = 0
        left.append(SHARDS - done)
        run_and_kill(generator, "label", tmp_path, last=min(4, SHARDS - done - 2))
    finish("label", tmp_path)
    assert contents(tmp_path) == whole["label"]
    assert min(left) < max(left)


@pytest.mark.parametrize(
    ("stage", "replace", "when"),
    [
        ("mine", 1, "before"),
        ("mine", 3, "after"),
        ("mine", 6, "before"),
        ("label", 1, "before"),
        ("label", 4, "before"),
        ("label", 4, "after"),
        ("retry", 2, "before"),
    ],
)
def test_killed_around_a_rename(
    tmp_path: Path, whole: dict[str, dict[str, bytes]], stage: str, replace: int, when: str
) -> None:
    prepare(tmp_path, stage)
    with start(stage, tmp_path, replace, when) as process:
        process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    if when == "before":
        assert list(tmp_path.rglob(".*.tmp")), "the kill was meant to leave an unfinished file behind"
    if stage == "mine":
        toy_mine(tmp_path / "pairs")
    else:
        toy_label(tmp_path, WordTeacher(mended=stage == "retry"), retry=stage == "retry")
    assert contents(tmp_path) == whole[stage]


def test_after_a_kill_no_pair_is_asked_twice_or_left_out(tmp_path: Path) -> None:
    toy_mine(tmp_path / "pairs")
    with start("label", tmp_path, 5, "after") as process:
        process.stdout.read()
    written = sum(pq.read_metadata(file).num_rows for file in (tmp_path / "journal").glob("shard-*.parquet"))
    teacher = WordTeacher()
    toy_label(tmp_path, teacher)
    pairs = list(Pairs(tmp_path / "pairs"))
    assert written == 4 * 23
    assert teacher.asked == [(row.query_id, row.product_id) for row in pairs[written:]]
