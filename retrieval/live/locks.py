"""A lock between the processes of a host, on a file; it ends with its holder, however that ends."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from eval.errors import MachineError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.01


class LockedError(MachineError):
    """Somebody else held the lock for longer than one was ready to wait."""


@contextlib.contextmanager
def file_lock(path: Path, *, shared: bool = False, seconds: float = 30.0) -> Iterator[None]:
    """Hold the lock `path` (flock): many at once where `shared`, else one alone, threads of this process included.

    Raises:
        LockedError: others held it for `seconds`.
        MachineError: the file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror}; give the server a directory it may write") from None
    try:
        _wait(descriptor, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, seconds)
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def _wait(descriptor: int, path: Path, kind: int, seconds: float) -> None:
    # Asked again and again, since a blocking flock knows no time limit: a stopped process that holds the lock must
    # not stop the others for good.
    limit, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= limit:
                raise LockedError(
                    f"another process holds {path} for more than {seconds:g} seconds; see whether it is stopped"
                ) from None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
