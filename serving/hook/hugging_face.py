"""Elasticsearch's `hugging_face` inference service, for reranking alone (8.19, 9.1 and later; the same licence).

It writes its request itself, so nothing that a shopper types is taken for a placeholder (docs/elasticsearch.md).
"""

from typing import Any

from serving.hook.endpoint import Endpoint
from serving.hook.pieces import Call, Ids, Piece


def rerank_body(endpoint: Endpoint) -> dict[str, Any]:
    """The body of `PUT /_inference/rerank/NAME`."""
    return {"service": "hugging_face", "service_settings": {"url": endpoint.tei, "api_key": endpoint.secret}}


def pieces(name: str, endpoint: Endpoint) -> list[Piece]:
    """`NAME-rerank`."""

    def rerank(_: Ids) -> Call:
        return Call("PUT", f"/_inference/rerank/{name}-rerank", rerank_body(endpoint))

    return [Piece("rerank endpoint", f"{name}-rerank", rerank, "/_inference/rerank/{id}", endpoint.tei)]
