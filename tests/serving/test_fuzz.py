"""Every route, fuzzed from the OpenAPI document: no 5xx, no hang, and answers as documented.

A few hundred cases in the suite, always the same ones. For thousands, each time others:

    DISTILRANK_FUZZ_CASES=500 pytest tests/serving/test_fuzz.py
"""

import os

import httpx
import pytest
import schemathesis
from fake_elastic import FakeElastic
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection, not_a_server_error, positive_data_acceptance
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from serving.app import create_app
from serving.engine import SearchEngine
from serving.settings import ServeSettings

PATIENCE = 60
"""Seconds: far more than anything takes, on a machine that has other things to do."""
CASES = int(os.environ.get("DISTILRANK_FUZZ_CASES", "0"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
OPERATIONS = [
    ("POST", "/v1/search"),
    ("POST", "/v1/rerank"),
    ("POST", "/v2/rerank"),
    ("POST", "/rerank"),
    ("POST", "/v1/embeddings"),
    ("GET", "/v1/products/{product_id}"),
    ("PUT", "/v1/products/{product_id}"),
    ("DELETE", "/v1/products/{product_id}"),
    ("POST", "/v1/products:bulk"),
    ("GET", "/v1/info"),
    ("GET", "/v1/examples"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
]
MAY_FIND_NOTHING = [("GET", "/v1/products/{product_id}"), ("GET", "/_search")]
PROXIED = [
    ("POST", "/{index}/_search"),
    ("GET", "/{index}/_search"),
    ("POST", "/_search"),
    ("GET", "/_search"),
    ("POST", "/_search/scroll"),
    ("GET", "/_search/scroll"),
    ("DELETE", "/_search/scroll"),
    ("POST", "/{index}/_pit"),
    ("DELETE", "/_pit"),
    ("POST", "/{index}/_search/point_in_time"),
    ("DELETE", "/_search/point_in_time"),
]


@pytest.fixture(scope="module")
def cluster():
    """A cluster that takes any search, and finds the same three products."""
    hits = [
        {"_index": "products", "_id": str(n), "_score": 3.0 - n, "fields": {"title": [f"red shoe {n}"]}}
        for n in range(3)
    ]
    found = {"took": 1, "hits": {"total": {"value": 3, "relation": "eq"}, "max_score": 3.0, "hits": hits}}

    def search(request, **names):
        request.json()
        return found

    with FakeElastic() as node:
        for method, path in PROXIED:
            node.route(method, path.replace("{index}", "{any}"), search)
        yield node


@pytest.fixture
def url(address, live_served, cluster):
    limits = {"max_documents": 20, "max_document_characters": 500, "queue": 100}
    proxy = {"url": cluster.url, "indices": ["*"]}
    return address(create_app(SearchEngine(live_served, ServeSettings(workers=2, proxy=proxy, **limits))))


def test_the_list_of_routes_is_whole(url):
    document = httpx.get(f"{url}/openapi.json", timeout=PATIENCE).json()
    found = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert found == {*OPERATIONS, *PROXIED}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as documented", "otherwise"])
@pytest.mark.parametrize(("method", "path"), [*OPERATIONS, *PROXIED])
def test_no_case_fails(url, method, path, mode):
    operation = schemathesis.openapi.from_dict(httpx.get(f"{url}/openapi.json", timeout=PATIENCE).json())[path][method]
    named = (method, path) not in PROXIED and operation.path_parameters  # an index may have any name
    if mode is GenerationMode.NEGATIVE and not (operation.body or named or operation.query):
        pytest.skip("takes nothing that could be wrong")

    @settings(
        max_examples=CASES or 12,
        derandomize=not CASES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate] + ([Phase.shrink] if CASES else []),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        statuses.add(case.call_and_validate(base_url=url, checks=checks, timeout=PATIENCE).status_code)

    # Rerank and embeddings may refuse what no schema can say: objects without a known field, other dimensions.
    checks = [*CHECKS] if "rerank" in path or "embeddings" in path else [*CHECKS, positive_data_acceptance]
    if (method, path) in PROXIED:  # whether a search is one, the cluster decides; and which index there is
        checks = [check for check in CHECKS if check is not negative_data_rejection]
    statuses: set[int] = set()
    check()
    if mode is GenerationMode.POSITIVE and (method, path) not in MAY_FIND_NOTHING:
        assert 200 in statuses  # not all were refused
    assert httpx.get(f"{url}/health/ready", timeout=PATIENCE).status_code == 200
