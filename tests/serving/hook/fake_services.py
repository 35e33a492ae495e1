"""What the fake cluster lacks for reranking: inference that runs, ml-commons, pipelines, both kinds of reranked search.

They reach our server over HTTP, by the emulations of this folder: from the hook's requests to the order of the hits.
"""

import itertools
import json
from dataclasses import replace
from typing import Any

from fake_elastic import ElasticError, FakeElastic, Request, Response

from tests.serving.hook.elastic_inference import (
    CustomService,
    HuggingFaceService,
    InferenceError,
    text_similarity_reranker,
)
from tests.serving.hook.opensearch_ml import Connector, ConnectorError, Post, rerank_processor

_ML = "/_plugins/_ml"


def add_inference(node: FakeElastic, post: Post) -> None:
    """Elasticsearch's inference endpoints run, and are tried when they are made."""
    bodies: dict[str, dict[str, Any]] = {}
    keep = node.answer

    def service(name: str) -> Any:
        body = bodies[name]
        kinds = {"custom": CustomService, "hugging_face": HuggingFaceService, "elasticsearch": _Inside}
        return kinds[body["service"]](body, post)

    def put(request: Request, task: str, name: str) -> Any:
        answer = node_put(request, task, name)
        bodies[name] = request.json()
        try:
            if task == "rerank":
                service(name).rerank("test query", ["how big"])
            else:
                service(name).embed(["how big"], "ingest")
        except (InferenceError, OSError) as error:
            del node.store.inference[name], bodies[name]
            reason = f"Could not complete inference endpoint creation as validation call to service threw: {error}"
            raise ElasticError(400, "status_exception", reason) from None
        return answer

    def node_put(request: Request, task: str, name: str) -> Any:
        handler = next(h for m, p, h in original if m == "PUT" and p.fullmatch(request.path))
        return handler(request, task=task, name=name)

    def rerank(request: Request, name: str) -> Any:
        if name not in bodies or name not in node.store.inference:
            raise ElasticError(404, "resource_not_found_exception", f"Inference endpoint not found [{name}]")
        body = request.json()
        try:
            ranked = service(name).rerank(body["query"], body["input"])
        except (InferenceError, OSError) as error:
            raise ElasticError(502, "status_exception", str(error)) from None
        return {"rerank": [{"index": one.index, "relevance_score": float(one.relevance_score)} for one in ranked]}

    def search(request: Request, index: str) -> Any:
        body = request.json()
        asked = body.get("retriever", {}).get("text_similarity_reranker")
        if asked is None:
            return next(h for m, p, h in original if m == "POST" and p.fullmatch(request.path))(request, index=index)
        if node.licence not in ("trial", "enterprise"):
            reason = "current license is non-compliant for [text_similarity_reranker]"
            raise ElasticError(403, "security_exception", reason)
        window = asked["rank_window_size"]
        inner = {**body, "retriever": asked["retriever"], "size": window, "_source": True}
        answer = keep(replace(request, body=json.dumps(inner).encode()))
        if answer.status != 200:
            return answer
        hits = answer.body["hits"]["hits"]
        texts = [str(hit["_source"].get(asked["field"], "")) for hit in hits]
        try:
            order = text_similarity_reranker(
                service(asked["inference_id"]),
                asked["inference_text"],
                texts,
                allow_rerank_failures=asked.get("allow_rerank_failures", False),
            )
        except Exception as error:
            raise ElasticError(
                500, "search_phase_execution_exception", f"Computing updated ranks failed: {error}"
            ) from None
        return _answered(answer.body, [(hits[place], score) for place, score in order][: body.get("size", 10)])

    original = list(node._routes)
    node.route("PUT", "/_inference/{task}/{name}", put)
    node.route("POST", "/_inference/rerank/{name}", rerank)
    node.route("POST", "/{index}/_search", search)


def add_ml_commons(node: FakeElastic, post: Post) -> None:
    """OpenSearch's connectors, model groups, models and search pipelines."""
    kept: dict[str, dict[str, dict[str, Any]]] = {"connectors": {}, "model_groups": {}, "models": {}}
    pipelines: dict[str, Any] = {}
    settings: dict[str, Any] = {"plugins.ml_commons.only_run_on_ml_node": "false"}
    numbers = itertools.count(1)

    def add(what: str, body: dict[str, Any]) -> str:
        identity = f"{what}-{next(numbers)}"
        kept[what][identity] = body
        return identity

    def get(what: str, identity: str) -> dict[str, Any]:
        if identity not in kept[what]:
            raise ElasticError(404, "status_exception", f"Failed to find {what} with the provided id: {identity}")
        return kept[what][identity]

    def connect(request: Request) -> Any:
        body = request.json()
        return {"connector_id": add("connectors", body)}

    def group(request: Request) -> Any:
        body = request.json()
        if any(one["name"] == body["name"] for one in kept["model_groups"].values()):
            raise ElasticError(
                400, "illegal_argument_exception", f"The name you provided is already being used: {body['name']}"
            )
        return {"model_group_id": add("model_groups", body), "status": "CREATED"}

    def register(request: Request) -> Any:
        body = request.json()
        get("connectors", body["connector_id"])
        get("model_groups", body["model_group_id"])
        assert request.flag("deploy")
        identity = add("models", {**body, "model_state": "DEPLOYED"})
        return {"task_id": "task-1", "status": "CREATED", "model_id": identity}

    def undeploy(request: Request, identity: str) -> Any:
        get("models", identity)["model_state"] = "UNDEPLOYED"
        return {"node": {"stats": {identity: "undeployed"}}}

    def delete(what: str, identity: str) -> Any:
        one = get(what, identity)
        if what == "models" and one["model_state"] == "DEPLOYED":
            raise ElasticError(400, "status_exception", "Model cannot be deleted in deploying or deployed state.")
        uses = {"connectors": "connector_id", "model_groups": "model_group_id"}.get(what)
        if uses and any(model[uses] == identity for model in kept["models"].values()):
            raise ElasticError(400, "status_exception", f"models are still using this: {identity}")
        del kept[what][identity]
        return {"_id": identity, "result": "deleted"}

    def listing(request: Request, what: str) -> Any:
        name = request.json()["query"]["match"]["name"]
        found = [{"_id": key, "_source": one} for key, one in kept[what].items() if one["name"] == name]
        return {"hits": {"total": {"value": len(found), "relation": "eq"}, "hits": found}}

    def connector(model_id: str) -> Connector:
        model = get("models", model_id)
        if model["model_state"] != "DEPLOYED":
            raise ConnectorError("Model not ready yet.")
        return Connector(get("connectors", model["connector_id"]), post)

    def predict(request: Request, identity: str) -> Any:
        body = request.json()
        try:
            scores = connector(identity).similarities(body["query_text"], body["text_docs"])
        except (ConnectorError, OSError) as error:
            raise ElasticError(500, "status_exception", str(error)) from None
        output = [{"name": "similarity", "data_type": "FLOAT32", "shape": [1], "data": [score]} for score in scores]
        return {"inference_results": [{"output": output, "status_code": 200}]}

    def pipeline(request: Request, name: str) -> Any:
        pipelines[name] = request.json()
        return {"acknowledged": True}

    def shown(request: Request, name: str) -> Any:
        return {name: pipelines[name]} if name in pipelines else Response(404, {})

    def drop(request: Request, name: str) -> Any:
        if pipelines.pop(name, None) is None:
            raise ElasticError(404, "resource_not_found_exception", f"pipeline [{name}] is missing")
        return {"acknowledged": True}

    def search(request: Request, index: str) -> Any:
        name = request.parameters.get("search_pipeline")
        handler = next(h for m, p, h in original if m == "POST" and p.fullmatch(request.path))
        if name is None:
            return handler(request, index=index)
        steps = pipelines[name]
        body = request.json()
        size = body.get("size", 10)
        text = body.pop("ext")["rerank"]["query_context"]["query_text"]
        body["size"] = int(size * steps["request_processors"][0]["oversample"]["sample_factor"])
        answer = handler(replace(request, body=json.dumps(body).encode(), parameters={}), index=index)
        hits = answer["hits"]["hits"]
        rerank, truncate = steps["response_processors"]
        assert truncate == {"truncate_hits": {}}
        options = rerank["rerank"]
        fields = options["context"]["document_fields"]
        texts = ["".join(str(hit["_source"].get(field, "")) for field in fields) for hit in hits]
        using = connector(options["ml_opensearch"]["model_id"])
        order = rerank_processor(using, text, texts, ignore_failure=options.get("ignore_failure", False))
        return _answered(answer, [(hits[place], score) for place, score in order][:size])

    original = list(node._routes)
    node.route("POST", f"{_ML}/connectors/_create", connect)
    node.route("POST", f"{_ML}/model_groups/_register", group)
    node.route("POST", f"{_ML}/models/_register", register)
    node.route("POST", f"{_ML}/models/{{identity}}/_undeploy", undeploy)
    node.route("POST", f"{_ML}/_predict/text_similarity/{{identity}}", predict)
    for what in kept:
        node.route("GET", f"{_ML}/{what}/{{identity}}", lambda request, identity, what=what: get(what, identity))
        node.route("DELETE", f"{_ML}/{what}/{{identity}}", lambda request, identity, what=what: delete(what, identity))
        node.route("POST", f"{_ML}/{what}/_search", lambda request, what=what: listing(request, what))
    node.route("PUT", "/_search/pipeline/{name}", pipeline)
    node.route("GET", "/_search/pipeline/{name}", shown)
    node.route("DELETE", "/_search/pipeline/{name}", drop)
    node.route("GET", "/_cluster/settings", lambda request: {"persistent": settings, "transient": {}, "defaults": {}})
    node.route("PUT", "/_cluster/settings", lambda request: settings.update(request.json()["persistent"]) or {})
    node.route("POST", "/{index}/_search", search)


class _Inside:
    """A model that eland imported; there is none here, so it says how long a text is."""

    def __init__(self, body: dict[str, Any], post: Post) -> None:
        self.model_id = body["service_settings"]["model_id"]

    def rerank(self, query: str, documents: list[str]) -> list[Any]:
        from tests.serving.hook.elastic_inference import RankedDoc

        return [RankedDoc(place, len(text)) for place, text in enumerate(documents)]


def _answered(answer: dict[str, Any], ranked: list[tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    hits = [{**hit, "_score": hit["_score"] if score is None else float(score)} for hit, score in ranked]
    best = max((hit["_score"] for hit in hits), default=None)
    return {**answer, "hits": {**answer["hits"], "hits": hits, "max_score": best}}
