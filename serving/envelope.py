"""What surrounds every request: its id, its body's limit, its client's patience, one log line, and an answer always.

Plain ASGI. The whole body is read here, up to the limit, so that the client can be watched while its request is worked
on: one who hangs up cancels it.
"""

import asyncio
import json
import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.metrics import Metrics
from serving.problems import ProblemError
from serving.settings import ServeSettings
from serving.tracing import Tracer

_log = logging.getLogger("distilrank.serving.requests")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_QUIET = ("/health", "/metrics")  # asked every few seconds by machines: logged at debug level
_KEY = "distilrank.request"


@dataclass
class RequestFacts:
    """What is known of a request: when it arrived (`time.perf_counter`), and what its log line will say of it."""

    id: str
    arrived: float = field(default_factory=time.perf_counter)
    log: dict[str, Any] = field(default_factory=dict)
    status: int = 0  # nothing sent yet


def facts_of(request: Request) -> RequestFacts:
    """The facts of a request inside an `Envelope`."""
    return request.scope[_KEY]


class Envelope:
    """ASGI middleware, the outermost of the application."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, metrics: Metrics, tracer: Tracer) -> None:
        self.app = app
        self._tracer = tracer
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in (b"x-request-id", b"content-length")}
        asked = headers.get(b"x-request-id", b"").decode("latin-1")
        facts = scope[_KEY] = RequestFacts(asked if _ID.fullmatch(asked) else uuid.uuid4().hex)

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", facts.id.encode())]
            await send(message)

        try:
            with self._tracer.request(scope["method"], scope["headers"]) as rename:
                body = await self._body(headers.get(b"content-length"), receive)
                if body is None or not await self._answer(scope, body, receive, reply):
                    self._metrics.disconnects.inc()
                rename(f"{scope['method']} {_route(scope)}")
        except ProblemError as problem:
            await _tell(problem, facts, reply)
        except Exception:
            _log.exception("a request failed", extra={"request_id": facts.id})
            if facts.status:  # the answer has begun: only a broken connection can say that it is not whole
                raise
            await _tell(ProblemError("internal", "an error of the server, which has been logged"), facts, reply)
        finally:
            self._note(scope, facts)

    async def _body(self, announced: bytes | None, receive: Receive) -> bytes | None:
        """The whole body; None when the client left before its end."""
        most = self._settings.max_body_bytes
        large = ProblemError("too_large", f"the body is larger than {most} bytes; send less at a time")
        if announced is not None and announced.isdigit() and int(announced) > most:
            raise large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._settings.body_ms / 1000):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise large
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise ProblemError("invalid_request", "the body did not arrive in time", status=408) from None

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> bool:
        """Run the application; False when the client left before the answer."""
        handler = asyncio.current_task()
        assert handler is not None
        gone = asyncio.Event()
        left = False

        async def watch() -> None:
            nonlocal left
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()
            if not scope[_KEY].status:
                left = True
                handler.cancel()

        unread = [body]

        async def replay() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        watcher = asyncio.create_task(watch())
        try:
            await self.app(scope, replay, send)
        except asyncio.CancelledError:
            if not left or handler.uncancel():  # it was cancelled by whoever runs the server, not (only) by us
                raise
        finally:
            watcher.cancel()
        return not left

    def _note(self, scope: Scope, facts: RequestFacts) -> None:
        seconds = time.perf_counter() - facts.arrived
        route = _route(scope)
        status = facts.status or 499  # as nginx logs a client that left
        self._metrics.answered(route, status, seconds)
        _log.log(
            logging.DEBUG if route.startswith(_QUIET) else logging.INFO,
            "request",
            extra={
                "request_id": facts.id,
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                **facts.log,
            },
        )


def _route(scope: Scope) -> str:
    """The template of the path, which names no product."""
    return getattr(scope.get("route"), "path", None) or "unmatched"


async def _tell(problem: ProblemError, facts: RequestFacts, send: Send) -> None:
    answer = problem.answer(facts.id)
    headers: Mapping[str, str] = {"content-type": "application/json", **answer.headers}
    if problem.status in (408, 413):
        headers = {**headers, "connection": "close"}  # the rest of the body is not read
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": json.dumps(answer.body).encode()})
