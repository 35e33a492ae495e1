"""Labelling and encoding over two Ray workers, one of which is killed: the same files as without Ray."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from distilrank import main

WriteConfig = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def _workers(mark: str) -> list[int]:
    """Processes of our own Ray that label."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = mark.encode() in (process / "environ").read_bytes()
            if ours and b"MapWorker" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def _files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}


@pytest.mark.slow
@pytest.mark.skipif("DISTILRANK_RAY" not in os.environ, reason="starts a Ray cluster; DISTILRANK_RAY=1 runs it")
def test_a_killed_worker_changes_no_byte(write_config: WriteConfig, tmp_path: Path) -> None:
    pytest.importorskip("ray.data")
    config = write_config(tmp_path, label={"shard_pairs": 8})
    command = ["label", str(config), "--runs", str(tmp_path / "runs"), "--accept", "teacher"]
    assert main(command) == 0
    run = tmp_path / "runs" / "tiny"
    alone = _files(run / "journal")
    assert len(alone) > 20
    shutil.move(run / "journal", tmp_path / "alone")
    (run / "stages" / "label.json").unlink()
    vectors = np.load(run / "index" / "embeddings" / "embeddings.npy").copy()
    shutil.rmtree(run / "index")
    (run / "stages" / "index.json").unlink()

    mark = uuid.uuid4().hex
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DISTILRANK_TEST": mark,
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    spread = [sys.executable, str(ROOT / "distilrank.py"), *command, "--set", "ray.address=local"]
    with subprocess.Popen(
        spread, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        killed: list[int] = []
        deadline = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline:
            written = len(list((run / "journal").glob("shard-*"))) if (run / "journal").exists() else 0
            if written >= 2 and not killed and (workers := _workers(mark)):
                killed.append(workers[0])
                os.kill(workers[0], signal.SIGKILL)
            time.sleep(0.05)
        process.kill()
        said = process.stdout.read() if process.stdout else ""
    assert process.returncode == 0, said
    assert killed, said
    assert _files(run / "journal") == alone
    np.testing.assert_allclose(np.load(run / "index" / "embeddings" / "embeddings.npy"), vectors, atol=1e-6)
