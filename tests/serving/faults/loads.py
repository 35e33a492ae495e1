"""Searches that go on in the background while something bad happens."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from serving.loadtest import Load, LoadReport, run_load

QUERIES = ["red shirt", "blue shoe without logo", "steel bottle", "wooden desk lamp", "phone case", "leather boot"]


def measured(address: str, **load: object) -> LoadReport:
    """A load, to its end."""
    return asyncio.run(run_load(address, QUERIES, Load(**load)))  # type: ignore[arg-type]


@contextlib.contextmanager
def under_load(address: str, **load: object) -> Iterator[LoadReport]:
    """A load while the block runs and until its seconds are over; the report is complete after the block."""
    report = LoadReport()

    def work() -> None:
        report.__dict__.update(measured(address, **load).__dict__)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield report
    finally:
        thread.join()
