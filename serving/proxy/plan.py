"""What the proxy asks of the cluster in place of a search, and what it will make of the answer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.proxy.asked import Asked
from serving.proxy.passing import PassThroughError
from serving.proxy.query_text import query_text

_PAGE = ("from", "size", "filter_path", "source", "source_content_type")
"""Parameters of the URL that are the proxy's to see to once it asks for more than a page."""

_WINDOW_NAMES = ("rank_window_size", "window_size")


@dataclass(frozen=True)
class ProxyDefaults:
    """What holds for every search.

    Args:
        window: hits that are reranked, unless the request says otherwise.
        max_query_characters: the longest text that is reranked by.
        tie_breaks: whether a sort by score with further fields to break ties is reranked all the same.
        fields: by product field, the cluster's field that holds it.
    """

    window: int
    max_query_characters: int
    tie_breaks: bool
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """A search that is reranked.

    Args:
        text: what the shopper typed.
        offset, size: the page that is answered.
        window: how many of the hits are reranked.
        parameters, body: of the search for the cluster: its first hits, with the products' texts among their `fields`.
        fields: as `ProxyDefaults.fields`.
        shown: patterns of those names that the client itself wants to see among a hit's `fields`.
        filter_path: as the client asked for it.
    """

    text: str
    offset: int
    size: int
    window: int
    parameters: list[tuple[str, str]]
    body: dict[str, Any]
    fields: Mapping[str, str]
    shown: Sequence[str]
    filter_path: str | None

    def shows(self, name: str) -> bool:
        """Whether the client asked for this name among a hit's `fields`."""
        return any(matches(pattern, name) for pattern in self.shown)


def plan(asked: Asked, defaults: ProxyDefaults) -> Plan:
    """How a search is to be answered.

    Raises:
        PassThroughError: it is the cluster's alone.
    """
    if asked.body is None:
        raise PassThroughError(asked.unread or "body")
    body = asked.body
    if not asked.wishes.rerank:
        raise PassThroughError("asked")
    _check_order(asked, body, defaults)
    offset, size = _whole(asked, "from", 0), _whole(asked, "size", 10)
    window = asked.wishes.window or defaults.window
    if size == 0:
        raise PassThroughError("no_hits_wanted")
    if offset >= window:
        raise PassThroughError("beyond_window")
    text = _text(asked, body)
    if len(text) > defaults.max_query_characters:
        raise PassThroughError("long_query")
    wide, depth = _widened(body, offset + size, max(window, offset + size))
    there = {*_names(*(body.get(f"{kind}fields") for kind in ("", "docvalue_", "script_")))}
    missing = [name for name in dict.fromkeys(defaults.fields.values()) if name not in there]
    wide["fields"] = [*_list(body.get("fields")), *missing]
    return Plan(
        text=text,
        offset=offset,
        size=size,
        window=min(window, depth),
        parameters=[(name, value) for name, value in asked.parameters if name not in _PAGE],
        body=wide,
        fields=defaults.fields,
        shown=_shown(asked, body),
        filter_path=asked.parameter("filter_path"),
    )


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern, in which "*" stands for any characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def _check_order(asked: Asked, body: Mapping[str, Any], defaults: ProxyDefaults) -> None:
    """Refuse searches whose order is not the scores', or whose hits are not a page of a ranking."""
    top = body.get("retriever")
    standard = top.get("standard") if isinstance(top, dict) else None
    places = [body, standard] if isinstance(standard, dict) else [body]
    if asked.parameter("scroll") is not None:
        raise PassThroughError("scroll")
    if any("search_after" in place for place in places):
        raise PassThroughError("search_after")
    if "slice" in body:
        raise PassThroughError("slice")
    if body.get("profile") is True:
        raise PassThroughError("profile")
    ext = body.get("ext")
    if (isinstance(ext, dict) and "rerank" in ext) or any(map(_is_learnt, _rescorers(body))):
        raise PassThroughError("own_rerank")
    if "_none_" in [*_list(body.get("stored_fields")), asked.parameter("stored_fields")]:
        raise PassThroughError("stored_fields")
    given = asked.parameter("sort")
    for sort in [given.split(",")] if given else [place.get("sort") for place in places]:
        keys = [{key: order} for key, order in sort.items()] if isinstance(sort, dict) else _list(sort)
        if not all(_is_by_score(key) for key in keys[: 1 if defaults.tie_breaks else None]):
            raise PassThroughError("sort")


def _rescorers(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What orders the first hits anew within the cluster: of the body, and of a rescorer at the top."""
    top = body.get("retriever")
    inner = top.get("rescorer") if isinstance(top, dict) else None
    sections = [body.get("rescore"), inner.get("rescore") if isinstance(inner, dict) else None]
    found = [one for section in sections for one in (section if isinstance(section, list) else [section])]
    return [one for one in found if isinstance(one, dict)]


def _is_learnt(rescorer: Mapping[str, Any]) -> bool:
    """Whether a rescorer is a learnt model: Elasticsearch's, or the plugin's query."""
    query = rescorer.get("query")
    inner = query.get("rescore_query") if isinstance(query, dict) else None
    return "learning_to_rank" in rescorer or (isinstance(inner, dict) and "sltr" in inner)


def _is_by_score(key: Any) -> bool:
    if isinstance(key, dict):
        order = key.get("_score")
        return len(key) == 1 and (order.get("order", "desc") if isinstance(order, dict) else order) == "desc"
    return key in ("_score", "_score:desc")


def _text(asked: Asked, body: Mapping[str, Any]) -> str:
    """The text that is named, or else found; where the cluster pins or reranks by itself, naming one does not help."""
    try:
        found = query_text(body, asked.parameter("q"))
    except PassThroughError as passed:
        if asked.wishes.query is None or passed.reason in ("own_rerank", "pinned"):
            raise
        return asked.wishes.query
    return asked.wishes.query or found


def _whole(asked: Asked, name: str, default: int) -> int:
    """A number from 0, of the URL or else of the body, where it may be written as a text."""
    assert asked.body is not None
    given = asked.parameter(name)
    value = asked.body.get(name, default) if given is None else given
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise PassThroughError("body")
    return value


def _widened(body: Mapping[str, Any], page_end: int, depth: int) -> tuple[dict[str, Any], int]:
    """The body that asks for the first `depth` hits, and how many these are in the end.

    Ranks are fused over a window of their own, which must not be smaller than the size: where the client gave one, no
    more hits are asked for; where it gave none, it becomes the size. A rescoring retriever's window holds as well.
    """
    if isinstance(body.get("retriever"), dict) and "rescorer" in body["retriever"]:
        windows = [rescorer.get("window_size", 10) for rescorer in _rescorers(body)]
        depth = max(min([depth, *(window for window in windows if isinstance(window, int))]), page_end)
    for section in ("retriever", "rank"):
        for kind, part in body[section].items() if isinstance(body.get(section), dict) else ():
            if kind in ("standard", "knn", "rescorer") or not isinstance(part, dict):
                continue
            given = next((part[name] for name in _WINDOW_NAMES if name in part), None)
            if isinstance(given, int):
                depth = max(min(depth, given), page_end)
            else:
                body = {**body, section: {kind: {**part, "rank_window_size": depth}}}
    return {**{name: value for name, value in body.items() if name != "from"}, "size": depth}, depth


def _shown(asked: Asked, body: Mapping[str, Any]) -> list[str]:
    """Patterns of what the client wants among a hit's `fields`."""
    collapse = body.get("collapse")
    found = [*_names(*(body.get(f"{kind}fields") for kind in ("", "docvalue_", "stored_", "script_")))]
    found += [name for kind in ("docvalue_", "stored_") for name in (asked.parameter(f"{kind}fields") or "").split(",")]
    return [*found, *([str(collapse.get("field"))] if isinstance(collapse, dict) else [])]


def _names(*sections: Any) -> Iterable[str]:
    for section in sections:
        for entry in _list(section):
            name = entry.get("field") if isinstance(entry, dict) else entry
            if isinstance(name, str):
                yield name


def _list(value: Any) -> list[Any]:
    """What may be given alone or in a list, or by name, as a list."""
    return list(value) if isinstance(value, (list, dict)) else [] if value is None else [value]
