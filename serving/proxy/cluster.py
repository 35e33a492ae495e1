"""Talks to the cluster, without ever holding up the event loop."""

from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple

import aiohttp
from yarl import URL

from serving.problems import ProblemError
from serving.settings import ProxySettings

Headers = list[tuple[str, str]]

_HOP_BY_HOP = {  # RFC 9110, 7.6.1, and what every hop says for itself
    "connection",
    "content-length",
    "date",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
}


class Answered(NamedTuple):
    """The cluster's answer, its body as it came over the wire."""

    status: int
    headers: Headers
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON that can be read as it is."""
        given = dict(self.headers)
        return "json" in given.get("content-type", "") and given.get("content-encoding", "identity") == "identity"


class Cluster:
    """One cluster; use it as an asynchronous context, on one event loop."""

    def __init__(self, settings: ProxySettings) -> None:
        assert settings.url is not None
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Cluster":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.connections),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_ms / 1000),
            cookie_jar=aiohttp.DummyCookieJar(),  # a cookie is one client's, not the next one's
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def ask(
        self, method: str, path: str, query: str, headers: Headers, body: bytes, *, twice: bool = True
    ) -> Answered:
        """Send one request and read its answer, whatever its status.

        Args:
            path, query: as they stand in a URL, percent-encoded.
            twice: send it once more when the connection broke, as one does that was idle for too long.

        Raises:
            ProblemError: when the cluster gives no answer (status 502), or not in time (504).
        """
        url = URL(f"{self._settings.url}{path}" + (f"?{query}" if query else ""), encoded=True)
        try:
            return await self._once(method, url, headers, body)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            if not twice:
                raise _unreachable(error) from None
        except TimeoutError:
            raise self._late() from None
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from None
        return await self.ask(method, path, query, headers, body, twice=False)

    async def _once(self, method: str, url: URL, headers: Headers, body: bytes) -> Answered:
        assert self._session is not None
        async with self._session.request(
            method,
            url,
            headers=headers,
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as response:
            return Answered(response.status, passed_on(response.raw_headers), await response.read())

    def _late(self) -> ProblemError:
        waited = f"{self._settings.timeout_ms:,} ms (serve.proxy.timeout_ms)"
        return ProblemError("unavailable", f"the cluster did not answer within {waited}", status=504)


def _unreachable(error: Exception) -> ProblemError:
    reason = f"the cluster cannot be reached ({type(error).__name__}); is it up, and serve.proxy.url its address?"
    return ProblemError("unavailable", reason, status=502)


def passed_on(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers that the next hop is to see, by lower-case name."""
    found = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    named = {part.strip().lower() for name, value in found if name == "connection" for part in value.split(",")}
    return [(name, value) for name, value in found if name not in _HOP_BY_HOP and name not in named]
