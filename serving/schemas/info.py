"""`/v1/info` and the health routes."""

from typing import Any

from pydantic import Field

from serving.schemas.base import Shape


class Info(Shape):
    """What is being served."""

    title: str
    index: str = Field(description="Fingerprint of the index.")
    student: str = Field(description="Fingerprint of the student.")
    config: str = Field(description="Fingerprint of the configuration.")
    live: int = Field(description="The last live change that is searched.")
    products: int
    delta_rows: int = Field(description="Rows added since the index was built.")
    retired: int = Field(description="Rows taken out since the index was built.")
    fields: list[str] = Field(description="The catalogue's fields: what filters and facets may name.")
    window: int = Field(description="Candidates reranked by default.")
    deadline_ms: int = Field(description="Milliseconds for one search by default; 0 for no deadline.")
    writes: bool = Field(description="Whether products can be put and deleted.")
    about: dict[str, Any]


class Health(Shape):
    """Whether the server lives, or is ready."""

    status: str
    reason: str | None = None
