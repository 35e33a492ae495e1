"""The application in one process, on uvicorn: no Ray, quickest to start, one replica."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from eval.errors import MachineError

_BACKLOG = 2048


@contextlib.contextmanager
def serving_locally(app: FastAPI, host: str, port: int, *, drain_s: float) -> Iterator[str]:
    """Serve while the block runs, and yield the address; then finish what has begun, for at most `drain_s` seconds.

    Raises:
        MachineError: when the port is taken, or the application does not start.
    """
    with bound(host, port) as listening:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(round(drain_s), 1),
        )
        server = uvicorn.Server(config)
        # In a thread, so that signals stay the caller's and the block can end by itself.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="uvicorn")
        thread.start()
        try:
            while not server.started:
                thread.join(0.02)
                if not thread.is_alive():
                    raise MachineError("the server did not start; its log says why")
            yield address(host, listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        MachineError: when it cannot be had.
    """
    listening = None
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(_BACKLOG)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise MachineError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; stop what listens there, or take another "
            "--port (or --host)"
        ) from None
    return listening


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    shown = "127.0.0.1" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
