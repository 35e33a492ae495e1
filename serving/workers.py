"""Threads that do the heavy work: daemons, so that one that hangs does not keep the process from ending."""

import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class _Job(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.context = contextvars.copy_context()  # a trace's span stays the parent of what the thread does
        self.future: Future[T] = Future()

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.context.run(self.work)
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Workers:
    """`count` threads and a queue before them; whoever submits bounds the queue."""

    def __init__(self, count: int, name: str) -> None:
        self.count = count
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run `work` when a thread is free; cancelling the future before then takes it out."""
        job = _Job(work)
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Let the threads end, each when its work is done."""
        for _ in range(self.count):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            del job  # a request's objects do not outlive it while the thread waits for the next


class Ages:
    """How long things have been going on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[object, float] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """One more thing goes on during the block."""
        key = object()
        with self._lock:
            self._begun[key] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._begun[key]

    def nth(self, place: int) -> float:
        """Age in seconds of the `place`-th oldest (from 1); 0 where there are fewer."""
        with self._lock:
            begun = sorted(self._begun.values())
        return time.monotonic() - begun[place - 1] if len(begun) >= place else 0.0


class LateError(Exception):
    """The work was not done in time; it may still be running."""


class StuckError(Exception):
    """Every worker is busy with work that nobody waits for any more."""


class BoundedWorkers:
    """`Workers` whose callers wait only so long; what comes too late runs on, and is counted as long as it does."""

    def __init__(self, count: int, name: str) -> None:
        self._workers = Workers(count, name)
        self._lock = threading.Lock()
        self._late: dict[int, float] = {}  # abandoned jobs by number: since when
        self._number = 0
        self._closed = False

    def run(self, work: Callable[[], T], timeout_s: float) -> T:
        """What `work` returns or raises.

        Raises:
            LateError: when it has not within `timeout_s`.
            StuckError: at once, when every worker is busy with what came too late, or after `close`.
        """
        with self._lock:
            if self._closed or len(self._late) >= self._workers.count:
                raise StuckError
        future = self._workers.submit(work)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            if future.done() and not future.cancelled():
                return future.result()  # done at the last moment, or the work itself raised this
        if not future.cancel():
            self._abandon(future)
        raise LateError

    def late(self) -> int:
        """Workers busy with work that nobody waits for any more."""
        with self._lock:
            return len(self._late)

    def stuck_s(self) -> float:
        """Since when, in seconds, all workers have been so; 0 when one is not."""
        with self._lock:
            all_late = len(self._late) >= self._workers.count
            return time.monotonic() - max(self._late.values()) if all_late else 0.0

    def close(self) -> None:
        """Let the threads end, each when its work is done."""
        with self._lock:
            self._closed = True
        self._workers.close()

    def _abandon(self, future: Future) -> None:
        with self._lock:
            self._number += 1
            number = self._number
            self._late[number] = time.monotonic()
        future.add_done_callback(lambda _: self._back(number))

    def _back(self, number: int) -> None:
        with self._lock:
            self._late.pop(number, None)
