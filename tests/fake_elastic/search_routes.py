"""Searching: `_search`, `_msearch`, scrolls and points in time."""

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_elastic.protocol import ElasticError, Request
from fake_elastic.search import Search
from fake_elastic.store import Index

if TYPE_CHECKING:
    from fake_elastic.server import FakeElastic


def add(node: "FakeElastic") -> None:
    """Add the routes."""
    routes = _SearchRoutes(node)
    for method in ("GET", "POST"):
        node.route(method, "/_search", routes.search)
        node.route(method, "/{index}/_search", routes.search)
        node.route(method, "/_msearch", routes.several)
        node.route(method, "/{index}/_msearch", routes.several)
        node.route(method, "/_search/scroll", routes.scroll)
    node.route("DELETE", "/_search/scroll", routes.end_scroll)
    node.route("POST", "/{index}/_pit", routes.point)
    node.route("DELETE", "/_pit", routes.end_point)
    node.route("POST", "/{index}/_search/point_in_time", routes.point)
    node.route("DELETE", "/_search/point_in_time", routes.end_point)


class _SearchRoutes:
    def __init__(self, node: "FakeElastic"):
        self.node = node
        self.store = node.store

    def search(self, request: Request, index: str = "_all") -> dict[str, Any]:
        body = request.json()
        for name in ("size", "from"):
            if name in request.parameters:
                body[name] = int(request.parameters[name])
        if "sort" in request.parameters:
            body["sort"] = request.parameters["sort"].split(",")
        if "source" in request.parameters and not body:
            body = json.loads(request.parameters["source"])
        if "q" in request.parameters:
            body["query"] = {"query_string": {"query": request.parameters["q"]}}
        if "_source" in request.parameters:
            asked = request.parameters["_source"]
            body["_source"] = asked if asked in ("true", "false") else asked.split(",")
        ignore = request.flag("ignore_unavailable")
        indices = self._indices(index, body, ignore)
        if "scroll" in request.parameters:
            return self._first_of_scroll(indices, body)
        answer = self._answer(indices, body, request.parameters)
        if request.flag("rest_total_hits_as_int") and "total" in answer["hits"]:
            answer["hits"]["total"] = answer["hits"]["total"]["value"]
        return answer

    def several(self, request: Request, index: str | None = None) -> dict[str, Any]:
        lines = request.lines()
        answers = []
        for header, body in zip(lines[::2], lines[1::2], strict=True):
            named = header.get("index", index or "_all")
            named = ",".join(named) if isinstance(named, list) else named
            parameters = {**request.parameters, **{name: str(value).lower() for name, value in header.items()}}
            try:
                indices = self._indices(named, body, bool(header.get("ignore_unavailable")))
                answers.append({**self._answer(indices, body, parameters), "status": 200})
            except ElasticError as error:
                answers.append(error.body())
        return {"took": 1, "responses": answers}

    def _answer(self, indices: list[Index], body: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
        dfs = parameters.get("search_type") == "dfs_query_then_fetch"
        search = Search(indices, body, dfs=dfs, lost=self.node.lost_shards)
        if search.lost and (parameters.get("allow_partial_search_results") == "false" or not search.shards):
            reason = "Search rejected due to missing shards" if search.shards else "all shards failed"
            raise ElasticError(
                503, "search_phase_execution_exception", reason, phase="query", failed_shards=search.failures()
            )
        return search.response()

    def _indices(self, named: str, body: dict[str, Any], ignore: bool) -> list[Index]:
        point = body.pop("pit", None)
        if point is not None:
            if point["id"] not in self.store.points:
                raise ElasticError(404, "search_context_missing_exception", "No search context found")
            return self.store.points[point["id"]]
        return self.store.named(named, ignore_missing=ignore)

    def _first_of_scroll(self, indices: list[Index], body: dict[str, Any]) -> dict[str, Any]:
        size = int(body.get("size", 10))
        whole = Search(indices, {**body, "size": 10_000 - int(body.get("from", 0))}, dfs=False, lost=0).response()
        hits = whole["hits"]["hits"]
        scroll = secrets.token_urlsafe(16)
        self.store.scrolls[scroll] = (whole, hits[size:], size)
        return {"_scroll_id": scroll, **whole, "hits": {**whole["hits"], "hits": hits[:size]}}

    def scroll(self, request: Request) -> dict[str, Any]:
        scroll = request.json().get("scroll_id") or request.parameters.get("scroll_id")
        if scroll not in self.store.scrolls:
            raise ElasticError(404, "search_context_missing_exception", f"No search context found for id [{scroll}]")
        whole, left, size = self.store.scrolls[scroll]
        self.store.scrolls[scroll] = (whole, left[size:], size)
        return {"_scroll_id": scroll, **whole, "hits": {**whole["hits"], "hits": left[:size]}}

    def end_scroll(self, request: Request) -> dict[str, Any]:
        ended = request.json().get("scroll_id", [])
        ended = [ended] if isinstance(ended, str) else ended
        freed = sum(self.store.scrolls.pop(scroll, None) is not None for scroll in ended)
        return {"succeeded": True, "num_freed": freed}

    def point(self, request: Request, index: str) -> dict[str, Any]:
        point = secrets.token_urlsafe(16)
        self.store.points[point] = self.store.named(index)
        return {"id": point} if self.node.engine == "elasticsearch" else {"pit_id": point}

    def end_point(self, request: Request) -> dict[str, Any]:
        freed = self.store.points.pop(request.json().get("id", ""), None) is not None
        return {"succeeded": True, "num_freed": int(freed)}
