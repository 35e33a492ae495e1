"""Rerank routes: Cohere's shape (versions 1 and 2) and text-embeddings-inference's."""

from typing import Literal

from pydantic import Field, JsonValue

from serving.schemas.base import Count, Shape, TheirShape

Order = Literal["score", "input"]
Document = str | dict[str, JsonValue]


class CohereRequest(TheirShape):
    """What Cohere's clients send; Elasticsearch's custom service too."""

    query: str = Field(examples=["red shoe"])
    documents: list[Document] = Field(
        description="Texts, or objects with the catalogue's fields or a `text`.",
        examples=[["a red leather shoe", "a blue cup"]],
    )
    model: str | None = Field(None, description="Taken, and not used: there is one model.")
    top_n: Count | None = Field(None, description="How many results; null for all.")
    rank_fields: list[str] | None = Field(
        None, description="Fields of object documents to read, in this order; null for the catalogue's own."
    )
    return_documents: bool | None = Field(None, description="Whether results hold their documents.")


class CohereResult(Shape):
    """One document's relevance."""

    index: int = Field(description="Place in the request's documents, from 0.")
    relevance_score: float = Field(description="In 0 … 1; the student's logit with `raw_scores`.")
    document: dict[str, JsonValue] | None = None


class CohereResponse(Shape):
    """What Cohere's clients expect."""

    id: str
    results: list[CohereResult]
    meta: dict[str, JsonValue]


class TeiRequest(TheirShape):
    """What the clients of text-embeddings-inference send."""

    query: str = Field(examples=["red shoe"])
    texts: list[str] = Field(examples=[["a red leather shoe", "a blue cup"]])
    raw_scores: bool = Field(False, description="Answer the student's logits instead of scores in 0 … 1.")
    return_text: bool = Field(False, description="Whether results hold their texts.")
    truncate: bool | None = Field(None, description="Taken, and not used: long texts are always cut.")


class TeiResult(Shape):
    """One text's relevance."""

    index: int = Field(description="Place in the request's texts, from 0.")
    score: float
    text: str | None = None
