"""A cluster that holds a run's products, as a shop's own index does, and the run's server in front of it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fake_elastic import FakeElastic
from fastapi.testclient import TestClient

from rerank.types import Reranker
from serving.engine import SearchEngine
from workflow.served.opened import OpenedRun

INDEX = "products"
FIELDS = {"colour": "attributes.colour"}
"""The shop calls this one differently."""
MAPPING = {
    "properties": {
        "title": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
        "brand": {"type": "keyword", "fields": {"text": {"type": "text"}}},
        "category": {"type": "keyword", "fields": {"text": {"type": "text"}}},
        "attributes": {"properties": {"colour": {"type": "keyword"}, "material": {"type": "keyword"}}},
        "price": {"type": "double"},
        "rating": {"type": "float"},
        "sold": {"type": "long"},
        "in_stock": {"type": "boolean"},
        "added": {"type": "date"},
        "warehouse": {"type": "geo_point"},
        "variants": {"properties": {"size": {"type": "keyword"}, "stock": {"type": "long"}}},
    }
}


def document(product_id: str, fields: dict[str, str]) -> dict[str, Any]:
    """A product as the shop indexes it: what the run knows, and what a shop has besides, from the product's id."""
    number = int(hashlib.sha256(product_id.encode()).hexdigest()[:8], 16)
    return {
        "title": fields["title"],
        "brand": fields["brand"],
        "category": fields["category"],
        "attributes": {"colour": fields["colour"], "material": ["cotton", "steel", "oak"][number % 3]},
        "price": 5 + number % 20000 / 100,
        "rating": 1 + number % 9 / 2,
        "sold": number % 1000,
        "in_stock": number % 5 > 0,
        "added": f"2026-{1 + number % 9:02}-{1 + number % 28:02}",
        "warehouse": {"lat": 48 + number % 100 / 25, "lon": 2 + number % 90 / 10},
        "variants": [{"size": size, "stock": number % 7} for size in ("S", "M", "L")[: 1 + number % 3]],
        "embedding": [1 + number % 7, number % 5, number % 3, number % 2],
    }


@pytest.fixture(scope="session")
def documents(opened: OpenedRun) -> dict[str, dict[str, Any]]:
    """The cluster's documents by id."""
    products = opened.catalogue.products(range(len(opened.catalogue)))
    return {product.id: document(product.id, dict(product.fields)) for product in products}


@pytest.fixture(scope="session")
def clusters(documents: dict[str, dict[str, Any]]) -> Iterator[dict[str, FakeElastic]]:
    """One cluster of each engine, with the same products."""
    vectors = {
        "elasticsearch": {"type": "dense_vector", "dims": 4, "similarity": "cosine"},
        "opensearch": {"type": "knn_vector", "dimension": 4},
    }
    with FakeElastic("9.1.0") as one, FakeElastic("3.1.0", "opensearch") as other:
        for node in (one, other):
            mapping = {"properties": MAPPING["properties"] | {"embedding": vectors[node.engine]}}
            settings = {"number_of_shards": 2}
            lines = [line for key, source in documents.items() for line in ({"index": {"_id": key}}, source)]
            with httpx.Client(base_url=node.url) as http:
                created = http.put(
                    f"/{INDEX}", json={"mappings": mapping, "settings": settings, "aliases": {"shop": {}}}
                )
                assert created.status_code == 200, created.text
                bulk = "".join(f"{json.dumps(line)}\n" for line in lines)
                headers = {"Content-Type": "application/x-ndjson"}
                written = http.post(f"/{INDEX}/_bulk?refresh=true", content=bulk, headers=headers)
                assert not written.json()["errors"]
        yield {"elasticsearch": one, "opensearch": other}


@pytest.fixture
def cluster(clusters: dict[str, FakeElastic]) -> Iterator[FakeElastic]:
    """Elasticsearch, with no request noted and no fault yet."""
    node = clusters["elasticsearch"]
    node.requests.clear()
    yield node
    node.faults.clear()


@pytest.fixture
def proxied(cluster: FakeElastic, engine: Callable[..., SearchEngine], client: Any) -> Callable[..., TestClient]:
    """Makes a client of a server in front of the cluster; arguments as `engine`'s, `proxy` adds to its section."""

    def make(reranker: Reranker | None = None, *, proxy: dict[str, Any] | None = None, **settings: Any) -> TestClient:
        section = {"url": cluster.url, "indices": [INDEX, "shop*"], "fields": FIELDS, "window": 20} | (proxy or {})
        return client(engine(reranker, proxy=section, **settings))

    return make


@pytest.fixture
def direct(cluster: FakeElastic) -> Callable[..., httpx.Response]:
    """Searches the cluster itself."""

    def search(body: Any, **parameters: Any) -> httpx.Response:
        with httpx.Client(base_url=cluster.url) as http:
            return http.request("POST", f"/{INDEX}/_search", json=body, params=parameters)

    return search
