"""What operators watch, in Prometheus' form, on a registry of its own.

Where several processes serve one port (replicas behind Ray Serve), set PROMETHEUS_MULTIPROC_DIR before the start: each
process then writes its counts to files there, and `render` answers those of all of them.
"""

import os
import time
from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from serving.served import Served, View

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
Mode = Literal["livesum", "livemax", "livemin", "livemostrecent"]
"""Which of several processes' values a gauge shows."""
_COUNTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000)


class Metrics:
    """All metrics of one application; safe from any thread."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry

        def gauge(name: str, text: str, mode: Mode, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"distilrank_{name}", text, labels, registry=registry, multiprocess_mode=mode)

        def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"distilrank_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
            return Histogram(f"distilrank_{name}", text, labels, registry=registry, buckets=buckets)

        self.requests = counter("requests", "Requests answered.", ("route", "status"))
        self.request_seconds = histogram("request_seconds", "Arrival to answer.", _SECONDS, ("route",))
        self.queue_seconds = histogram("queue_seconds", "Arrival to the start of the work.", _SECONDS)
        self.stage_seconds = histogram("stage_seconds", "Stages of a search.", _SECONDS, ("stage",))
        self.window = histogram("window", "Candidates reranked in a search.", _COUNTS)
        self.rerank_pairs = histogram("rerank_pairs", "Documents of a call to a rerank route.", _COUNTS)
        self.degraded = counter("degraded", "Searches answered in first-stage order for want of a rerank.", ("reason",))
        self.proxied = counter("proxied", "Searches proxied to a cluster.", ("outcome", "reason"))
        self.shed = counter("shed", "Requests refused for want of time or room.", ("reason",))
        self.disconnects = counter("disconnects", "Clients that left before their answer.")
        self.reloads = counter("reloads", "Changes to a new index or student.", ("outcome",))
        self.refresh_failures = counter("refresh_failures", "Refreshes of live changes that failed.")
        self.merges = counter("merges", "Merges of live changes into the index.", ("outcome",))
        self.running = gauge("running", "Requests being worked on.", "livesum", ("work",))
        self.waiting = gauge("waiting", "Requests waiting for a worker.", "livesum", ("work",))
        self.late_rerankers = gauge("late_rerankers", "Rerank workers that nobody waits for any more.", "livesum")
        self.pair_ms = gauge("rerank_pair_milliseconds", "Cautious estimate for one pair.", "livemax")
        self.products = gauge("index_products", "Products that can be found.", "livemostrecent")
        self.index_age = gauge("index_age_seconds", "Since the index was built.", "livemostrecent")
        self.live_version = gauge("live_version", "Last live change that is searched.", "livemin")
        self.live_rows = gauge("live_rows", "Rows that live changes added or retired.", "livemostrecent", ("kind",))
        self.info = gauge("info", "What is served, by version.", "livemostrecent", ("index", "student", "config"))
        self._versions: tuple[str, str, str] | None = None

    def searched(self, timings_ms: Mapping[str, float], window: int, degraded: str | None) -> None:
        """Count one search."""
        for stage, ms in timings_ms.items():
            self.stage_seconds.labels(stage).observe(ms / 1000)
        self.window.observe(window)
        if degraded is not None:
            self.degraded.labels(degraded).inc()

    def reranked(self, pairs: int) -> None:
        """Count one call to a rerank route."""
        self.rerank_pairs.observe(pairs)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer; `route` is the template of its path, never the path itself."""
        self.requests.labels(route, str(status)).inc()
        self.request_seconds.labels(route).observe(seconds)

    def observe(self, served: Served, view: View, *, late: int, ms_per_pair: float | None) -> None:
        """Set the gauges to what is served now."""
        self.late_rerankers.set(late)
        self.pair_ms.set(ms_per_pair or 0.0)
        self.products.set(view.products)
        self.live_version.set(view.version)
        self.live_rows.labels("delta").set(view.delta_rows)
        self.live_rows.labels("retired").set(view.retired)
        if served.built is not None:
            self.index_age.set(time.time() - served.built)
        versions = (served.versions.index, served.versions.student, served.versions.config)
        if self._versions not in (None, versions):
            self.info.labels(*self._versions).set(0)  # not removed: other processes' files would keep it at 1
        self._versions = versions
        self.info.labels(*versions).set(1)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        everyone = CollectorRegistry()
        multiprocess.MultiProcessCollector(everyone)
        return generate_latest(everyone)
