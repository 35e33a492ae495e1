"""Who may work now, who may wait, and who is told at once to come back later.

Work runs on a few threads, never on the event loop. A slot is held by the work and not by the client: one who hangs up
while queued leaves the queue, and work that has begun keeps its slot until it ends.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from serving.deadline import Deadline
from serving.metrics import Metrics
from serving.problems import ProblemError, unavailable
from serving.workers import Workers

T = TypeVar("T")


class Admission:
    """`workers` threads and at most `queue` requests waiting for them; `name` tells several apart in the metrics."""

    def __init__(self, name: str, workers: int, queue: int, metrics: Metrics) -> None:
        self._workers = Workers(workers, name)
        self._queue = queue
        self._metrics = metrics
        self._running, self._waiting = metrics.running.labels(name), metrics.waiting.labels(name)
        self._lock = threading.Lock()
        self._inside = 0
        self._closed = False
        self._mean_ms = 0.0  # of the work of one request, exponentially weighted

    async def run(self, work: Callable[[], T], deadline: Deadline) -> tuple[T, float]:
        """What `work` returns, and the milliseconds it waited since the request arrived.

        Raises:
            ProblemError: "overloaded", at once when the queue is full or would eat the deadline, and later when it did.
        """
        self._enter(deadline)
        future = self._workers.submit(lambda: self._timed(work, deadline))
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let nobody in any more; the threads end when the work before them is done."""
        with self._lock:
            self._closed = True
        self._workers.close()

    def _enter(self, deadline: Deadline) -> None:
        with self._lock:
            if self._closed:
                raise unavailable("the server is shutting down")
            ahead = self._inside - self._workers.count + 1  # places of the queue that this request needs
            wait_ms = max(ahead, 0) * self._mean_ms / self._workers.count
            left_ms = deadline.left_ms()
            reason = "full" if ahead > self._queue else None
            if reason is None and left_ms is not None and ahead > 0 and wait_ms >= left_ms:
                reason = "late"
            if reason is None:
                self._inside += 1
                self._gauges()
        if reason is not None:
            raise self._shed(reason, wait_ms)

    def _timed(self, work: Callable[[], T], deadline: Deadline) -> tuple[T, float]:
        waited_ms = deadline.elapsed_ms()
        self._metrics.queue_seconds.observe(waited_ms / 1000)
        if deadline.ms is not None and waited_ms >= deadline.ms:
            raise self._shed("expired", self._mean_ms)
        started = time.perf_counter()
        result = work()
        with self._lock:
            self._mean_ms += ((time.perf_counter() - started) * 1000 - self._mean_ms) / 8
        return result, waited_ms

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            self._gauges()

    def _gauges(self) -> None:
        self._running.set(min(self._inside, self._workers.count))
        self._waiting.set(max(self._inside - self._workers.count, 0))

    def _shed(self, reason: str, wait_ms: float) -> ProblemError:
        self._metrics.shed.labels(reason).inc()
        message = "the server is busy; try again later"
        return ProblemError("overloaded", message, retry_s=wait_ms / 1000)
