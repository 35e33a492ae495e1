"""What one hot swap replaces: all that is served, kept open for as long as a request uses it."""

import contextlib
import logging
import threading
from collections.abc import Iterator

from serving.deadline import PairCost
from serving.problems import unavailable
from serving.served import Served

_log = logging.getLogger("distilrank.serving")


class Generation:
    """What is served, what is known of its speed, and how many requests use it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._costs: dict[str, PairCost] = {}
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    def cost(self, route: str) -> PairCost:
        """What reranking a pair costs on a route ("student", "score_table", "given": products a request brings)."""
        return self._costs.setdefault(route, PairCost())

    def enter(self) -> bool:
        """Keep it open until `leave`; False when it has been retired."""
        with self._lock:
            if not self._retired:
                self._users += 1
            return not self._retired

    def leave(self) -> None:
        """Use it no more."""
        with self._lock:
            self._users -= 1
            last = self._retired and self._users == 0
        if last:
            self._close()

    def retire(self) -> None:
        """Close it when the last request has left it."""
        with self._lock:
            self._retired = True
            last = self._users == 0
        if last:
            self._close()

    def _close(self) -> None:
        if self.served.close is not None:  # in a thread of its own: closing may wait for a reranker that hangs
            threading.Thread(target=_closed, args=(self.served,), name="close", daemon=True).start()


class Current:
    """The generation that is served now."""

    def __init__(self, generation: Generation) -> None:
        self.newest = generation

    @contextlib.contextmanager
    def held(self) -> Iterator[Generation]:
        """The newest generation, open to the end of the block whatever is swapped meanwhile.

        Raises:
            ProblemError: after `close`.
        """
        while not (generation := self.newest).enter():
            if generation is self.newest:
                raise unavailable("the server is shutting down")
        try:
            yield generation
        finally:
            generation.leave()

    def swap(self, generation: Generation) -> None:
        """Serve this one from now on; the old one ends with its last request."""
        old, self.newest = self.newest, generation
        old.retire()

    def close(self) -> None:
        """Serve nothing any more; what is served ends with its last request."""
        self.newest.retire()


def _closed(served: Served) -> None:
    try:
        assert served.close is not None
        served.close()
    except Exception:
        _log.exception("what was served before could not be closed")
