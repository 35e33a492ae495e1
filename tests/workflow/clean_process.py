"""A command in a process of its own, ready at once: forked from a server that has imported all and started nothing.

A fork of pytest itself would be as fast, and deadlocks now and then: it inherits locks that other threads hold, and it
shares tqdm's lock between processes, which a killed child never gives back.
"""

import contextlib
import multiprocessing
import os
import resource
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from distilrank import main

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.workflow.clean_process", "workflow.pipeline", "workflow.measure.measurement"])


def start(command: list[str], said: Path | str = os.devnull, largest_file: int | None = None) -> BaseProcess:
    """Start `distilrank COMMAND`; its words go to `said`, and no file of its may pass `largest_file` bytes."""
    process = _SERVER.Process(target=_run, args=(command, str(said), largest_file))
    process.start()
    return process


def _run(command: list[str], said: str, largest_file: int | None) -> None:
    torch.set_num_threads(1)
    with open(said, "w", buffering=1) as sys.stdout, contextlib.redirect_stderr(sys.stdout):
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        code = main(command)
    os._exit(code)
