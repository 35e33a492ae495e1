"""What the parts of the fake server pass to each other."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; an empty one is {}."""
        if not self.body.strip():
            return {}
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ElasticError(400, "parse_exception", f"request body is not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise ElasticError(400, "parsing_exception", "Expected [START_OBJECT] but found something else")
        return value

    def lines(self) -> list[Any]:
        """The body as newline-delimited JSON."""
        if not self.body.endswith(b"\n"):
            raise ElasticError(
                400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"
            )
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter; present without a value means true."""
        return self.parameters.get(name, str(default).lower()) in ("", "true")


@dataclass
class Response:
    """An answer that is not simply a JSON value with status 200."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class ElasticError(Exception):
    """An error in Elasticsearch's own form."""

    def __init__(self, status: int, kind: str, reason: str, **more: Any):
        super().__init__(reason)
        self.status = status
        self.cause = {"type": kind, "reason": reason, **more}

    def body(self) -> dict[str, Any]:
        """As a response shows it."""
        cause = {name: value for name, value in self.cause.items() if name != "failed_shards"}
        return {"error": {"root_cause": [cause], **self.cause}, "status": self.status}


def no_such_index(name: str) -> ElasticError:
    """The error for an index that is not there."""
    return ElasticError(404, "index_not_found_exception", f"no such index [{name}]", index=name, index_uuid="_na_")
