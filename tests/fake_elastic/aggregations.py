"""Aggregations over the documents that a search matches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fake_elastic.protocol import ElasticError
from fake_elastic.store import Document

Matching = Callable[[Mapping[str, Any]], set[int]]
"""From a query to the identities of the documents that match it."""

_NUMBERS: dict[str, Callable[[Sequence[float]], Any]] = {
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "sum": lambda values: float(sum(values)),
    "avg": lambda values: sum(values) / len(values) if values else None,
}


def aggregate(asked: Mapping[str, Any], documents: Sequence[Document], matching: Matching) -> dict[str, Any]:
    """The answer to each named aggregation."""
    return {name: _one(name, body, documents, matching) for name, body in asked.items()}


def _one(name: str, body: Mapping[str, Any], documents: Sequence[Document], matching: Matching) -> dict[str, Any]:
    inner = body.get("aggs", body.get("aggregations", {}))
    kinds = [kind for kind in body if kind not in ("aggs", "aggregations", "meta")]
    if len(kinds) != 1:
        raise ElasticError(400, "parsing_exception", f"Expected one type of aggregation in [{name}], found {kinds}")
    kind, options = kinds[0], body[kinds[0]]

    def bucket(key: Any, some: Sequence[Document]) -> dict[str, Any]:
        shown = {} if key is None else {"key": key}
        return {**shown, "doc_count": len(some), **aggregate(inner, some, matching)}

    if kind == "terms":
        return _terms(options, documents, bucket)
    if kind == "filter":
        kept = matching(options)
        return bucket(None, [document for document in documents if id(document) in kept])
    if kind == "filters":
        named = {key: matching(query) for key, query in options["filters"].items()}
        return {"buckets": {key: bucket(None, [d for d in documents if id(d) in kept]) for key, kept in named.items()}}
    if kind == "global":
        raise ElasticError(400, "parsing_exception", "the fake server has no [global] aggregation")
    if kind == "range":
        return {"buckets": [_range(options["field"], limits, documents, bucket) for limits in options["ranges"]]}
    if kind == "histogram":
        return _histogram(options, documents, bucket)
    values = [value for document in documents for value in document.fields.get(options["field"], ())]
    if kind == "value_count":
        return {"value": len(values)}
    if kind == "cardinality":
        return {"value": len(set(values))}
    if kind == "stats":
        return {"count": len(values), **{one: compute(values) for one, compute in _NUMBERS.items()}}
    if kind in _NUMBERS:
        return {"value": _NUMBERS[kind](values)}
    raise ElasticError(400, "parsing_exception", f"Unknown aggregation type [{kind}]", line=1, col=1)


def _terms(options: Mapping[str, Any], documents: Sequence[Document], bucket: Callable[..., Any]) -> dict[str, Any]:
    groups: dict[Any, list[Document]] = {}
    for document in documents:
        held = document.fields.get(options["field"]) or ([options["missing"]] if "missing" in options else [])
        for value in dict.fromkeys(held):
            groups.setdefault(value, []).append(document)
    by_key = options.get("order", {}).get("_key") if isinstance(options.get("order"), Mapping) else None
    if by_key:
        ordered = sorted(groups.items(), key=lambda item: item[0], reverse=by_key == "desc")
    else:
        ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    size = int(options.get("size", 10))
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(len(some) for _, some in ordered[size:]),
        "buckets": [bucket(key, some) for key, some in ordered[:size]],
    }


def _range(
    name: str, limits: Mapping[str, Any], documents: Sequence[Document], bucket: Callable[..., Any]
) -> dict[str, Any]:
    low, high = limits.get("from"), limits.get("to")
    some = [
        document
        for document in documents
        if any((low is None or v >= low) and (high is None or v < high) for v in document.fields.get(name, ()))
    ]
    key = limits.get("key", f"{'*' if low is None else float(low)}-{'*' if high is None else float(high)}")
    return {**bucket(key, some), **{side: limits[side] for side in ("from", "to") if side in limits}}


def _histogram(options: Mapping[str, Any], documents: Sequence[Document], bucket: Callable[..., Any]) -> dict[str, Any]:
    interval = float(options["interval"])
    groups: dict[float, list[Document]] = {}
    for document in documents:
        for value in document.fields.get(options["field"], ()):
            groups.setdefault(value // interval * interval, []).append(document)
    return {"buckets": [bucket(key, groups[key]) for key in sorted(groups)]}
