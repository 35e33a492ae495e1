"""A Ray of its own for one server: started for it, and stopped with it, to the last process and file."""

import contextlib
import logging
import os
import re
import shutil
import signal
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.errors import MachineError
from serving import ray_environment
from serving.local import address, bound
from serving.server_settings import ServerSettings
from serving.signals import listen

if TYPE_CHECKING:
    from ray import serve

LOG = "DISTILRANK_LOG"
"""Environment variable: the file that replicas write their log lines to; without it, Ray's own logs have them."""

_NAME, _LOG = "distilrank", "log"
_END = b"\0"
_OBJECTS = 80 * 2**20
"""Bytes of Ray's object store, of which a server needs nothing: as few as Ray allows."""
_ANSWERS_S = 20.0
_REASON = re.compile(r"(?:eval\.errors\.)?(?:Machine|Input)Error: (.+)")


@contextlib.contextmanager
def serving_on_ray(
    settings: ServerSettings, application: Callable[[dict[str, str]], "serve.Application"]
) -> Iterator[str]:
    """Serve while the block runs, and yield the address; then stop replicas, proxy and Ray.

    Args:
        application: makes what is served, given more environment variables for its replicas; called once Ray can be
            imported.

    Raises:
        MachineError: when the port is taken, Ray is not installed or does not start, or the replicas do not.
    """
    bound(settings.host, settings.port).close()  # seen now, not after ten seconds
    folder = Path(tempfile.mkdtemp(prefix="distil-", dir="/tmp"))
    try:
        ray_environment.prepare(folder)
        with relayed(folder / _LOG):
            yield from _running(settings, application, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _running(
    settings: ServerSettings, application: Callable[[dict[str, str]], "serve.Application"], folder: Path
) -> Iterator[str]:
    try:
        import ray
        from ray import serve
        from ray.serve.config import HTTPOptions
    except ImportError:
        raise MachineError(
            "Ray Serve is not installed; run: pip install 'distilrank[serve]' (or serve with --bare)"
        ) from None
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        ray.init(
            address="local",
            num_cpus=_cpus(settings),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=_OBJECTS,
            _temp_dir=str(folder),
        )
        listen()  # Ray has taken SIGTERM for itself
        options = HTTPOptions(host=settings.host, port=settings.port, request_timeout_s=settings.request_timeout_s)
        serve.start(http_options=options)
        try:
            serve.run(application(_environment(settings, folder)), name=_NAME, route_prefix="/")
        except RuntimeError as error:
            raise _refusal(serve, error) from None
        place = address(settings.host, settings.port)
        _wait_for_answer(place)
        yield place
    finally:
        _close_the_door(folder, settings.drain_s)
        with _silence(), contextlib.suppress(Exception):
            serve.shutdown()
        with _silence():
            ray.shutdown()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Ray's parting words (of a controller that was killed while it shut down, say) would only alarm."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


@contextlib.contextmanager
def relayed(path: Path) -> Iterator[None]:
    """While the block runs, copy to standard error what any process writes to the pipe at `path`."""
    os.mkfifo(path, 0o600)
    pipe = os.open(path, os.O_RDWR)  # with a writer of its own it never ends

    def copy() -> None:
        some = b""
        while not some.endswith(_END):
            some = os.read(pipe, 65536)
            with contextlib.suppress(OSError):  # whoever read our standard error has gone
                os.write(2, some.removesuffix(_END))

    thread = threading.Thread(target=copy, name="log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(pipe, _END)
        thread.join(1)
        os.close(pipe)


def _cpus(settings: ServerSettings) -> int:
    """CPUs that Ray may reserve: for as many replicas as are wanted, whatever the machine has."""
    replicas = settings.most_replicas + (settings.reranker_replicas if settings.split_reranker else 0)
    return replicas * (settings.threads or 1)


def _environment(settings: ServerSettings, folder: Path) -> dict[str, str]:
    """What replicas of this machine share: the server's log, and the files that their metrics are added up from."""
    found = {LOG: str(folder / _LOG)}
    if settings.most_replicas > 1:
        metrics = folder / "metrics"
        metrics.mkdir()
        found["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    return found


def _close_the_door(folder: Path, drain_s: float) -> None:
    """Have the proxy take no new connection and finish the requests it has, before the replicas go."""
    end = time.monotonic() + drain_s
    found = [process for process in map(_Process, Path("/proc").glob("[0-9]*")) if process.runs(folder / "proxy")]
    for process in found:
        process.signal(signal.SIGUSR1)
    while any(process.runs(folder / "proxy") for process in found) and time.monotonic() < end:
        time.sleep(0.02)


class _Process:
    """A process, by its folder in /proc."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runs(self, file: Path) -> bool:
        """Whether it is HAProxy with a configuration below `file`."""
        try:
            words = (self._folder / "cmdline").read_bytes()
        except OSError:
            return False
        return b"haproxy\0" in words and os.fsencode(file) in words

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(self._folder.name), number)


def _refusal(serve: Any, error: RuntimeError) -> MachineError:
    """Why the replicas do not start, in one line."""
    status = serve.status().applications.get(_NAME)
    told = [str(error)] if status is None else [one.message for one in status.deployments.values()]
    found = next((match for text in told if (match := _REASON.search(text))), None)
    reason = found[1] if found else " ".join(" ".join(told).split())[-400:]
    return MachineError(f"the server's replicas do not start: {reason}")


def _wait_for_answer(place: str) -> None:
    """Return once the proxy leads to a replica.

    Raises:
        MachineError: when it does not after a while.
    """
    end = time.monotonic() + _ANSWERS_S
    while True:
        try:
            with urllib.request.urlopen(f"{place}/health/live", timeout=2):
                return
        except OSError as error:
            if time.monotonic() > end:
                raise MachineError(f"the server has started but does not answer ({error}); see its log") from None
            time.sleep(0.05)
