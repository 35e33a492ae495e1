"""The fake server as both clients see it: it is what the other tests trust."""

import math
import time
from collections.abc import Iterator
from typing import Any

import elasticsearch
import httpx
import opensearchpy
import pytest

from fake_elastic import FakeElastic

BODY = {"settings": {"number_of_shards": 2}, "mappings": {"properties": {"brand": {"type": "keyword"}}}}
DOCUMENTS = {f"p{n}": {"text": "red shoe " * (n + 1) + "blue" * (n % 2), "brand": "ab"[n % 2]} for n in range(6)}


@pytest.fixture(params=[("8.19.3", "elasticsearch"), ("9.1.0", "elasticsearch"), ("3.1.0", "opensearch")], ids=str)
def node(request: pytest.FixtureRequest) -> Iterator[FakeElastic]:
    with FakeElastic(*request.param) as started:
        yield started


@pytest.fixture
def client(node: FakeElastic) -> Iterator[Any]:
    if node.engine == "opensearch":
        made: Any = opensearchpy.OpenSearch(node.url, max_retries=0)
    else:
        made = elasticsearch.Elasticsearch(node.url, max_retries=0)
    made.indices.create(index="shop-1", body=BODY)
    yield made
    made.close()


def fill(client: Any, **options: Any) -> Any:
    lines = [line for key, source in DOCUMENTS.items() for line in ({"index": {"_id": key}}, source)]
    return client.bulk(index="shop-1", body=lines, **options)


def test_documents_are_found_after_a_refresh(client: Any) -> None:
    assert fill(client)["errors"] is False
    assert client.count(index="shop-1")["count"] == 0
    client.indices.refresh(index="shop-1")
    assert client.count(index="shop-1")["count"] == len(DOCUMENTS)


def test_bm25_is_lucenes(client: Any) -> None:
    fill(client, refresh=True)
    query = {"query": {"match": {"text": "red"}}}
    hits = client.search(index="shop-1", body=query, search_type="dfs_query_then_fetch")["hits"]["hits"]
    lengths = {key: len(source["text"].split()) for key, source in DOCUMENTS.items()}
    mean = sum(lengths.values()) / len(lengths)
    idf = math.log(1 + 0.5 / (len(DOCUMENTS) + 0.5))  # every document holds it
    assert len(hits) == len(DOCUMENTS)
    for hit in hits:
        tf = DOCUMENTS[hit["_id"]]["text"].split().count("red")
        expected = 2.2 * idf * tf / (tf + 1.2 * (1 - 0.75 + 0.75 * lengths[hit["_id"]] / mean))
        assert hit["_score"] == pytest.approx(expected, rel=1e-5)


def test_aliases_swap_all_at_once(client: Any) -> None:
    client.indices.create(index="shop-2", body=BODY)
    client.indices.update_aliases(body={"actions": [{"add": {"index": "shop-1", "alias": "shop"}}]})
    swap = [{"remove": {"index": "shop-1", "alias": "shop"}}, {"add": {"index": "shop-2", "alias": "shop"}}]
    client.indices.update_aliases(body={"actions": swap})
    assert list(client.indices.get_alias(name="shop")) == ["shop-2"]
    with pytest.raises((elasticsearch.NotFoundError, opensearchpy.NotFoundError)):
        client.indices.update_aliases(body={"actions": swap[:1]})


def test_what_is_not_known_is_an_error(client: Any) -> None:
    errors = (elasticsearch.BadRequestError, opensearchpy.RequestError)
    for body in ({"quary": {}}, {"query": {"mtach": {"text": "red"}}}, {"size": 10_001}):
        with pytest.raises(errors):
            client.search(index="shop-1", body=body)


def test_faults(node: FakeElastic, client: Any) -> None:
    gone = (elasticsearch.ConnectionError, opensearchpy.ConnectionError)
    node.faults.reject({"p1": 400, "p2": 429}, times=1)
    assert [item["index"]["status"] for item in fill(client)["items"]] == [201, 400, 429, 201, 201, 201]
    assert [item["index"]["status"] for item in fill(client)["items"]] == [200, 201, 201, 200, 200, 200]
    client.indices.delete(index="shop-1")
    client.indices.create(index="shop-1", body=BODY)
    node.faults.close("_bulk", when="middle")
    with pytest.raises(gone):
        fill(client)
    client.indices.refresh(index="shop-1")
    assert client.count(index="shop-1")["count"] == len(DOCUMENTS) / 2
    fill(client, refresh=True)
    node.faults.fail_shards(1)
    lost = client.search(index="shop-1", body={})
    assert lost["_shards"]["failed"] == 1
    assert lost["hits"]["total"]["value"] < len(DOCUMENTS)
    node.faults.fail_shards(1)
    with pytest.raises((elasticsearch.ApiError, opensearchpy.TransportError), match="missing shards"):
        client.search(index="shop-1", body={}, allow_partial_search_results=False)
    node.faults.status("_search", 429, headers={"Retry-After": "1"})
    with pytest.raises((elasticsearch.ApiError, opensearchpy.TransportError), match="429"):
        client.search(index="shop-1", body={})
    node.faults.delay("_search", 0.2)
    start = time.monotonic()
    client.search(index="shop-1", body={})
    assert time.monotonic() - start >= 0.2
    node.stop()
    with pytest.raises(gone):
        client.info()
    node.start()
    assert client.count(index="shop-1")["count"] == len(DOCUMENTS)


def test_each_engine_refuses_the_others_client() -> None:
    with (
        FakeElastic("3.1.0", "opensearch") as node,
        elasticsearch.Elasticsearch(node.url) as client,
        pytest.raises(elasticsearch.ApiError, match="406"),
    ):
        client.info()
    newer = {"accept": "application/vnd.elasticsearch+json; compatible-with=9"}
    with FakeElastic("8.19.3") as node:
        refused = httpx.get(node.url, headers=newer)
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "media_type_header_exception"
    with FakeElastic("9.1.0") as node:
        assert httpx.get(node.url, headers=newer).headers["content-type"].endswith("compatible-with=9")
