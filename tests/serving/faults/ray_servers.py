"""`distilrank serve` as a user starts it, and every process that belongs to it."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from serving.ray_environment import free_ports

ROOT = Path(__file__).parents[3]
_MARK = "DISTILRANK_TEST_MARK"


class RayServer:
    """A started command; `said` is the file that holds what it prints."""

    def __init__(self, run: Path, said: Path, *options: str) -> None:
        self.said = said
        self.mark = uuid.uuid4().hex
        (port,) = free_ports(1)
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(ROOT / "distilrank.py"), "serve", str(run), "--port", str(port), *options]
        with said.open("wb") as stream:
            self.process = subprocess.Popen(
                command, stdout=stream, stderr=stream, env=os.environ | {_MARK: self.mark}, start_new_session=True
            )

    def wait_until_served(self, seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while "is served at" not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < end, self.said.read_text()
            time.sleep(0.1)

    def processes(self, named: str = "") -> list[int]:
        """Processes that the command has started, itself included, by a part of their command lines."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"{_MARK}={self.mark}".encode() in (folder / "environ").read_bytes()
                words = (folder / "cmdline").read_bytes().decode()
                dead = "\nState:\tZ" in (folder / "status").read_text()
            except OSError:
                continue
            if ours and named in words and not dead:
                found.append(int(folder.name))
        return sorted(found)

    def replicas(self) -> list[int]:
        return self.processes("ray::ServeReplica")

    def folder(self) -> Path:
        """Where this Ray keeps its files."""
        environment = Path(f"/proc/{self.replicas()[0]}/environ").read_bytes().decode().split("\0")
        name = "RAY_SERVE_HAPROXY_SOCKET_PATH="
        return Path(next(one.removeprefix(name) for one in environment if one.startswith(name))).parent

    def stop(self, how: signal.Signals = signal.SIGTERM, *, whole_group: bool = False) -> int:
        """Send the signal, as Ctrl-C does to the whole group or to the command alone, and wait; the exit code."""
        if self.process.poll() is None:
            (os.killpg if whole_group else os.kill)(self.process.pid, how)
        return self.process.wait(60)
