"""Elasticsearch's `custom` inference service (8.19, 9.1 and later; Enterprise or trial licence).

Its placeholders are replaced by JSON, so none stands in quotes. `${top_n}` is left out: it has no value in a search,
and a placeholder without a value is an error. The answer's root has to be an object.
"""

from typing import Any

from serving.hook.endpoint import Endpoint
from serving.hook.pieces import Call, Ids, Piece

_HEADERS = {"Authorization": "Bearer ${api_key}", "Content-Type": "application/json"}


def rerank_body(endpoint: Endpoint) -> dict[str, Any]:
    """The body of `PUT /_inference/rerank/NAME`."""
    return {
        "service": "custom",
        "service_settings": {
            "secret_parameters": {"api_key": endpoint.secret},
            "url": endpoint.cohere,
            "headers": _HEADERS,
            "request": '{"query": ${query}, "documents": ${input}}',
            "response": {
                "json_parser": {
                    "reranked_index": "$.results[*].index",
                    "relevance_score": "$.results[*].relevance_score",
                }
            },
        },
    }


def embedding_body(endpoint: Endpoint) -> dict[str, Any]:
    """The body of `PUT /_inference/text_embedding/NAME`; products and queries are told apart, some models need it."""
    return {
        "service": "custom",
        "service_settings": {
            "secret_parameters": {"api_key": endpoint.secret},
            "url": endpoint.embeddings,
            "headers": _HEADERS,
            "request": '{"input": ${input}, "input_type": ${input_type}}',
            "input_type": {"translation": {"ingest": "product", "search": "query"}, "default": "product"},
            "response": {"json_parser": {"text_embeddings": "$.data[*].embedding[*]"}},
        },
    }


def pieces(name: str, endpoint: Endpoint, *, embeddings: bool = True) -> list[Piece]:
    """`NAME-rerank`, and `NAME-embed` where embeddings are asked for."""

    def rerank(_: Ids) -> Call:
        return Call("PUT", f"/_inference/rerank/{name}-rerank", rerank_body(endpoint))

    def embed(_: Ids) -> Call:
        return Call("PUT", f"/_inference/text_embedding/{name}-embed", embedding_body(endpoint))

    made = [Piece("rerank endpoint", f"{name}-rerank", rerank, "/_inference/rerank/{id}", endpoint.cohere)]
    if embeddings:
        made.append(
            Piece("embedding endpoint", f"{name}-embed", embed, "/_inference/text_embedding/{id}", endpoint.embeddings)
        )
    return made
