"""Indices: create, delete, mappings, settings, aliases, refresh, count, analysis."""

from typing import TYPE_CHECKING, Any

from fake_elastic.analysis import analyze
from fake_elastic.protocol import ElasticError, Request, Response
from fake_elastic.search import Search
from fake_elastic.store import Index

if TYPE_CHECKING:
    from fake_elastic.server import FakeElastic

_DONE = {"acknowledged": True}


def add(node: "FakeElastic") -> None:
    """Add the routes."""
    routes = _IndexRoutes(node)
    node.route("PUT", "/{index}", routes.create)
    node.route("GET", "/{index}", routes.get)
    node.route("DELETE", "/{index}", routes.delete)
    for path in ("/{index}/_mapping", "/{index}/_mappings"):
        node.route("GET", path, routes.mapping)
        node.route("PUT", path, routes.put_mapping)
    node.route("GET", "/{index}/_settings", routes.settings)
    node.route("PUT", "/{index}/_settings", routes.put_settings)
    node.route("POST", "/_aliases", routes.aliases)
    node.route("GET", "/_alias", lambda request: routes.alias(request))
    node.route("GET", "/_alias/{alias}", routes.alias)
    node.route("GET", "/{index}/_alias", routes.alias)
    node.route("GET", "/{index}/_alias/{alias}", routes.alias)
    node.route("PUT", "/{index}/_alias/{alias}", routes.put_alias)
    node.route("DELETE", "/{index}/_alias/{alias}", routes.delete_alias)
    for method in ("GET", "POST"):
        node.route(method, "/_refresh", lambda request: routes.refresh(request, "_all"))
        node.route(method, "/{index}/_refresh", routes.refresh)
        node.route(method, "/{index}/_forcemerge", routes.refresh)
        node.route(method, "/_count", lambda request: routes.count(request, "_all"))
        node.route(method, "/{index}/_count", routes.count)
        node.route(method, "/_analyze", lambda request: routes.analyze(request))
        node.route(method, "/{index}/_analyze", routes.analyze)
    node.route("GET", "/_cat/indices", lambda request: routes.listed(request, "*"))
    node.route("GET", "/_cat/indices/{index}", routes.listed)


class _IndexRoutes:
    def __init__(self, node: "FakeElastic"):
        self.node = node
        self.store = node.store

    def create(self, request: Request, index: str) -> dict[str, Any]:
        self.store.create(index, request.json(), self.node.engine)
        return {**_DONE, "shards_acknowledged": True, "index": index}

    def get(self, request: Request, index: str) -> dict[str, Any]:
        return {one.name: one.described() for one in self._named(request, index)}

    def delete(self, request: Request, index: str) -> dict[str, Any]:
        for name in index.split(","):
            if name not in self.store.indices and self.store.aliased(name):
                reason = f"The provided expression [{name}] matches an alias, specify the concrete indices instead."
                raise ElasticError(400, "illegal_argument_exception", reason)
        for one in self._named(request, index):
            del self.store.indices[one.name]
        return _DONE

    def mapping(self, request: Request, index: str) -> dict[str, Any]:
        return {one.name: {"mappings": one.mapping} for one in self._named(request, index)}

    def put_mapping(self, request: Request, index: str) -> dict[str, Any]:
        for one in self._named(request, index):
            one.put_mapping(request.json())
        return _DONE

    def settings(self, request: Request, index: str) -> dict[str, Any]:
        return {one.name: {"settings": one.described()["settings"]} for one in self._named(request, index)}

    def put_settings(self, request: Request, index: str) -> dict[str, Any]:
        body = request.json()
        for one in self._named(request, index):
            one.settings.update({name.removeprefix("index."): value for name, value in body.get("index", body).items()})
        return _DONE

    def aliases(self, request: Request) -> dict[str, Any]:
        """All actions or none."""
        actions = [next(iter(action.items())) for action in request.json()["actions"]]
        for kind, options in actions:
            if kind not in ("add", "remove", "remove_index"):
                raise ElasticError(400, "parsing_exception", f"unknown field [{kind}]", line=1, col=1)
            found = self.store.named(_indices(options))
            if (
                kind == "remove"
                and options.get("must_exist", True)
                and not any(options["alias"] in i.aliases for i in found)
            ):
                reason = f"aliases [{options['alias']}] missing"
                raise ElasticError(404, "aliases_not_found_exception", reason)
            gone = {_indices(others) for other, others in actions if other == "remove_index"}
            if kind == "add" and options["alias"] in set(self.store.indices) - gone:
                reason = f"Invalid alias name [{options['alias']}]: an index exists with the same name as the alias"
                raise ElasticError(400, "invalid_alias_name_exception", reason)
        for kind, options in actions:
            for one in self.store.named(_indices(options)):
                if kind == "remove_index":
                    del self.store.indices[one.name]
                elif kind == "remove":
                    one.aliases.pop(options["alias"], None)
                else:
                    more = {key: value for key, value in options.items() if key not in ("index", "indices", "alias")}
                    one.aliases[options["alias"]] = more
        return _DONE

    def alias(self, request: Request, index: str = "_all", alias: str | None = None) -> Any:
        found = {
            one.name: {"aliases": {name: more for name, more in one.aliases.items() if alias in (None, name)}}
            for one in self.store.named(index)
            if alias is None or alias in one.aliases
        }
        if alias is not None and not found:
            return Response(404, {"error": f"alias [{alias}] missing", "status": 404})
        return found

    def put_alias(self, request: Request, index: str, alias: str) -> dict[str, Any]:
        for one in self.store.named(index):
            one.aliases[alias] = request.json()
        return _DONE

    def delete_alias(self, request: Request, index: str, alias: str) -> dict[str, Any]:
        for one in self.store.named(index):
            one.aliases.pop(alias, None)
        return _DONE

    def refresh(self, request: Request, index: str) -> dict[str, Any]:
        found = self._named(request, index)
        for one in found:
            one.refresh()
        count = sum(one.shard_count for one in found)
        return {"_shards": {"total": count, "successful": count, "failed": 0}}

    def count(self, request: Request, index: str) -> dict[str, Any]:
        body = request.json()
        search = Search(self._named(request, index), {**body, "size": 0}, dfs=False, lost=0)
        return {"count": len(search.found().matching), "_shards": search.shards_answer()}

    def analyze(self, request: Request, index: str | None = None) -> dict[str, Any]:
        body = request.json()
        settings = self.store.named(index)[0].analysis if index else {}
        name = body.get("analyzer", "standard")
        if "field" in body and index:
            tokens = self.store.named(index)[0].tokens(body["field"], body["text"])
        else:
            tokens = analyze(body["text"], name, settings)
        return {"tokens": [{"token": token, "position": place} for place, token in enumerate(tokens)]}

    def listed(self, request: Request, index: str) -> list[dict[str, str]]:
        return [
            {"health": "green", "status": "open", "index": one.name, "docs.count": str(len(one.searchable))}
            for one in self.store.named(index)
        ]

    def _named(self, request: Request, expression: str) -> list[Index]:
        return self.store.named(expression, ignore_missing=request.flag("ignore_unavailable"))


def _indices(options: dict[str, Any]) -> str:
    return options.get("index") or ",".join(options["indices"])
