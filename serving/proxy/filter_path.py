"""Elasticsearch's `filter_path`: which parts of an answer a client wants to see."""

from collections.abc import Sequence
from typing import Any

from serving.proxy.plan import matches

Path = Sequence[str]


def filtered(answer: dict[str, Any], filter_path: str) -> dict[str, Any]:
    """The parts that the paths name, without those that paths with a "-" before them name.

    Paths are parted by commas, names by points; "*" stands for any characters of a name, "**" for any names. What has
    nothing left in it is left out.
    """
    paths = [path.strip() for path in filter_path.split(",") if path.strip()]
    wanted = [path.split(".") for path in paths if not path.startswith("-")]
    unwanted = [path[1:].split(".") for path in paths if path.startswith("-")]
    kept = _only(answer, wanted) if wanted else answer
    left = _without(kept, unwanted) if unwanted else kept
    return left if isinstance(left, dict) else {}


def _only(value: Any, paths: Sequence[Path]) -> Any:
    """What the paths name of a value; None when that is nothing."""
    if isinstance(value, list):
        found = [kept for kept in (_only(one, paths) for one in value) if kept is not None]
        return found or None
    if not isinstance(value, dict):
        return None
    parts: dict[str, Any] = {}
    for name, inner in value.items():
        below = _below(paths, name)
        kept = inner if [] in below else _only(inner, below) if below else None
        if [] in below or kept is not None:
            parts[name] = kept
    return parts or None


def _without(value: Any, paths: Sequence[Path]) -> Any:
    """A value less what the paths name of it; None when nothing is left."""
    if isinstance(value, list):
        return [left for left in (_without(one, paths) for one in value) if left is not None] or None
    if not isinstance(value, dict):
        return value
    parts: dict[str, Any] = {}
    for name, inner in value.items():
        below = _below(paths, name)
        if [] in below:
            continue
        left = _without(inner, below) if below else inner
        if left is not None or inner is None:
            parts[name] = left
    return parts or None


def _below(paths: Sequence[Path], name: str) -> list[list[str]]:
    """What the paths that `name` begins say of what is in it; an empty one names all of that."""
    found: list[list[str]] = []
    for path in paths:
        first, rest = path[0], list(path[1:])
        if first == "**":
            found.append(list(path))
            if not rest:
                found.append([])
            elif matches(rest[0], name):
                found.append(rest[1:])
        elif matches(first, name):
            found.append(rest)
    return found
