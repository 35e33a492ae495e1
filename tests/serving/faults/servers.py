"""Real servers for fault tests: each a process of its own on the loopback, forked from one that has imported all."""

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rerank.types import Pair, Reranker
from serving.app import create_app
from serving.local import serving_locally
from serving.server_settings import ServerSettings
from serving.signals import until_stopped
from workflow.served.engine import open_engine, open_student

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.serving.faults.servers", "workflow.served.engine"])


class Server:
    """A started server; `fault` is a file whose text, while it is there, says how the reranker misbehaves."""

    def __init__(self, process: BaseProcess, address: str, fault: Path) -> None:
        self.process = process
        self.address = address
        self._fault = fault

    def break_reranker(self, how: str) -> None:
        """ "hang", "raise" or "slow SECONDS"; "" mends it."""
        if how:
            self._fault.write_text(how)
        else:
            self._fault.unlink(missing_ok=True)

    def search(self, query: str = "red shirt", **body: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one search."""
        return self.call("POST", "/v1/search", {"query": query, **body})

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels; 0 for none."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=30) as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Send the signal and wait; the exit code."""
        if self.process.is_alive():
            assert self.process.pid is not None
            os.kill(self.process.pid, how)
        self.process.join(20)
        return self.process.exitcode


@contextlib.contextmanager
def server(run: Path, folder: Path, *, largest_file: int | None = None, **settings: Any) -> Iterator[Server]:
    """A server over `run`; `largest_file` bytes is what any file of its may have."""
    folder.mkdir(parents=True, exist_ok=True)
    fault = folder / "fault"
    ours, theirs = _SERVER.Pipe()
    process = _SERVER.Process(target=_serve, args=(run, fault, settings, largest_file, str(folder / "said"), theirs))
    process.start()
    theirs.close()
    assert ours.poll(60), (folder / "said").read_text()
    started = Server(process, ours.recv(), fault)
    try:
        yield started
    finally:
        started.break_reranker("")
        if started.stop() is None:
            process.kill()
            process.join()


class Misbehaving:
    """The run's own student, as long as the file `fault` says nothing else."""

    def __init__(self, real: Reranker, fault: Path) -> None:
        self._real = real
        self._fault = fault

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        how = self._said()
        if how == "raise":
            raise RuntimeError("a fault of the reranker")
        if how.startswith("slow"):
            time.sleep(float(how.split()[1]))
        while self._said() == "hang":
            time.sleep(0.02)
        return self._real.score(pairs)

    def _said(self) -> str:
        try:
            return self._fault.read_text()
        except FileNotFoundError:
            return ""


def _serve(
    run: Path, fault: Path, settings: dict[str, Any], largest_file: int | None, said: str, told: Connection
) -> None:
    torch.set_num_threads(1)
    log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    chosen = ServerSettings(**{"workers": 2, "drain_s": 5, "accept_student": True} | settings)
    engine = open_engine(run, chosen, Misbehaving(open_student(run), fault))
    if largest_file is not None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, hard))
    with until_stopped(), serving_locally(create_app(engine), "127.0.0.1", 0, drain_s=chosen.drain_s) as address:
        told.send(address)
        while True:
            signal.pause()
    os._exit(0)
