"""The options of the server, each with its default and its limit."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Count = Annotated[int, Field(ge=1)]
Milliseconds = Annotated[int, Field(ge=0)]


class ProxySettings(BaseModel):
    """The search proxy in front of an Elasticsearch or OpenSearch cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    """The cluster's address; null for no proxy. Credentials are the clients' own and are passed on."""
    indices: tuple[str, ...] = ()
    """The indices and aliases that may be searched; "*" in a name stands for any characters."""
    fields: dict[str, str] = {}
    """By product field that the student reads, the cluster's field that holds it; by default it is called the same."""
    window: Count | None = None
    """Hits reranked, unless the request says otherwise; null for `serve.window`, or the run's."""
    blend_weight: Annotated[float, Field(ge=0, le=1)] | None = None
    """The reranker's share of the final score; null for the run's, which was fitted to the run's own first stage."""
    tie_breaks: bool = False
    """Rerank searches, too, whose `sort` is by score and then by other fields; paging by their sort values ends."""
    timeout_ms: Count = 30_000
    """How long the cluster may take for an answer."""
    connections: Count = 100
    """Connections to the cluster at once; more searches wait for one."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"serve.proxy.url is {url!r}, expected an address such as http://localhost:9200")
        if "@" in parts.netloc:
            raise ValueError(
                "serve.proxy.url holds a user or a password, and a run's config is no place for them; leave them out: "
                "what clients send in Authorization is passed on to the cluster"
            )
        return url.rstrip("/")

    @model_validator(mode="after")
    def _has_indices(self) -> "ProxySettings":
        if self.url is not None and not self.indices:
            raise ValueError(
                "serve.proxy.url is set and serve.proxy.indices is empty, so nothing could be searched; name the "
                "indices, such as [products] or ['products-*']"
            )
        return self


class ServeSettings(BaseModel):
    """What the application needs to know beyond the models and the index; unknown options are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = "distilrank"
    """Shown on the page and in the OpenAPI document."""

    deadline_ms: Milliseconds = 500
    """Time for one search, from its arrival to its answer, unless the request says otherwise; 0 for no deadline."""
    max_deadline_ms: Count = 60_000
    """The longest deadline a request may ask for."""
    reserve_ms: Milliseconds = 5
    """Part of the deadline kept for what follows the reranker: reading the hits and writing the answer."""
    window: Annotated[int, Field(ge=0)] | None = None
    """Candidates reranked, unless the request says otherwise; null for the window that the run was measured with, 0 for
    the first stage alone."""
    shortlist: Count | None = None
    """Products of a list that the student reads: those whose vectors lie nearest to the query's. The others follow
    below, by cosine. null: it reads all."""
    min_window: Count = 10
    """Where the time left allows fewer candidates than this (and fewer than asked for), none are reranked."""
    hang_ms: Count = 30_000
    """A reranker that takes longer than this has failed, even without a deadline."""
    stuck_ms: Milliseconds = 10_000
    """When no rerank worker has come back for this long, the server reports itself not ready."""

    workers: Count = 4
    """Threads that work on searches (and as many more for reranking)."""
    other_workers: Count = 2
    """Threads for all other requests (rerank, embeddings, product changes), so that these never keep searches waiting
    for a thread."""
    queue: Annotated[int, Field(ge=0)] = 64
    """Searches that may wait for a worker, and as many other requests; more are shed with 429 and Retry-After."""

    max_window: Count = 1000
    """The largest window a request may ask for."""
    max_size: Count = 100
    """The most hits a request may ask for."""
    max_from: Annotated[int, Field(ge=0)] = 1000
    """The largest `from`: how deep one can page."""
    max_query_characters: Count = 1000
    """The longest query."""
    max_facets: Count = 10
    """The most facet fields a request may ask for."""
    facet_values: Count = 20
    """Values shown of a facet, the most frequent first."""
    max_filter_values: Count = 100
    """The most values wanted of one filter field."""
    max_documents: Count = 10_000
    """The most documents of a rerank request, texts of an embeddings request and changes of a bulk request."""
    max_document_characters: Count = 100_000
    """The longest document, text or product field."""
    max_body_bytes: Count = 16 * 1024 * 1024
    """The largest request body."""
    body_ms: Count = 30_000
    """Time for a request's body to arrive."""

    writes: bool = True
    """Whether products may be put and deleted."""
    api_keys: tuple[SecretStr, ...] = ()
    """Keys that may read (search, rerank, embed), in plain text or as "sha256:" and 64 hex digits; none: all may."""
    write_keys: tuple[SecretStr, ...] = ()
    """Keys that may read and write; none: whoever may read may write."""

    refresh_ms: Count = 250
    """How often the log of live changes is looked at."""
    merge_at: Count = 10_000
    """Live changes (new and retired rows) from which on they are merged into a new index in the background."""

    proxy: ProxySettings = ProxySettings()
    """A cluster whose own search is answered reranked."""

    traces: bool = False
    """Send OpenTelemetry traces; needs the extra `otel`, and takes the standard OTEL_* environment variables."""

    def usual_window(self, measured: int) -> int:
        """Candidates reranked unless the request says otherwise; `measured` is the run's own window."""
        return measured if self.window is None else self.window
