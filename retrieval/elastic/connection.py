"""One cluster, Elasticsearch or OpenSearch, through its own official client; errors in one form, patience in one place.

The engine is what the cluster's own answer says. elasticsearch-py 8.19 talks to Elasticsearch 8 and 9; opensearch-py to
OpenSearch. Both take the same calls here, with bodies as the REST API has them.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from eval.errors import InputError, MachineError

Engine = Literal["elasticsearch", "opensearch"]
Answer = TypeVar("Answer")

API_KEY, BASIC_AUTH = "DISTILRANK_ELASTIC_API_KEY", "DISTILRANK_ELASTIC_BASIC_AUTH"
"""Environment variables: an API key (the encoded form), or "user:password"."""

_TRANSIENT = (None, 429, 502, 503, 504)
"""Statuses that may be another in a moment; None: no answer at all."""


class Patience(NamedTuple):
    """How often something transient is tried, and the pauses between: doubled each time, from `first_s` to `most_s`."""

    attempts: int = 3
    first_s: float = 0.1
    most_s: float = 30.0

    def pause(self, attempt: int, asked_s: float | None = None) -> float:
        """Seconds to wait after this attempt (from 0); `asked_s`: what the server asked for (Retry-After)."""
        return min(self.first_s * 2**attempt if asked_s is None else asked_s, self.most_s)


SEARCH_PATIENCE = Patience()


class ClusterError(MachineError):
    """The cluster refused a call, or did not answer (`status` None); `kind` is its own name for the reason."""

    def __init__(self, message: str, status: int | None, kind: str = "", retry_after_s: float | None = None):
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.retry_after_s = retry_after_s

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return self.status in _TRANSIENT


@dataclass(frozen=True)
class Cluster:
    """A cluster that has answered. `client` is elasticsearch-py's or opensearch-py's; safe from several threads."""

    client: Any
    engine: Engine
    version: str
    urls: tuple[str, ...]
    patience: Patience

    def __str__(self) -> str:
        return f"{self.engine} {self.version} at {', '.join(self.urls)}"

    def call(self, purpose: str, ask: Callable[[], Answer], patience: Patience | None = None) -> Answer:
        """What `ask` returns; it is asked again where a failure is transient, so it must be safe to repeat.

        Args:
            purpose: for the message, after "cannot": "search the index".

        Raises:
            ClusterError: the last failure.
        """
        patience = patience or self.patience
        attempt = 0
        while True:
            try:
                with self.errors(purpose):
                    return ask()
            except ClusterError as error:
                attempt += 1
                if not error.transient or attempt >= patience.attempts:
                    raise
                time.sleep(patience.pause(attempt - 1, error.retry_after_s))

    @contextlib.contextmanager
    def errors(self, purpose: str) -> Iterator[None]:
        """The client's exceptions as `ClusterError`."""
        with _errors(purpose, self.urls):
            yield

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def connect(
    urls: Sequence[str], *, ca_certs: str | None = None, timeout_s: float = 10.0, patience: Patience = SEARCH_PATIENCE
) -> Cluster:
    """Ask the nodes at `urls` who they are, and open the client that belongs to them.

    Credentials come from the environment (`API_KEY`, or else `BASIC_AUTH`).

    Args:
        ca_certs: a file of certificates to trust, for a cluster with its own authority.
        timeout_s: of one request.

    Raises:
        InputError: a URL that is none, or that holds a password.
        MachineError: the extra is not installed. `ClusterError`: no node answers, or not with what was expected.
    """
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"elastic url {url!r} is none; write it as http://localhost:9200")
        if parts.username or parts.password:
            raise InputError(
                f"the elastic url of {parts.hostname} holds a user or password, which would be written into files; "
                f"give it in the environment, {BASIC_AUTH}=user:password, or an API key in {API_KEY}"
            )
    elasticsearch, opensearch = _clients()
    logging.getLogger("opensearch").setLevel(logging.ERROR)  # it logs what it also raises, with a traceback
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    nodes = list(urls)
    shared: dict[str, Any] = {"max_retries": len(nodes), "retry_on_status": (), "retry_on_timeout": False}
    if ca_certs is not None:
        shared["ca_certs"] = ca_certs
    asked = opensearch.OpenSearch(nodes, timeout=timeout_s, headers=_headers(), http_auth=_basic_auth(), **shared)
    asking = Cluster(asked, "opensearch", "", tuple(nodes), patience)
    info = asking.call("connect", asked.info)
    version = info.get("version", {}) if isinstance(info, dict) else {}
    if version.get("distribution") == "opensearch":
        return Cluster(asked, "opensearch", version["number"], tuple(nodes), patience)
    asked.close()
    if "number" not in version:
        raise ClusterError(f"{', '.join(nodes)} answers, but not as Elasticsearch or OpenSearch does", 200)
    client = elasticsearch.Elasticsearch(
        nodes,
        request_timeout=timeout_s,
        api_key=os.environ.get(API_KEY) or None,
        basic_auth=_basic_auth(),
        **shared,
    )
    return Cluster(client, "elasticsearch", version["number"], tuple(nodes), patience)


def _clients() -> tuple[Any, Any]:
    try:
        import elasticsearch
        import opensearchpy
    except ImportError as error:
        raise MachineError(f"{error.name} is not installed; run: pip install 'distilrank[elastic]'") from None
    return elasticsearch, opensearchpy


def _basic_auth() -> tuple[str, str] | None:
    given = os.environ.get(BASIC_AUTH)
    if not given or os.environ.get(API_KEY):
        return None
    user, separator, password = given.partition(":")
    if not separator:
        raise InputError(f"{BASIC_AUTH} holds no ':'; write it as user:password")
    return user, password


def _headers() -> dict[str, str] | None:
    key = os.environ.get(API_KEY)
    return {"authorization": f"ApiKey {key}"} if key else None


@contextlib.contextmanager
def _errors(purpose: str, urls: Sequence[str]) -> Iterator[None]:
    elasticsearch, opensearch = _clients()
    try:
        yield
    except elasticsearch.ApiError as error:
        after = error.meta.headers.get("retry-after", "")
        wait = float(after) if after.replace(".", "", 1).isdigit() else None
        raise _refused(purpose, urls, error.status_code, error.body, wait) from None
    except opensearch.TransportError as error:
        if not isinstance(error.status_code, int):
            raise _unanswered(purpose, urls, error.info) from None
        raise _refused(purpose, urls, error.status_code, error.info, None) from None
    except elasticsearch.TransportError as error:
        raise _unanswered(purpose, urls, error) from None
    except opensearch.ImproperlyConfigured as error:
        raise InputError(f"cannot {purpose}: {error}") from None


def _unanswered(purpose: str, urls: Sequence[str], error: Any) -> ClusterError:
    reason = " ".join(str(getattr(error, "message", error)).split())
    return ClusterError(f"cannot {purpose}: no answer from {', '.join(urls)} ({reason})", None)


def _refused(purpose: str, urls: Sequence[str], status: int, body: Any, wait: float | None) -> ClusterError:
    kind, reason = told(body)
    hint = {
        401: f"; give an API key in {API_KEY}, or user:password in {BASIC_AUTH}",
        403: f"; the user of {API_KEY} or {BASIC_AUTH} lacks the right to do it",
    }.get(status, "")
    told_as = ": ".join(part for part in (kind, reason) if part) or "no reason given"
    return ClusterError(f"cannot {purpose}: {', '.join(urls)} answers {status} ({told_as}){hint}", status, kind, wait)


def told(body: Any) -> tuple[str, str]:
    """The type and the reason in an answer's `error`, as far as they are there; a failed shard's where it names one."""
    error = body.get("error", "") if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", " ".join(str(error).split())[:300]
    shards = error.get("failed_shards") or [{}]
    cause = shards[0].get("reason") or error
    inner = cause.get("caused_by") or cause
    reason = " ".join(str(inner.get("reason", "")).split())[:300]
    return str(error.get("type", "")), reason
