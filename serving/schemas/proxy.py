"""The search proxy: Elasticsearch's search body and answer, as far as they are ours to describe, and its errors."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class ElasticCause(BaseModel):
    """What went wrong, in the words of Elasticsearch (`reason`) and in this server's (`message`, `field`)."""

    model_config = ConfigDict(extra="allow")

    type: str
    reason: str | None = None
    message: str | None = None
    field: str | None = None
    root_cause: list[dict[str, Any]] = []


class ElasticError(BaseModel):
    """An error in Elasticsearch's shape: the cluster's own, or the proxy's, which has this server's members too."""

    model_config = ConfigDict(extra="allow")

    error: ElasticCause
    status: int | None = None
    request_id: str | None = None


SEARCH_BODY: dict[str, Any] = {
    "description": "A search body of Elasticsearch or OpenSearch, with all that the cluster takes.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "query": {"type": "object"},
                    "from": {"type": "integer", "minimum": 0},
                    "size": {"type": "integer", "minimum": 0},
                    "ext": {"type": "object"},
                },
            },
            "examples": {
                "reranked": {
                    "summary": "Reranked: it has a query's text",
                    "value": {
                        "query": {
                            "bool": {
                                "must": {"multi_match": {"query": "red shoe", "fields": ["title^2", "brand"]}},
                                "filter": {"term": {"in_stock": True}},
                            }
                        },
                        "aggs": {"brands": {"terms": {"field": "brand.keyword"}}},
                        "size": 10,
                    },
                },
                "named": {
                    "summary": "The text named, for a body that has several",
                    "value": {
                        "query": {
                            "bool": {
                                "must": [{"match": {"title": "red shoe"}}, {"match": {"category": "footwear"}}],
                            }
                        },
                        "ext": {"distilrank": {"query": "red shoe", "window": 50, "deadline_ms": 300}},
                    },
                },
                "passed through": {
                    "summary": "Passed through: a sort of its own",
                    "value": {"query": {"match": {"title": "red shoe"}}, "sort": [{"price": "asc"}]},
                },
            },
        }
    },
}

POINT_BODY: dict[str, Any] = {
    "description": "A search body that names a point in time.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["pit"],
                "properties": {"pit": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}},
            },
            "example": {"pit": {"id": "46ToAwMDaWR5…", "keep_alive": "1m"}, "query": {"match": {"title": "red shoe"}}},
        }
    },
}

SEARCH_ANSWER: dict[str, Any] = {
    "description": "The cluster's answer. `X-Distilrank` says what became of the search (`reranked`, `degraded`, "
    "`passed`), `X-Distilrank-Reason` why it is not reranked, `X-Distilrank-Window` how many hits were.",
    "content": {
        "application/json": {
            "schema": {"type": "object"},
            "example": {
                "took": 5,
                "timed_out": False,
                "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
                "hits": {
                    "total": {"value": 118, "relation": "eq"},
                    "max_score": 3.14,
                    "hits": [
                        {
                            "_index": "products",
                            "_id": "p17",
                            "_score": 3.14,
                            "_source": {"title": "Red leather shoe"},
                            "fields": {
                                "_distilrank.cluster_score": [9.81],
                                "_distilrank.cluster_rank": [4],
                                "_distilrank.rerank_score": [2.14],
                            },
                        }
                    ],
                },
            },
        }
    },
}
