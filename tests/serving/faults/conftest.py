"""A run of one's own, and servers over it."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.faults.servers import Server, server

StartServer = Callable[..., Server]


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the tiny run that may be written."""
    return Path(shutil.copytree(finished_run, tmp_path / "tiny"))


@pytest.fixture
def start(run: Path, tmp_path: Path) -> Iterator[StartServer]:
    """Starts a server over `run`; keyword arguments as `server`."""
    with contextlib.ExitStack() as stack:

        def begin(**options: Any) -> Server:
            return stack.enter_context(server(run, tmp_path / "server", **options))

        yield begin
