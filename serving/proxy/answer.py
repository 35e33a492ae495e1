"""The cluster's answer to a wider search, made into the answer to the search that was asked.

Only what has to change does: the page of hits, their `_score`, `max_score`, and the `fields` that the proxy asked for.
Everything else (totals, aggregations, suggestions, highlights, `_source`) stays as the cluster wrote it, to the byte.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rerank.pipeline import RankedHit
from retrieval.types import Product
from serving.proxy.filter_path import filtered
from serving.proxy.json_cursor import JsonCursor, as_object
from serving.proxy.passing import PassThroughError
from serving.proxy.plan import Plan

ADDED = "_distilrank."
"""How the names begin that reranked hits have among their `fields`: `cluster_score`, `cluster_rank`, `rerank_score`."""


class ClusterHit(NamedTuple):
    """A hit: its members as they were written, its score (None for none) and what its `fields` hold."""

    members: dict[str, str]
    score: float | None
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class ClusterAnswer:
    """The answer to a wider search: its members, and those of `hits`, as they were written; and the hits."""

    members: dict[str, str]
    head: dict[str, str]
    hits: list[ClusterHit]

    @classmethod
    def read(cls, content: bytes) -> "ClusterAnswer":
        """Raises:
        PassThroughError: when it is no answer to a search.
        """
        try:
            return cls._read(JsonCursor(content.decode("utf-8")))
        except (ValueError, RecursionError):
            raise PassThroughError("unreadable_answer") from None

    @classmethod
    def _read(cls, cursor: JsonCursor) -> "ClusterAnswer":
        members: dict[str, str] = {}
        head: dict[str, str] = {}
        hits: list[ClusterHit] = []
        for name in cursor.members():
            if name != "hits":
                members[name] = cursor.value().text
                continue
            members[name] = ""  # its place
            for inner in cursor.members():
                head[inner] = "" if inner == "hits" else cursor.value().text
                if inner == "hits":
                    hits = [_hit(cursor) for _ in cursor.elements()]
        if "hits" not in head:
            raise ValueError("no hits")
        return cls(members, head, hits)

    def products(self, fields: Mapping[str, str]) -> list[Product]:
        """The hits as products, called by their places; `fields` names, by product field, the cluster's field."""
        return [
            Product(str(place), {name: _words(hit.fields.get(source)) for name, source in fields.items()})
            for place, hit in enumerate(self.hits)
        ]

    def scores(self) -> list[float]:
        """The hits' scores; where one has none, their places stand for them, so that they still fall."""
        scores = [hit.score for hit in self.hits]
        return [-float(place) if None in scores else float(score or 0.0) for place, score in enumerate(scores)]


def as_found(answer: ClusterAnswer, plan: Plan) -> bytes:
    """The page in the cluster's own order."""
    page = answer.hits[plan.offset : plan.offset + plan.size]
    return _written(answer, plan, [_members(hit, plan, {}) for hit in page], None)


def reranked(answer: ClusterAnswer, plan: Plan, ranking: Sequence[RankedHit]) -> bytes:
    """The page of a ranking, whose product ids are places of the answer's hits."""
    page = []
    for ranked in ranking[plan.offset : plan.offset + plan.size]:
        hit = answer.hits[int(ranked.product_id)]
        more: dict[str, Any] = {"cluster_score": [hit.score], "cluster_rank": [ranked.first_rank]}
        if ranked.rerank_score is not None:
            more["rerank_score"] = [ranked.rerank_score]
        members = _members(hit, plan, {f"{ADDED}{name}": value for name, value in more.items()})
        page.append(members | {"_score": json.dumps(shown_score(ranked.score))})
    best = json.dumps(shown_score(ranking[0].score)) if ranking else None
    return _written(answer, plan, page, best)


def shown_score(score: float) -> float:
    """A score as `_score` shows it: above 0, as clients of Elasticsearch expect, in the same order.

    1 + score from 0 up, its exponential below: what Elasticsearch makes of a reranker's scores.
    """
    return max(score, 0.0) + min(math.exp(min(score, 0.0)), 1.0)


def _hit(cursor: JsonCursor) -> ClusterHit:
    members: dict[str, str] = {}
    values: dict[str, Any] = {"_score": None, "fields": {}}
    for name in cursor.members():
        members[name], value = cursor.value()
        if name in values:
            values[name] = value
    if not isinstance(values["fields"], dict) or not isinstance(values["_score"], (int, float, type(None))):
        raise ValueError("no hit")
    return ClusterHit(members, values["_score"], values["fields"])


def _members(hit: ClusterHit, plan: Plan, more: Mapping[str, Any]) -> dict[str, str]:
    """A hit as the client asked for it: without what only the proxy wanted to see, and with `more` among its fields."""
    own = {name for name in plan.fields.values() if not plan.shows(name)}
    fields = {name: value for name, value in hit.fields.items() if name not in own} | dict(more)
    members = {name: text for name, text in hit.members.items() if name != "ignored_field_values"}
    if "ignored_field_values" in hit.members:
        ignored = json.loads(hit.members["ignored_field_values"])
        if left := {name: value for name, value in ignored.items() if name not in own}:
            members["ignored_field_values"] = json.dumps(left)
    if fields != hit.fields:
        members.pop("fields", None)
        if fields:
            members["fields"] = json.dumps(fields)
    return members


def _written(answer: ClusterAnswer, plan: Plan, page: Sequence[dict[str, str]], best: str | None) -> bytes:
    head = answer.head | {"hits": "[" + ",".join(map(as_object, page)) + "]"}
    if best is not None and "max_score" in head:
        head["max_score"] = best
    text = as_object(answer.members | {"hits": as_object(head)})
    if plan.filter_path:
        text = json.dumps(filtered(json.loads(text), plan.filter_path))
    return text.encode("utf-8")


def _words(value: Any) -> str:
    """A field's values, however deep they lie (those of nested objects do), as one text that can be encoded."""
    return " ".join(_leaves(value)).encode("utf-8", "replace").decode("utf-8")


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield str(value)
