"""Every request that building and searching make, against Elasticsearch's own description of its API."""

import os
from pathlib import Path
from typing import Any

import pytest
from fake_elastic import FakeElastic

from eval.errors import PartialError
from retrieval.catalogue import Catalogue
from retrieval.elastic.connection import Cluster
from retrieval.elastic.retriever import MODES, ElasticRetriever
from retrieval.types import Query
from tests.elastic_api.schema import PLACE, elastic_api

from .conftest import TEMPLATE, Build, Letters

SENT = {
    "bulk",
    "count",
    "indices.create",
    "indices.delete",
    "indices.exists",
    "indices.get",
    "indices.put_mapping",
    "indices.put_settings",
    "indices.refresh",
    "indices.update_aliases",
    "info",
    "msearch",
}


@pytest.mark.skipif(
    not PLACE.exists() and not os.environ.get("CI"),
    reason=f"needs Elasticsearch's API schema: python tests/elastic_api/fetch.py {PLACE}",
)
@pytest.mark.parametrize("node", ["elasticsearch 9"], indirect=True)
def test_requests_are_as_the_api_wants_them(
    node: FakeElastic, cluster: Cluster, build: Build, catalogue: Catalogue, tmp_path: Path
) -> None:
    node.faults.reject({"p3": 400}, times=1)
    with pytest.raises(PartialError):
        build(cluster)
    build(cluster)
    index = build(cluster, shards=3, keep_old=False, directory=tmp_path / "more shards").index
    for mode in MODES:
        retriever = ElasticRetriever(cluster, index, Letters(), catalogue, TEMPLATE, mode=mode)  # type: ignore[arg-type]
        retriever.search([Query("1", "red shoe"), Query("2", "lamp")], 5, {"brand": ["a", "b"]})
        retriever.score_products(Query("1", "red shoe"), ["p1", "p2"])
    api = elastic_api()
    asked = set()
    for request in node.requests:
        lines = request.lines() if request.path.endswith(("_bulk", "_msearch")) else []
        empty = {} if request.path.endswith("_count") else None  # a body is optional there
        body: Any = lines or request.json() or empty
        if request.path.endswith("_settings"):
            assert body == {"index": {"refresh_interval": None}}  # the default again: documented, not described
            body = {"index": {"refresh_interval": "1s"}}
        asked.add(api.check(request.method, request.path, body))
        if request.path == "/_msearch":
            for search in lines[1::2]:
                api.check("POST", f"/{index}/_search", search)
    assert asked == SENT
