"""A load test of `/v1/search`: how fast, and what happens when there is more than it can take.

Open loop: searches arrive at a given rate as a Poisson process, whether or not earlier ones were answered, and a
latency counts from when the search was due. A generator that waits for answers asks less of a slow server and so hides
what users wait (coordinated omission). Closed loop: N clients, each asking again as soon as it is answered, for
throughput and for latency at a fixed concurrency.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np

SHED = (429, 503)
"""Statuses by which a server refuses work it has no room for."""


@dataclass(frozen=True)
class Load:
    """What is asked of the server; exactly one of `rate` (searches a second) and `clients` is set.

    `body` is added to each request's {"query": …}; `timeout` is when the client gives up, in seconds;
    `fresh_connections` opens a connection for each search instead of keeping them.
    """

    seconds: float
    rate: float | None = None
    clients: int | None = None
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    fresh_connections: bool = False
    seed: int = 7


@dataclass
class LoadReport:
    """What came back. Latencies are milliseconds of answered searches (status 200)."""

    sent: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    """Answers by status; where there was none, by what went wrong ("timeout", "disconnected", "refused")."""
    degraded: Counter[str] = field(default_factory=Counter)
    """Degraded answers by reason."""
    refused_latencies: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    """Refusals (429, 503) that do not say when to come again."""
    stages: dict[str, list[float]] = field(default_factory=dict)
    """The server's own milliseconds by stage."""
    lateness: list[float] = field(default_factory=list)
    """Milliseconds by which the generator itself was late to send: where these are not small, it is the bottleneck."""

    @property
    def answered(self) -> int:
        return self.statuses["200"]

    @property
    def shed(self) -> int:
        return sum(self.statuses[str(status)] for status in SHED)

    @property
    def failed(self) -> int:
        """Neither answered nor cleanly refused."""
        return self.sent - self.answered - self.shed

    def to_json(self) -> dict[str, Any]:
        """Counts and percentiles."""
        return {
            "sent": self.sent,
            "seconds": round(self.seconds, 2),
            "answered": self.answered,
            "answered_per_second": round(self.answered / self.seconds, 1) if self.seconds else 0.0,
            "latency_ms": percentiles(self.latencies),
            "statuses": dict(sorted(self.statuses.items())),
            "degraded": sum(self.degraded.values()),
            "degraded_reasons": dict(self.degraded),
            "shed": self.shed,
            "shed_latency_ms": percentiles(self.refused_latencies),
            "shed_without_retry_after": self.without_retry_after,
            "failed": self.failed,
            "server_ms_p50": {name: round(float(np.median(found)), 2) for name, found in self.stages.items()},
            "generator_late_ms_p99": percentiles(self.lateness)["p99"],
        }

    def text(self) -> str:
        """A few lines for people."""
        found = self.to_json()
        latency = "  ".join(f"{name} {value:.1f}" for name, value in found["latency_ms"].items())
        lines = [
            f"sent        {self.sent:,} in {self.seconds:.1f} s",
            f"answered    {self.answered:,} ({found['answered_per_second']:,} a second)",
            f"latency ms  {latency}",
            f"degraded    {found['degraded']:,}{_reasons(self.degraded)}",
            f"shed        {self.shed:,}{_reasons(Counter({s: n for s, n in self.statuses.items() if s != '200'}))}",
            f"failed      {self.failed:,}",
        ]
        if found["server_ms_p50"]:
            stages = "  ".join(f"{name} {value:.1f}" for name, value in found["server_ms_p50"].items())
            lines.append(f"server ms   {stages}  (medians by stage)")
        if found["generator_late_ms_p99"] > LATE_MS:
            lines.append(
                f"warning     the generator was up to {found['generator_late_ms_p99']:.0f} ms late (p99): this machine "
                "is too busy to send at this rate, and the latencies hold that lateness too"
            )
        return "\n".join(lines)


LATE_MS = 20.0
"""Lateness of the generator (p99) from which a report warns."""


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest; zeros where there is nothing."""
    if not len(milliseconds):
        return dict.fromkeys(("p50", "p95", "p99", "max"), 0.0)
    found = np.percentile(np.asarray(milliseconds), [50, 95, 99, 100])
    return dict(zip(("p50", "p95", "p99", "max"), (round(float(value), 2) for value in found), strict=True))


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """When searches are due, in seconds from the start: a Poisson process of `rate` a second."""
    generator, due, found = random.Random(seed), 0.0, []
    while (due := due + generator.expovariate(rate)) < seconds:
        found.append(due)
    return found


async def run_load(url: str, queries: Sequence[str], load: Load) -> LoadReport:
    """Send searches to `url` (the server's address) as `load` says, queries in turn from a random order."""
    order = list(queries)
    random.Random(load.seed).shuffle(order)
    report = LoadReport()
    timeout = aiohttp.ClientTimeout(total=load.timeout)
    connector = aiohttp.TCPConnector(limit=0, force_close=load.fresh_connections)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=load.headers) as session:
        sender = _Sender(session, f"{url.rstrip('/')}/v1/search", order, load.body, report)
        started = time.perf_counter()
        if load.rate is not None:
            await _open_loop(sender, arrivals(load.rate, load.seconds, load.seed), started)
        else:
            await asyncio.gather(*(_client(sender, started + load.seconds) for _ in range(load.clients or 1)))
        report.seconds = time.perf_counter() - started
    return report


class _Sender:
    """Sends one search at a time and writes down what came of it."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, queries: list[str], body: dict[str, Any], report: LoadReport
    ) -> None:
        self._session = session
        self._url = url
        self._queries = queries
        self._body = body
        self.report = report

    async def search(self, due: float) -> bool:
        """Whether it was answered."""
        report = self.report
        query = self._queries[report.sent % len(self._queries)]
        report.sent += 1
        report.lateness.append((time.perf_counter() - due) * 1e3)
        try:
            async with self._session.post(self._url, json={"query": query, **self._body}) as response:
                content = await response.read()
                milliseconds = (time.perf_counter() - due) * 1e3
        except TimeoutError:
            report.statuses["timeout"] += 1
            return False
        except aiohttp.ClientConnectorError:
            report.statuses["refused"] += 1
            return False
        except (aiohttp.ClientError, OSError):
            report.statuses["disconnected"] += 1
            return False
        report.statuses[str(response.status)] += 1
        if response.status == 200:
            report.latencies.append(milliseconds)
            answer = json.loads(content)
            if answer["degraded"]:
                report.degraded[str(answer["degraded_reason"])] += 1
            for name, value in answer["timings_ms"].items():
                report.stages.setdefault(name, []).append(value)
        elif response.status in SHED:
            report.refused_latencies.append(milliseconds)
            report.without_retry_after += "Retry-After" not in response.headers
        return response.status == 200


async def _open_loop(sender: _Sender, due: Sequence[float], started: float) -> None:
    searches = set()
    for moment in due:
        if (wait := started + moment - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        search = asyncio.create_task(sender.search(started + moment))
        searches.add(search)
        search.add_done_callback(searches.discard)
    await asyncio.gather(*searches)


async def _client(sender: _Sender, end: float) -> None:
    while (now := time.perf_counter()) < end:
        if not await sender.search(now):
            await asyncio.sleep(_PAUSE)


_PAUSE = 0.05
"""Seconds that a client waits after it was refused, or found nobody: it does not hammer at a closed door."""


def _reasons(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{name}: {count:,}' for name, count in counts.items())})" if counts else ""
