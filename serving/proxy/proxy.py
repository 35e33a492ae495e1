"""One search through the proxy: planned, asked of the cluster, reranked in time; never worse than without."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from serving.deadline import Deadline
from serving.problems import ProblemError, invalid
from serving.proxy.answer import ClusterAnswer, as_found, reranked
from serving.proxy.asked import Asked, Wishes, read
from serving.proxy.cluster import Answered, Cluster, Headers
from serving.proxy.passing import PassThroughError
from serving.proxy.plan import Plan, ProxyDefaults, plan
from serving.service import Service

Outcome = Literal["reranked", "degraded", "passed"]


@dataclass(frozen=True)
class ClientRequest:
    """A request for the cluster: path and query as in a URL, headers (by lower-case name) that are to be passed on.

    `named` is the query's text where a header names it.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    arrived: float
    named: str | None = None


@dataclass(frozen=True)
class Proxied:
    """An answer, and what became of the search.

    Args:
        reason: why it is not reranked: a `Reason` of "passed"; of "degraded" those of searches, and "overloaded" (no
            worker in time), "no_text" (no hit has any of the fields), "no_reranker".
        window: hits that were reranked.
    """

    answer: Answered
    outcome: Outcome
    reason: str | None = None
    window: int = 0
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class _Page(NamedTuple):
    body: bytes
    window: int
    degraded: str | None
    rerank_ms: float


class SearchProxy:
    """Searches a cluster, and has the engine rerank what it finds."""

    def __init__(self, service: Service, cluster: Cluster) -> None:
        self._service = service
        self._engine = service.engine
        self._settings = service.settings
        self._cluster = cluster

    async def search(self, request: ClientRequest, *, indexed: bool = True) -> Proxied:
        """The cluster's answer, reranked or as it is.

        Args:
            indexed: whether the path names an index; else the body must name a point in time.

        Raises:
            ProblemError: when the cluster gives no answer, `ext.distilrank` is not as it should be, or all indices
                would be searched.
        """
        asked = self._read(request)
        if not indexed and (asked.body is None or not isinstance(asked.body.get("pit"), dict)):
            message = "every index of the cluster would be searched; name one: /INDEX/_search (or a `pit` in the body)"
            raise ProblemError("not_found", message, "index")
        deadline = self._deadline(asked.wishes, request.arrived)
        try:
            return await self._reranked(request, plan(asked, self._defaults()), deadline)
        except PassThroughError as passed:
            if asked.rewritten:
                headers = _json_headers(request.headers, kept=("accept-encoding",))
                answer = await self._send(request, urlencode(asked.parameters), headers, asked.sent)
            else:
                answer = await self._send(request, request.query, request.headers, request.body)
            return Proxied(answer, "passed", passed.reason)

    async def go_on(self, request: ClientRequest) -> Answered:
        """The cluster's answer to a request that begins a search in parts, goes on with it or ends it.

        Raises:
            ProblemError: when it gives none, or the id is "_all", which would end everybody's.
        """
        asked = self._read(request)
        given = (asked.body or {}).get("scroll_id")
        if "_all" in [*(given if isinstance(given, list) else [given]), asked.parameter("scroll_id")]:
            raise ProblemError("not_found", "a scroll is ended by its own id here, not by _all", "scroll_id")
        # Not twice: the cluster may have done its part, and the next part is another one.
        return await self._cluster.ask(
            request.method, request.path, request.query, request.headers, request.body, twice=False
        )

    async def _send(self, request: ClientRequest, query: str, headers: Headers, body: bytes) -> Answered:
        with self._engine.tracer.span("cluster"):
            return await self._cluster.ask(request.method, request.path, query, headers, body)

    async def _reranked(self, request: ClientRequest, planned: Plan, deadline: Deadline) -> Proxied:
        """Raises:
        PassThroughError: when the cluster does not take the wider search, or its answer cannot be read.
        """
        started = time.perf_counter()
        body = json.dumps(planned.body).encode()
        answer = await self._send(request, urlencode(planned.parameters), _json_headers(request.headers), body)
        cluster_ms = (time.perf_counter() - started) * 1000
        if answer.status == 400:
            raise PassThroughError("refused")  # perhaps for what the proxy added; else the client sees its own error
        if answer.status != 200:
            return Proxied(answer, "passed", "cluster_error")
        if not answer.is_json:
            raise PassThroughError("unreadable_answer")
        page = await self._page(planned, answer.body, deadline)
        timings = {"cluster": cluster_ms, "rerank": page.rerank_ms, "total": deadline.elapsed_ms()}
        self._engine.metrics.searched(timings, page.window, page.degraded)
        outcome: Outcome = "reranked" if page.degraded is None else "degraded"
        return Proxied(answer._replace(body=page.body), outcome, page.degraded, page.window, timings)

    async def _page(self, planned: Plan, body: bytes, deadline: Deadline) -> _Page:
        """The page, made in a thread: reranked by those for searches, or, when they have no time, as it was found."""
        left = deadline.left_ms()
        degraded = "no_time" if left is not None and left <= self._settings.reserve_ms else None
        if degraded is None:
            try:
                return (await self._service.searches.run(partial(self._rank, planned, body, deadline), deadline))[0]
            except ProblemError:  # no room, or no time left: the hits are at hand all the same
                degraded = "overloaded"
        return await asyncio.to_thread(_as_found, planned, body, degraded)

    def _rank(self, planned: Plan, content: bytes, deadline: Deadline) -> _Page:
        answer = ClusterAnswer.read(content)
        products = answer.products(planned.fields)
        template = self._engine.served.template
        if products and not any(template.text(product) for product in products):
            return _Page(as_found(answer, planned), 0, "no_text", 0.0)
        began = time.perf_counter()
        found = list(zip(products, answer.scores(), strict=True))
        ranked = self._engine.rerank_found(planned.text, found, planned.window, deadline)
        rerank_ms = (time.perf_counter() - began) * 1000
        degraded = ranked.degraded
        if products and not ranked.window and degraded is None:
            degraded = "no_reranker"
        body = reranked(answer, planned, ranked.result.hits) if ranked.window else as_found(answer, planned)
        return _Page(body, ranked.window, degraded, rerank_ms)

    def _read(self, request: ClientRequest) -> Asked:
        parameters = parse_qsl(request.query, keep_blank_values=True)
        most = self._settings.max_body_bytes
        return read(parameters, dict(request.headers), request.body, named=request.named, most=most)

    def _defaults(self) -> ProxyDefaults:
        served, settings = self._engine.served, self._settings
        own = settings.proxy.window
        return ProxyDefaults(
            window=settings.usual_window(served.window) if own is None else own,
            max_query_characters=settings.max_query_characters,
            tie_breaks=settings.proxy.tie_breaks,
            fields={name: settings.proxy.fields.get(name, name) for name in served.template.fields},
        )

    def _deadline(self, wishes: Wishes, arrived: float) -> Deadline:
        """The search's deadline, once it asks for no more than it may."""
        limits = {"window": self._settings.max_window, "deadline_ms": self._settings.max_deadline_ms}
        for name, most in limits.items():
            if (wished := getattr(wishes, name)) is not None and wished > most:
                raise invalid(f"{name} is {wished}; at most {most} is taken", f"ext.distilrank.{name}")
        return Deadline(self._settings.deadline_ms if wishes.deadline_ms is None else wishes.deadline_ms, arrived)


def _as_found(planned: Plan, content: bytes, degraded: str) -> _Page:
    return _Page(as_found(ClusterAnswer.read(content), planned), 0, degraded, 0.0)


def _json_headers(headers: Headers, kept: tuple[str, ...] = ()) -> Headers:
    """Headers for a body of our own, whose answer is to be read here (unless encodings are `kept`)."""
    gone = {"content-encoding", "accept-encoding"} - set(kept)
    found = [(name, value) for name, value in headers if name not in gone]
    if not any(name == "content-type" for name, _ in found):
        found.append(("content-type", "application/json"))
    return found
