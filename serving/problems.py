"""What went wrong, as every route tells it: one shape, no traceback, no path.

Only messages written in `serving/` reach a client; whatever else is raised is logged and answered as "internal".
"""

import math
from typing import Literal, NamedTuple

Kind = Literal["invalid_request", "unauthorized", "not_found", "too_large", "overloaded", "unavailable", "internal"]

STATUS: dict[Kind, int] = {
    "invalid_request": 400,
    "unauthorized": 401,
    "not_found": 404,
    "too_large": 413,
    "overloaded": 429,
    "unavailable": 503,
    "internal": 500,
}
"""Every error's HTTP status. An overloaded server answers 429, not 503: Elasticsearch tries only the former again."""


class Answer(NamedTuple):
    """An error as it is sent."""

    status: int
    body: dict[str, object]
    headers: dict[str, str]


class ProblemError(Exception):
    """An error that the client may read.

    Args:
        kind: one of the types of the API.
        message: what was seen, what was expected, how to mend it.
        field: where in the request, in the client's names.
        retry_s: seconds after which trying again makes sense; sent as `Retry-After` with 429 and 503.
        status: where it is not the kind's own.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        field: str | None = None,
        *,
        retry_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field
        self.retry_s = retry_s
        self.status = status or STATUS[kind]

    def answer(self, request_id: str) -> Answer:
        """Status, JSON body and headers."""
        headers = {}
        if self.status in (429, 503):
            headers["retry-after"] = str(max(math.ceil(self.retry_s or 1.0), 1))
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        error = {"type": self.kind, "message": self.message, "field": self.field}
        return Answer(self.status, {"error": error, "request_id": request_id}, headers)


def invalid(message: str, field: str | None = None) -> ProblemError:
    """The request cannot be answered as it is."""
    return ProblemError("invalid_request", message, field)


def unavailable(message: str) -> ProblemError:
    """The server cannot do it now."""
    return ProblemError("unavailable", message, retry_s=5)
