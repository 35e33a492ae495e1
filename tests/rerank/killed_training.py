"""Trains the toy in child processes that are killed with SIGKILL at random moments, until one ends by itself.

Usage: killed_training.py MODEL DIRECTORY SEED AVERAGE. Prints how each attempt ended. The
interpreter is loaded once, before anything is computed; each attempt is a fork of it.
"""

import contextlib
import dataclasses
import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from training_toy import toy_groups, toy_model, weight_bytes

from rerank.train_options import TrainOptions, TrainResult
from rerank.training import train

OPTIONS = TrainOptions(
    epochs=12,
    learning_rate=3e-3,
    pairs_per_batch=8,
    group_size=4,
    accumulate=2,
    checkpoint_seconds=0.01,
    precision="float32",
    seed=3,
)


def chance(model: torch.nn.Module) -> float:
    """A validation that any changed bit changes, and that is as good as random over epochs."""
    return int.from_bytes(hashlib.sha256(weight_bytes(model)).digest()[:4]) / 2**32


def train_toy(
    model_path: Path, directory: Path, progress: Callable[[int, int], object], average: int = 1
) -> TrainResult:
    """Train with checkpoints in `directory`; what comes of it is `directory`/weights."""
    model, encoder = toy_model(model_path)
    result = train(
        model,
        encoder,
        toy_groups(weights=True),
        dataclasses.replace(OPTIONS, average=average),
        checkpoints=directory / "checkpoints",
        validate=chance,
        progress=progress,
    )
    (directory / "weights").write_bytes(repr(result).encode() + weight_bytes(model))
    return result


def report(pipe: int, done: int, _: int) -> None:
    """Tell the parent that a step is done; once it listens no longer, it is about to kill."""
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, bytes([done]))
    time.sleep(0.01)  # lets a parent on the same core run: it is to kill before the few steps are all done


def main() -> None:
    model_path, directory = Path(sys.argv[1]), Path(sys.argv[2])
    moments = random.Random(int(sys.argv[3]))
    directory.mkdir(parents=True)
    while True:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            torch.set_num_threads(1)
            train_toy(model_path, directory, partial(report, write), int(sys.argv[4]))
            os._exit(0)
        os.close(write)
        for _ in range(moments.randint(1, 8)):
            os.read(read, 1)
        os.close(read)
        time.sleep(moments.uniform(0, 0.1))  # into a step, a validation or the writing of a checkpoint
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        print("killed" if killed else f"ended {os.waitstatus_to_exitcode(status)}", flush=True)
        if not killed:
            return


if __name__ == "__main__":
    main()
