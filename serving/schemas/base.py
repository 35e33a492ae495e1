"""What the shapes have in common, and the errors."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from serving.problems import Kind


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
"""An integer from 1, which JSON may also write as 10.0."""
NotNegative = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
"""The same, from 0."""


class Shape(BaseModel):
    """Our own requests and answers: types are taken literally, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)


class TheirShape(BaseModel):
    """Requests in the shape of another API: types are taken literally, fields that we have no use for are let pass."""

    model_config = ConfigDict(strict=True, extra="ignore")


class ErrorBody(Shape):
    """What went wrong."""

    type: Kind
    message: str
    field: str | None = None


class ErrorAnswer(Shape):
    """Every route's answer to a request that it cannot answer."""

    error: ErrorBody
    request_id: str


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for these statuses, besides those that every route may answer."""
    texts = {
        400: "The request is invalid; the message says how.",
        401: "An API key is missing or unknown.",
        404: "There is no such thing.",
        408: "The body did not arrive in time.",
        413: "The body is too large.",
        429: "The server is busy; `Retry-After` says when to try again.",
        500: "An error of the server, logged under the request's id.",
        502: "The cluster cannot be reached.",
        503: "A part of the server does not work; `Retry-After` says when to try again.",
        504: "The cluster did not answer in time.",
    }
    return {
        status: {"model": ErrorAnswer, "description": texts[status]}
        for status in sorted({400, 401, 408, 413, 429, 500, 503, *statuses})
    }
