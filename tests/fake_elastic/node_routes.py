"""What a node says of itself: product, licence, features, plugins, health; and the inference endpoints it keeps."""

from typing import TYPE_CHECKING, Any

from fake_elastic.protocol import ElasticError, Request, Response

if TYPE_CHECKING:
    from fake_elastic.server import FakeElastic

_PAID = ("trial", "enterprise", "platinum")


def add(node: "FakeElastic") -> None:
    """Add the routes."""
    node.route("GET", "/", lambda request: _info(node))
    node.route("GET", "/_cluster/health", lambda request: _health(node))
    node.route("GET", "/_cluster/health/{index}", lambda request, index: _health(node))
    node.route("GET", "/_cat/plugins", lambda request: _cat_plugins(node))
    node.route("GET", "/_nodes/plugins", lambda request: _nodes(node))
    node.route("GET", "/_nodes", lambda request: _nodes(node))
    if node.engine == "elasticsearch":
        node.route("GET", "/_license", lambda request: _licence(node))
        node.route("GET", "/_xpack", lambda request: _xpack(node))
        node.route("GET", "/_inference", lambda request: {"endpoints": list(node.store.inference.values())})
        node.route("GET", "/_inference/_all", lambda request: {"endpoints": list(node.store.inference.values())})
        node.route("PUT", "/_inference/{task}/{name}", lambda r, task, name: _put_inference(node, r, task, name))
        for path in ("/_inference/{task}/{name}", "/_inference/{name}"):
            node.route("GET", path, lambda r, name, task=None: {"endpoints": [_inference(node, name)]})
            node.route("DELETE", path, lambda r, name, task=None: _delete_inference(node, name))


def _info(node: "FakeElastic") -> dict[str, Any]:
    version: dict[str, Any] = {
        "number": node.version,
        "build_flavor": "default",
        "build_type": "docker",
        "build_hash": "0" * 40,
        "build_date": "2025-07-21T00:00:00.000000000Z",
        "build_snapshot": False,
        "lucene_version": "10.2.2",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    }
    tagline = "You Know, for Search"
    if node.engine == "opensearch":
        del version["build_flavor"]
        version["distribution"] = "opensearch"
        tagline = "The OpenSearch Project: https://opensearch.org/"
    return {
        "name": "fake-1",
        "cluster_name": "fake",
        "cluster_uuid": "fakefakefakefakefakefa",
        "version": version,
        "tagline": tagline,
    }


def _health(node: "FakeElastic") -> dict[str, Any]:
    shards = sum(index.shard_count for index in node.store.indices.values())
    return {"cluster_name": "fake", "status": "green", "number_of_nodes": 1, "active_shards": shards}


def _cat_plugins(node: "FakeElastic") -> list[dict[str, str]]:
    return [{"name": "fake-1", "component": name, "version": f"{node.version}.0"} for name in node.plugins]


def _nodes(node: "FakeElastic") -> dict[str, Any]:
    plugins = [{"name": name, "version": f"{node.version}.0"} for name in node.plugins]
    one = {
        "name": "fake-1",
        "version": node.version,
        "http": {"publish_address": f"127.0.0.1:{node.port}"},
        "roles": ["data", "ingest", "ml"],
        "plugins": plugins,
        "modules": [],
    }
    return {"cluster_name": "fake", "nodes": {"fake-node-1": one}}


def _licence(node: "FakeElastic") -> dict[str, Any]:
    return {"license": {"status": "active", "uid": "fake", "type": node.licence, "issued_to": "fake", "issuer": "fake"}}


def _xpack(node: "FakeElastic") -> dict[str, Any]:
    paid = node.licence in _PAID
    names = {"ml": paid, "enterprise_search": paid, "security": True, "ilm": True}
    features = {name: {"available": available, "enabled": available} for name, available in names.items()}
    licence = {"uid": "fake", "type": node.licence, "mode": node.licence, "status": "active"}
    return {"build": {"hash": "0" * 40}, "license": licence, "features": features, "tagline": "You know, for X"}


def _put_inference(node: "FakeElastic", request: Request, task: str, name: str) -> Any:
    if node.licence not in _PAID:
        reason = "current license is non-compliant for [inference]"
        raise ElasticError(403, "security_exception", reason, **{"license.expired.feature": "inference"})
    body = request.json()
    if "service" not in body:
        raise ElasticError(400, "status_exception", "Inference endpoint input is missing [service]")
    if name in node.store.inference:
        reason = f"Inference endpoint [{name}] already exists"
        raise ElasticError(400, "resource_already_exists_exception", reason)
    settings = {key: value for key, value in body.get("service_settings", {}).items() if "secret" not in key}
    settings.pop("api_key", None)
    kept = {"inference_id": name, "task_type": task, **body, "service_settings": settings}
    node.store.inference[name] = kept
    return kept


def _inference(node: "FakeElastic", name: str) -> dict[str, Any]:
    if name not in node.store.inference:
        raise ElasticError(404, "resource_not_found_exception", f"Inference endpoint not found [{name}]")
    return node.store.inference[name]


def _delete_inference(node: "FakeElastic", name: str) -> Response:
    _inference(node, name)
    del node.store.inference[name]
    return Response(200, {"acknowledged": True, "pipelines": [], "indexes": [], "dry_run": False})
