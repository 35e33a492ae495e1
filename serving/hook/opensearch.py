"""OpenSearch (2.12 and later): a connector to our endpoint, a model that uses it, a search pipeline that reranks.

A rerank processor sees only the hits that a search asks for, so the pipeline asks for more (`oversample`) and cuts the
answer back (`truncate_hits`). `ignore_failure` answers the first stage's order when the reranker fails.
"""

from typing import Any

from serving.hook.endpoint import Endpoint
from serving.hook.pieces import Call, Ids, Piece

_ML = "/_plugins/_ml"


def connector_body(name: str, endpoint: Endpoint, mark: str) -> dict[str, Any]:
    """The body of `POST /_plugins/_ml/connectors/_create`; documents arrive as JSON, the query without its quotes."""
    return {
        "name": name,
        "description": _described("the connection to", mark),
        "version": 1,
        "protocol": "http",
        "parameters": {},
        "credential": {"key": endpoint.secret},
        "actions": [
            {
                "action_type": "predict",
                "method": "POST",
                "url": endpoint.cohere,
                "headers": {"Authorization": "Bearer ${credential.key}", "Content-Type": "application/json"},
                "request_body": '{"query": "${parameters.query}", "documents": ${parameters.documents}}',
                "pre_process_function": "connector.pre_process.cohere.rerank",
                "post_process_function": "connector.post_process.cohere.rerank",
            }
        ],
    }


def group_body(name: str, mark: str) -> dict[str, Any]:
    """The body of `POST /_plugins/_ml/model_groups/_register`."""
    return {"name": name, "description": _described("the model group of", mark)}


def model_body(name: str, mark: str, *, group_id: str, connector_id: str) -> dict[str, Any]:
    """The body of `POST /_plugins/_ml/models/_register`."""
    return {
        "name": name,
        "function_name": "remote",
        "description": _described("the student behind", mark),
        "model_group_id": group_id,
        "connector_id": connector_id,
    }


def pipeline_body(mark: str, *, model_id: str, field: str, oversample: float) -> dict[str, Any]:
    """The body of `PUT /_search/pipeline/NAME`."""
    return {
        "description": _described("reranking by", mark),
        "request_processors": [{"oversample": {"sample_factor": oversample}}],
        "response_processors": [
            {
                "rerank": {
                    "ml_opensearch": {"model_id": model_id},
                    "context": {"document_fields": [field]},
                    "ignore_failure": True,
                }
            },
            {"truncate_hits": {}},
        ],
    }


def search_body(query: str, *, field: str, size: int = 10) -> dict[str, Any]:
    """A body for `POST /INDEX/_search?search_pipeline=NAME`."""
    return {
        "query": {"match": {field: {"query": query}}},
        "size": size,
        "ext": {"rerank": {"query_context": {"query_text": query}}},
    }


def pieces(name: str, endpoint: Endpoint, mark: str, *, field: str, oversample: float = 10.0) -> list[Piece]:
    """Connector, model group, deployed model and pipeline, all called NAME.

    Args:
        mark: told in each description, so that what is ours can be told from what is not.
        field: the text that is reranked.
        oversample: how many hits are reranked for each that is asked for.
    """

    def connector(_: Ids) -> Call:
        return Call("POST", f"{_ML}/connectors/_create", connector_body(name, endpoint, mark))

    def group(_: Ids) -> Call:
        return Call("POST", f"{_ML}/model_groups/_register", group_body(name, mark))

    def model(ids: Ids) -> Call:
        body = model_body(name, mark, group_id=ids["model group"], connector_id=ids["connector"])
        return Call("POST", f"{_ML}/models/_register?deploy=true", body)

    def pipeline(ids: Ids) -> Call:
        body = pipeline_body(mark, model_id=ids["model"], field=field, oversample=oversample)
        return Call("PUT", f"/_search/pipeline/{name}", body)

    def at(what: str) -> str:
        return f"{_ML}/{what}/{{id}}"

    def listing(what: str) -> str:
        return f"{_ML}/{what}/_search"

    return [
        Piece("connector", name, connector, at("connectors"), mark, "connector_id", listing("connectors")),
        Piece("model group", name, group, at("model_groups"), mark, "model_group_id", listing("model_groups")),
        Piece(
            "model",
            name,
            model,
            at("models"),
            mark,
            "model_id",
            listing("models"),
            undo_first=f"{_ML}/models/{{id}}/_undeploy",
            ready=("model_state", "DEPLOYED"),
        ),
        Piece("search pipeline", name, pipeline, "/_search/pipeline/{id}", mark),
    ]


def _described(what: str, mark: str) -> str:
    return f"{what} the distilrank endpoint (installed by distilrank hook, {mark})"
