"""Queries that shops send and that nothing of ours does: what the search proxy is tried with.

Those that need a model (semantic, neural and their kin) look for the text's words in all text fields in its place;
pinned products come first; nested documents are flat, as all of them are here.
"""

import fnmatch
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fake_elastic.protocol import ElasticError

if TYPE_CHECKING:
    from fake_elastic.queries import Searcher
    from fake_elastic.store import Document

Scores = dict[str, float]
Handler = Callable[["Searcher", Any], Scores]

_EARTH_KM = 6371.0
_PINNED = 1e6


def _any_text(searcher: "Searcher", text: str) -> Scores:
    names = [name for name in searcher.shard._fields if searcher.shard.type_of(name) == "text"]
    return searcher.multi_match({"query": text, "fields": names, "type": "most_fields"})


def _only(body: Mapping[str, Any]) -> tuple[str, Any]:
    return next((name, value) for name, value in body.items() if name not in ("boost", "_name"))


def _said(options: Any, *names: str) -> str:
    return str(
        options if not isinstance(options, Mapping) else next(options[name] for name in names if name in options)
    )


def combined_fields(searcher: "Searcher", body: Any) -> Scores:
    return searcher.multi_match({**body, "type": "cross_fields"})


def match_prefix(searcher: "Searcher", body: Any) -> Scores:
    """The last word may be the beginning of one."""
    name, options = _only(body)
    *whole, start = _said(options, "query").lower().split()
    found = searcher.match({name: " ".join(whole)}) if whole else {}
    for document in searcher.shard.documents.values():
        words = " ".join(map(str, document.fields.get(name, ()))).lower().split()
        if any(word.startswith(start) for word in words):
            found[document.id] = found.get(document.id, 0.0) + 1.0
    return found


def wildcard(searcher: "Searcher", body: Any) -> Scores:
    name, options = _only(body)
    return _where(searcher, name, lambda value: fnmatch.fnmatchcase(value, _said(options, "value", "wildcard")))


def regexp(searcher: "Searcher", body: Any) -> Scores:
    name, options = _only(body)
    return _where(searcher, name, lambda value: re.fullmatch(_said(options, "value"), value) is not None)


def fuzzy(searcher: "Searcher", body: Any) -> Scores:
    """Words of the same length that differ in one letter at most."""
    name, options = _only(body)
    wanted = _said(options, "value")

    def near(value: str) -> bool:
        words = [word for word in value.lower().split() if len(word) == len(wanted)]
        return any(sum(a != b for a, b in zip(word, wanted, strict=True)) <= 1 for word in words)

    return _where(searcher, name, near)


def nested(searcher: "Searcher", body: Any) -> Scores:
    return searcher.run(body["query"])


def geo_distance(searcher: "Searcher", body: Any) -> Scores:
    name = next(key for key in body if key not in ("distance", "distance_type", "boost", "_name", "validation_method"))
    number, unit = re.fullmatch(r"([\d.]+)\s*(km|m)", str(body["distance"])).groups()  # type: ignore[union-attr]
    limit, (lat, lon) = float(number) / (1 if unit == "km" else 1000), _point(body[name])
    return _placed(searcher, name, lambda a, b: _km(lat, lon, a, b) <= limit)


def geo_bounding_box(searcher: "Searcher", body: Any) -> Scores:
    name, box = _only(body)
    (top, left), (bottom, right) = _point(box["top_left"]), _point(box["bottom_right"])
    return _placed(searcher, name, lambda lat, lon: bottom <= lat <= top and left <= lon <= right)


def more_like_this(searcher: "Searcher", body: Any) -> Scores:
    texts = []
    for like in body["like"] if isinstance(body["like"], list) else [body["like"]]:
        document = None if isinstance(like, str) else searcher.shard.index.documents.get(like["_id"])
        texts += [like] if isinstance(like, str) else [str(document.fields.get(n)) for n in body["fields"] if document]
    return searcher.multi_match({"query": " ".join(texts), "fields": body["fields"]})


def percolate(searcher: "Searcher", body: Any) -> Scores:
    """No queries are stored here."""
    if not {"field", "document"} <= body.keys() and "documents" not in body:
        raise ElasticError(400, "parsing_exception", "[percolate] query is missing required [document]")
    return {}


def rank_feature(searcher: "Searcher", body: Any) -> Scores:
    found = {}
    for document in searcher.shard.documents.values():
        if held := document.fields.get(body["field"]):
            found[document.id] = float(held[0]) / (float(held[0]) + float(body.get("saturation", {}).get("pivot", 100)))
    return found


def distance_feature(searcher: "Searcher", body: Any) -> Scores:
    return dict.fromkeys(searcher.exists({"field": body["field"]}), 0.5)


def hybrid(searcher: "Searcher", body: Any) -> Scores:
    found: Scores = {}
    for query in body["queries"]:
        for document, score in searcher.run(query).items():
            found[document] = found.get(document, 0.0) + score
    return found


def pinned(searcher: "Searcher", body: Any) -> Scores:
    ids = body.get("ids", [])
    first = {document: _PINNED - place for place, document in enumerate(ids) if document in searcher.shard.documents}
    return searcher.run(body["organic"]) | first


def by_meaning(*names: str) -> Handler:
    """The text stands under one of these names, in the body or in what a field's name leads to."""

    def search(searcher: "Searcher", body: Any) -> Scores:
        options = body if any(name in body for name in names) else _only(body)[1]
        return _any_text(searcher, _said(options, *names))

    return search


def looked_up(searcher: "Searcher", wanted: Mapping[str, Any]) -> list[Any]:
    """The terms that a document holds: of this index, whatever is named."""
    document = searcher.shard.index.documents.get(wanted["id"])
    return [] if document is None else list(document.fields.get(wanted["path"], ()))


def decayed(document: "Document", options: Mapping[str, Any], shape: str) -> float:
    """A decay function over a number."""
    name, about = next((name, value) for name, value in options.items() if name != "multi_value_mode")
    held = document.fields.get(name)
    if not held or not isinstance(held[0], (int, float)):
        return 1.0
    distance = max(abs(held[0] - float(about["origin"])) - float(about.get("offset", 0)), 0.0) / float(about["scale"])
    decay = float(about.get("decay", 0.5))
    if shape == "linear":
        return max(1.0 - distance * (1.0 - decay), 0.0)
    return float(decay ** (distance**2 if shape == "gauss" else distance))


def scripted(document: "Document", source: str, score: float, parameters: Mapping[str, Any]) -> float:
    """Scripts of the forms `_score * Math.log(2 + doc['x'].value)`, `doc['x'].value * params.y`, `doc['x'].value`."""
    form = re.fullmatch(
        r"(?:_score \* )?(?:Math\.log\(2 \+ )?doc\['([\w.]+)'\]\.value\)?(?: \* params\.(\w+))?", source
    )
    if form is None:
        raise ElasticError(400, "script_exception", f"compile error in [{source}]")
    value = float((document.fields.get(form[1]) or [0])[0])
    value = math.log(2 + value) if "Math.log" in source else value
    return value * (score if source.startswith("_score") else 1.0) * float(parameters.get(form[2] or "", 1))


def _where(searcher: "Searcher", name: str, holds: Callable[[str], bool]) -> Scores:
    return searcher._where(lambda fields: any(holds(str(value)) for value in fields.get(name, ())))


def _placed(searcher: "Searcher", name: str, holds: Callable[[float, float], bool]) -> Scores:
    places: Iterator[tuple[str, Any]] = (
        (document.id, document.source.get(name)) for document in searcher.shard.documents.values()
    )
    return {document: 1.0 for document, place in places if place is not None and holds(*_point(place))}


def _point(value: Any) -> tuple[float, float]:
    if isinstance(value, str):
        lat, lon = value.split(",")
        return float(lat), float(lon)
    return (value["lat"], value["lon"]) if isinstance(value, Mapping) else (value[1], value[0])


def _km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    a, b = math.radians(lat), math.radians(other_lat)
    across = math.sin((b - a) / 2) ** 2
    along = math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(across + along))


_BOTH: dict[str, Handler] = {
    "combined_fields": combined_fields,
    "distance_feature": distance_feature,
    "fuzzy": fuzzy,
    "geo_bounding_box": geo_bounding_box,
    "geo_distance": geo_distance,
    "match_bool_prefix": match_prefix,
    "match_phrase_prefix": match_prefix,
    "more_like_this": more_like_this,
    "nested": nested,
    "percolate": percolate,
    "rank_feature": rank_feature,
    "regexp": regexp,
    "wildcard": wildcard,
}
MORE_QUERIES: dict[str, dict[str, Handler]] = {
    "elasticsearch": {
        **_BOTH,
        "pinned": pinned,
        "semantic": by_meaning("query"),
        "sparse_vector": by_meaning("query"),
        "text_expansion": by_meaning("model_text"),
    },
    "opensearch": {
        **_BOTH,
        "hybrid": hybrid,
        "neural": by_meaning("query_text"),
        "neural_sparse": by_meaning("query_text"),
    },
}
"""By engine, what it has besides the queries of `queries.py`."""
