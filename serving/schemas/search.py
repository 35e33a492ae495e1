"""`/v1/search`: request and answer."""

from pydantic import Field

from serving.schemas.base import Count, NotNegative, Shape


class SearchRequest(Shape):
    """One search."""

    query: str = Field(description="What the shopper typed; a blank query finds nothing.", examples=["red shoe"])
    size: Count = Field(10, description="How many hits.")
    from_: NotNegative = Field(
        0,
        alias="from",
        description="How many hits of the ranking to leave out. Hits beyond the reranked window come below it, in "
        "first-stage order.",
    )
    filters: dict[str, str | list[str]] = Field(
        default_factory=dict,
        description="Product field to the value, or the values, that it may have; all fields must match, exactly. "
        "An empty list matches nothing.",
        examples=[{"brand": ["Acme", "Globex"], "colour": "red"}],
    )
    facets: list[str] = Field(
        default_factory=list,
        description="Fields whose values are counted over the retrieved window.",
        examples=[["brand"]],
    )
    window: NotNegative | None = Field(
        None, description="How many candidates to rerank; 0 for none, null for the server's own."
    )
    deadline_ms: NotNegative | None = Field(
        None,
        description="Milliseconds from arrival to answer; what does not fit is not reranked. 0 for no deadline, null "
        "for the server's own.",
    )
    explain: bool = Field(False, description="Also answer the same part of the first stage's ranking.")


class SearchHit(Shape):
    """A product in its place."""

    id: str
    rank: int = Field(description="Place in the whole ranking, from 1.")
    score: float = Field(description="What the ranking is ordered by; only its order within one answer means anything.")
    first_score: float = Field(description="The first stage's score.")
    first_rank: int = Field(description="Place in the first stage's ranking, from 1.")
    rerank_score: float | None = Field(
        description="The reranker's score, less for what the query is to be without; null: not reranked."
    )
    fields: dict[str, str]
    grade: str | None = Field(description="How the product was judged for this query; null when it was not.")


class FirstStageHit(Shape):
    """A product in its first-stage place."""

    id: str
    rank: int
    score: float
    fields: dict[str, str]


class FacetValue(Shape):
    """A value of a facet field, and how many retrieved products have it."""

    value: str
    count: int


class Version(Shape):
    """What was searched."""

    index: str
    student: str
    live: int = Field(description="The last live change that was searched; 0 for none.")


class SearchResponse(Shape):
    """A ranking, and how it came about."""

    query: str
    total_in_window: int = Field(
        description="Candidates retrieved, at most the window; with `window` 0, the usual one."
    )
    size: int
    from_: int = Field(serialization_alias="from")
    degraded: bool = Field(description="Whether the first stage's order is answered for want of a rerank.")
    degraded_reason: str | None = Field(description='"no_time", "late", "failed" or "stuck".')
    hits: list[SearchHit]
    first_stage: list[FirstStageHit] | None = Field(None, description="With `explain` alone.")
    facets: dict[str, list[FacetValue]]
    timings_ms: dict[str, float] = Field(description='"queue", "retrieve", "fetch", "rerank", "blend", "total".')
    window: int = Field(description="How many candidates were reranked; fewer than asked for when time is short.")
    route: str = Field(description='What ordered them: "student", "score_table" or "first_stage".')
    version: Version
