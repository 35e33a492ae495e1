"""The search bodies that are sent, in either engine's form; and the cosine in the scores that come back."""

from collections.abc import Sequence
from typing import Any

from retrieval.elastic.connection import Engine
from retrieval.elastic.mapping import ROW, VECTOR, WORDS, words
from retrieval.filters import wanted_values
from retrieval.types import Filter

Body = dict[str, Any]

MOST = 10_000
"""Hits that one search may ask for, and candidates of a kNN search (`index.max_result_window`)."""


def filter_clauses(where: Filter | None) -> list[Body]:
    """The filter as clauses that all have to match, exactly."""
    return [{"terms": {field: wanted_values(field, wanted)}} for field, wanted in (where or {}).items()]


def bm25_search(text: str, size: int, clauses: Sequence[Body]) -> Body:
    """The products that share a word with the text."""
    match: Body = {"match": {WORDS: {"query": words(text)}}}
    return _ranked({"bool": {"must": [match], "filter": list(clauses)}}, size)


def knn_search(engine: Engine, vector: Sequence[float], size: int, candidates: int, clauses: Sequence[Body]) -> Body:
    """The products whose vectors lie nearest; `candidates` are looked at in each shard."""
    kept: Body = {"filter": {"bool": {"filter": list(clauses)}}} if clauses else {}
    if engine == "elasticsearch":
        body = _ranked({}, size)
        del body["query"]
        looked_at = min(max(size, candidates), MOST)
        near = {"field": VECTOR, "query_vector": list(vector), "k": size, "num_candidates": looked_at, **kept}
        return {**body, "knn": near}
    near = {"vector": list(vector), "k": min(max(size, candidates), MOST), **kept}
    return _ranked({"knn": {VECTOR: near}}, size)


def bm25_scores(text: str, product_ids: Sequence[str]) -> Body:
    """BM25 of these products; 0 for those without a word of the text."""
    match: Body = {"match": {WORDS: {"query": words(text)}}}
    return _ranked({"bool": {"should": [match], "filter": [_ids(product_ids)]}}, len(product_ids))


def cosine_scores(engine: Engine, vector: Sequence[float], product_ids: Sequence[str]) -> Body:
    """1 + cosine of these products; those without a vector are no hits."""
    field = f"'{VECTOR}'" if engine == "elasticsearch" else f"doc['{VECTOR}']"
    script = {"source": f"1.0 + cosineSimilarity(params.vector, {field})", "params": {"vector": list(vector)}}
    among = {"bool": {"filter": [_ids(product_ids), {"exists": {"field": VECTOR}}]}}
    return _ranked({"script_score": {"query": among, "script": script}}, len(product_ids))


def _ids(product_ids: Sequence[str]) -> Body:
    return {"ids": {"values": list(product_ids)}}


def _ranked(query: Body, size: int) -> Body:
    """Best first, ties in catalogue order; ids and scores alone."""
    order = [{"_score": "desc"}, {ROW: "asc"}]
    return {"query": query, "size": size, "sort": order, "_source": False, "track_total_hits": False}
