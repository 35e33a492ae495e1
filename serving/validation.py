"""What pydantic found wrong with a request, in one line."""

from collections.abc import Sequence
from typing import Any


def first_error(found: Sequence[Any], skip: int = 0) -> tuple[str | None, str]:
    """The field (in the client's names) and the message of the first error of pydantic's list.

    The first `skip` parts of its place are left out: those that name a choice, not a field.
    """
    error = found[0]
    parts = [str(part) for part in error["loc"]][skip:]
    if parts and parts[0] in ("body", "query", "path"):  # where FastAPI looked for it
        parts = parts[1:]
    where = ".".join(parts)
    message = error["msg"].removeprefix("Value error, ")
    return where[:200] or None, f"{where[:200]}: {message}" if where else message
