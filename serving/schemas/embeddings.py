"""`/v1/embeddings` in OpenAI's shape."""

from typing import Literal

from pydantic import Field

from serving.schemas.base import Count, Shape, TheirShape


class EmbeddingsRequest(TheirShape):
    """What OpenAI's clients send."""

    input: str | list[str] = Field(
        description="A text or a list of texts; arrays of token numbers are refused, their vocabulary is another.",
        examples=[["red shoe", "blue cup"]],
    )
    model: str | None = Field(None, description="Taken, and answered back: there is one model.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Count | None = Field(None, description="Null, or the model's own number.")
    input_type: Literal["query", "product"] = Field(
        "product", description="Not OpenAI's: which prefix the model puts before a text, where it has two."
    )


class Embedding(Shape):
    """One text's unit vector: numbers, or little-endian float32 in base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(Shape):
    """Tokens read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(Shape):
    """What OpenAI's clients expect."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage
