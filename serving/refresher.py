"""The background thread that follows live changes, merges them when there are many, and notices a new run."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval.live.shop import RebuiltError

if TYPE_CHECKING:
    from serving.engine import SearchEngine

_log = logging.getLogger("distilrank.serving")


class Refresher:
    """Every `refresh_ms` one look at the shop's log and at `stamp`; merges and reloads run beside it, one at a time."""

    def __init__(self, engine: "SearchEngine", stamp: Callable[[], str] | None) -> None:
        self._engine = engine
        self._stamp = stamp
        self._seen = stamp() if stamp else ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._heavy: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; harmless when it runs already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="refresh", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and wait for the look it is taking to end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def look(self) -> None:
        """One look; raises nothing."""
        engine, served = self._engine, self._engine.served
        try:
            stamp = self._stamp() if self._stamp is not None else ""
            if stamp != self._seen:
                self._beside(lambda: self._reload(stamp), "reload")
            served.shop.refresh()
            view = served.shop.view()
            engine.observe_gauges()
            if served.merge is not None and view.delta_rows + view.retired >= engine.settings.merge_at:
                merge = served.merge
                self._beside(lambda: self._merge(merge), "merge")
        except RebuiltError:
            self._beside(lambda: self._reload(self._seen), "reload")
        except Exception:  # the next look may find the disk well again
            engine.metrics.refresh_failures.inc()
            _log.exception("live changes could not be read; the last good view is served")

    def _run(self) -> None:
        while not self._stop.wait(self._engine.settings.refresh_ms / 1000):
            self.look()

    def _beside(self, work: Callable[[], None], name: str) -> None:
        if self._heavy is None or not self._heavy.is_alive():
            self._heavy = threading.Thread(target=work, name=name, daemon=True)
            self._heavy.start()

    def _merge(self, merge: Callable[[], object]) -> None:
        try:
            merge()
        except Exception:
            self._engine.metrics.merges.labels("failed").inc()
            _log.exception("live changes could not be merged; they are served unmerged")
            self._stop.wait(10)  # a full disk is not made better by trying four times a second
        else:
            self._engine.metrics.merges.labels("done").inc()

    def _reload(self, stamp: str) -> None:
        try:
            self._engine.reload()
        except Exception:
            _log.exception("the new run could not be opened; the old one is served")
            self._stop.wait(10)
        else:
            self._seen = stamp
