"""The options of the server, each with its default and its limit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Count = Annotated[int, Field(ge=1)]
Milliseconds = Annotated[int, Field(ge=0)]


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
    window: Count | None = None
    """Candidates reranked, unless the request says otherwise; null for the window that the run was measured with."""
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

    traces: bool = False
    """Send OpenTelemetry traces; needs the extra `otel`, and takes the standard OTEL_* environment variables."""
