"""Elasticsearch's search body that reranks: `text_similarity_reranker` around a first stage."""

from typing import Any


def reranked_search(
    query: str,
    *,
    inference_id: str,
    field: str,
    window: int = 100,
    size: int = 10,
    vectors: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """A body for `POST /INDEX/_search`.

    A reranker that fails would fail the search: `allow_rerank_failures` answers the first stage's order instead.

    Args:
        query: what the shopper typed.
        inference_id: the rerank endpoint.
        field: the text that is searched and reranked: one field, because the reranker reads one.
        window: how many hits of the first stage are reranked; at least `size`.
        vectors: a `dense_vector` field and the embedding endpoint that its vectors came from: searched too, and fused
            with the words by reciprocal rank.
    """
    window = max(window, size)
    words: dict[str, Any] = {"standard": {"query": {"match": {field: {"query": query}}}}}
    first = words
    if vectors is not None:
        vector_field, embedding_id = vectors
        nearest = {
            "field": vector_field,
            "query_vector_builder": {"text_embedding": {"model_id": embedding_id, "model_text": query}},
            "k": window,
            "num_candidates": max(2 * window, 100),
        }
        first = {"rrf": {"retrievers": [words, {"knn": nearest}], "rank_window_size": window}}
    reranker = {
        "retriever": first,
        "field": field,
        "inference_id": inference_id,
        "inference_text": query,
        "rank_window_size": window,
        "allow_rerank_failures": True,
    }
    return {"retriever": {"text_similarity_reranker": reranker}, "size": size}
