"""How much time a request has left, and how many candidates can be reranked in it."""

import threading
import time
from collections.abc import Callable


class Deadline:
    """One request's deadline: `ms` after `started` (`time.perf_counter`); None or 0 for none.

    It starts when the request arrives, so that waiting in a queue counts.
    """

    def __init__(self, ms: float | None, started: float | None = None) -> None:
        self.ms = ms or None
        self.started = time.perf_counter() if started is None else started

    def elapsed_ms(self) -> float:
        """Since the request arrived."""
        return (time.perf_counter() - self.started) * 1000.0

    def left_ms(self) -> float | None:
        """Until the deadline, negative when it has passed; None without one."""
        return None if self.ms is None else self.ms - self.elapsed_ms()


class PairCost:
    """What reranking one pair costs, in milliseconds: learnt from every rerank, and told with caution.

    Mean and mean deviation are exponentially weighted and the answer is mean + 4 deviations, which is how TCP chooses
    its timeouts (RFC 6298): a steady reranker is trusted to the millisecond, an erratic one is given room.

    Without news the answer halves every `forget_s`: after a bad minute, in which nothing could be reranked and so
    nothing was measured, the reranker is tried again. One instance may be used from many threads.

    Args:
        forget_s: seconds without a measurement until half the caution is gone.
        clock: seconds, for tests.
    """

    def __init__(self, *, forget_s: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._forget_s = forget_s
        self._clock = clock
        self._lock = threading.Lock()
        self._mean: float | None = None
        self._deviation = 0.0
        self._last = 0.0

    def observe(self, pairs: int, ms: float) -> None:
        """Learn from one rerank of `pairs` pairs that took `ms`."""
        if pairs < 1:
            return
        cost = ms / pairs
        with self._lock:
            if self._mean is None:
                self._mean, self._deviation = cost, cost / 2
            else:
                self._deviation += (abs(cost - self._mean) - self._deviation) / 4
                self._mean += (cost - self._mean) / 8
            self._last = self._clock()

    def ms_per_pair(self) -> float | None:
        """A cautious estimate; None before the first measurement."""
        with self._lock:
            if self._mean is None:
                return None
            silent = max(self._clock() - self._last, 0.0)
            return (self._mean + 4 * self._deviation) * 0.5 ** (silent / self._forget_s)

    def affordable(self, window: int, left_ms: float | None, smallest: int) -> int:
        """How many of `window` candidates can be reranked in `left_ms`; 0 where it is fewer than `smallest` of them.

        All of them without a deadline, or as long as nothing has been measured and there is time at all.
        """
        if left_ms is None:
            return window
        if left_ms <= 0:
            return 0
        cost = self.ms_per_pair()
        fits = window if not cost else min(window, int(left_ms / cost))
        return fits if fits >= min(smallest, window) else 0
