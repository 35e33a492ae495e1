"""Ctrl-C and SIGTERM, for a process that has more processes to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Raised in the main thread by the first Ctrl-C or SIGTERM, wherever it is."""


def listen() -> None:
    """Raise `Stopped` at the next Ctrl-C or SIGTERM, and from then on ignore both: stopping is not interrupted."""

    def stop(number: int, _: FrameType | None) -> None:
        for each in STOPPING:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for each in STOPPING:
        signal.signal(each, stop)


@contextmanager
def until_stopped() -> Iterator[None]:
    """The block ends where `Stopped` is raised; afterwards the signals do what they did before."""
    before = {each: signal.getsignal(each) for each in STOPPING}
    listen()
    try:
        yield
    except Stopped:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
