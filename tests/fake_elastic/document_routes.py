"""Documents: bulk, one by one, several by id."""

from typing import TYPE_CHECKING, Any

from fake_elastic.bulk import bulk
from fake_elastic.protocol import Request, Response
from fake_elastic.search import filtered_source

if TYPE_CHECKING:
    from fake_elastic.server import FakeElastic


def add(node: "FakeElastic") -> None:
    """Add the routes."""
    routes = _DocumentRoutes(node)
    for method in ("POST", "PUT"):
        node.route(method, "/_bulk", routes.bulk)
        node.route(method, "/{index}/_bulk", routes.bulk)
        node.route(method, "/{index}/_doc/{document}", routes.write)
        node.route(method, "/{index}/_create/{document}", routes.create)
    node.route("GET", "/{index}/_doc/{document}", routes.read)
    node.route("DELETE", "/{index}/_doc/{document}", routes.delete)
    for method in ("GET", "POST"):
        node.route(method, "/{index}/_mget", routes.several)


class _DocumentRoutes:
    def __init__(self, node: "FakeElastic"):
        self.node = node
        self.store = node.store

    def bulk(self, request: Request, index: str | None = None) -> dict[str, Any]:
        return bulk(self.store, self.node.engine, self.node.faults, request, index, half=self.node.half)

    def write(self, request: Request, index: str, document: str) -> Response:
        return self._write(request, index, document, create=request.parameters.get("op_type") == "create")

    def create(self, request: Request, index: str, document: str) -> Response:
        return self._write(request, index, document, create=True)

    def read(self, request: Request, index: str, document: str) -> Response:
        one = self.store.named(index)[0]
        found = one.documents.get(document)
        if found is None:
            return Response(404, {"_index": one.name, "_id": document, "found": False})
        shown = {"_index": one.name, "_id": document, "_version": found.version, "_seq_no": found.sequence}
        return Response(200, {**shown, "_primary_term": 1, "found": True, "_source": found.source})

    def delete(self, request: Request, index: str, document: str) -> Response:
        one = self.store.writable(index, self.node.engine, create=False)
        found = one.documents.pop(document, None)
        if request.parameters.get("refresh") in ("true", "", "wait_for"):
            one.refresh()
        return Response(
            404 if found is None else 200,
            {"_index": one.name, "_id": document, "result": "not_found" if found is None else "deleted"},
        )

    def several(self, request: Request, index: str) -> dict[str, Any]:
        one, body = self.store.named(index)[0], request.json()
        wanted = body.get("ids") or [entry["_id"] for entry in body["docs"]]
        asked: Any = request.parameters.get("_source", body.get("_source", True))
        asked = asked.split(",") if isinstance(asked, str) and asked not in ("true", "false") else asked
        docs = []
        for document in wanted:
            found = one.documents.get(document)
            entry: dict[str, Any] = {"_index": one.name, "_id": document, "found": found is not None}
            source = filtered_source(found.source, asked) if found is not None else None
            docs.append(entry if source is None else {**entry, "_source": source})
        return {"docs": docs}

    def _write(self, request: Request, index: str, document: str, *, create: bool) -> Response:
        one = self.store.writable(index, self.node.engine)
        made = one.write(document, request.json(), create=create)
        if request.parameters.get("refresh") in ("true", "", "wait_for"):
            one.refresh()
        first = made.version == 1
        return Response(
            201 if first else 200,
            {
                "_index": one.name,
                "_id": document,
                "_version": made.version,
                "result": "created" if first else "updated",
                "_shards": {"total": 1, "successful": 1, "failed": 0},
                "_seq_no": made.sequence,
                "_primary_term": 1,
            },
        )
