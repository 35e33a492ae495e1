"""What is passed on to the cluster and back, and what is not: paths, headers, credentials, bytes."""

import gzip
import json
import logging
from pathlib import Path

import elasticsearch
import elasticsearch.helpers
import opensearchpy
import opensearchpy.helpers
import pytest

from eval.errors import InputError
from serving.app import create_app
from serving.proxy.passing import REASONS
from serving.settings import ProxySettings
from workflow.config.run import Config, load_config, save_config

PATH = "/products/_search"
TEXT = "electric toothbrush soft bristle pack for kids"
BODY = {"query": {"match": {"title": TEXT}}}


def _headers(cluster):
    return cluster.requests[-1].headers


def test_a_request_that_is_not_reranked_goes_through_byte_for_byte(proxied, cluster):
    content = b'{ "sort": [{"price" : "asc"}],\n "query": {"match": {"title": "pack"}}, "size": 3 }'
    http = proxied()
    response = http.post(
        f"{PATH}?preference=_local&q=%20a%2Bb&pretty", content=content, headers={"Content-Type": "application/json"}
    )
    sent = cluster.requests[-1]
    assert (sent.method, sent.path, sent.body) == ("POST", PATH, content)
    assert sent.parameters == {"preference": "_local", "q": " a+b", "pretty": ""}
    assert response.headers["x-distilrank"] == "passed"
    assert response.headers["x-distilrank-reason"] == "sort"


def test_parameters_that_are_not_the_pages_reach_the_cluster(proxied, cluster):
    proxied().post(f"{PATH}?routing=a&preference=x&size=3&from=1&typed_keys=true&filter_path=hits.hits", json=BODY)
    assert cluster.requests[-1].parameters == {"routing": "a", "preference": "x", "typed_keys": "true"}
    assert json.loads(cluster.requests[-1].body) == BODY | {
        "size": 20,
        "fields": ["title", "brand", "attributes.colour"],
    }


def test_credentials_go_to_the_cluster_and_nowhere_else(proxied, cluster, caplog):
    caplog.set_level(logging.DEBUG)
    sent = {
        "Authorization": "ApiKey c2VjcmV0",
        "Cookie": "sid=secret-cookie",
        "X-Opaque-Id": "shop-1",
        "X-Api-Key": "not-the-clusters",
        "X-Distilrank-Query": "red shoe",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "1",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Accept": "application/json",
    }
    http = proxied()
    assert http.post(PATH, json=BODY, headers=sent).status_code == 200
    seen = _headers(cluster)
    assert (seen["authorization"], seen["cookie"], seen["x-opaque-id"]) == (
        sent["Authorization"],
        sent["Cookie"],
        "shop-1",
    )
    assert not {"x-api-key", "x-distilrank-query", "x-hop", "keep-alive", "te"} & seen.keys()
    assert seen["host"] == cluster.url.removeprefix("http://")
    assert not [
        record for record in caplog.records if "c2VjcmV0" in str(record.__dict__) or TEXT in str(record.__dict__)
    ]
    cluster.faults.status("_search", 403, headers={"Set-Cookie": "sid=theirs", "WWW-Authenticate": "Basic"})
    refused = http.post(PATH, json=BODY)
    assert (refused.headers["set-cookie"], refused.headers["www-authenticate"]) == ("sid=theirs", "Basic")
    http.cookies.clear()
    http.post(PATH, json=BODY)
    assert "cookie" not in _headers(cluster)  # one client's cookie is not the next one's


def test_the_servers_own_keys_are_asked_for_and_kept_from_the_cluster(proxied, cluster):
    http = proxied(api_keys=["reader"])
    refused = http.post(PATH, json=BODY, headers={"Authorization": "Basic dTpw"})
    assert refused.status_code == 401
    assert refused.json()["error"]["root_cause"][0]["type"] == "unauthorized"
    assert not cluster.requests
    assert http.post(PATH, json=BODY, headers={"Authorization": "Bearer reader"}).status_code == 200
    assert "authorization" not in _headers(cluster)
    both = {"X-Api-Key": "reader", "Authorization": "Basic dTpw"}
    assert http.post(PATH, json=BODY, headers=both).status_code == 200
    assert _headers(cluster)["authorization"] == "Basic dTpw"
    assert "x-api-key" not in _headers(cluster)


@pytest.mark.parametrize(
    "path",
    [
        "/other/_search",
        "/products,other/_search",
        "/prod*/_search",
        "/*/_search",
        "/_all/_search",
        "/_search",
        "/products%2F_doc%2F1/_search",
        "/products%3Fx=1/_search",
        "/../_search",
        "/%2E%2E/_search",
        "/products,,/_search",
        "/products /_search",
        "/products/_doc/_search",
        "/products/_count",
        "/products/_msearch",
        "/_bulk",
        "/_cluster/health",
    ],
)
def test_nothing_else_of_the_cluster_can_be_reached(proxied, cluster, path):
    response = proxied().post(path, json={"query": {"match_all": {}}})
    assert response.status_code == 404
    message = response.json()["error"]["message"]
    assert "serve.proxy.indices" in message or "only /INDEX/_search" in message or "name one" in message
    assert not cluster.requests


def test_other_methods_do_not_reach_it_either(proxied, cluster):
    http = proxied()
    assert http.put(PATH, json={}).status_code == http.delete(PATH).status_code == 405
    assert http.delete("/products").status_code == http.put("/products/_doc/1", json={}).status_code == 404
    assert not cluster.requests


@pytest.mark.parametrize("index", ["products", "shop", "shop*", "products,shop", "shop-*,-shop-old"])
def test_allowed_expressions_reach_the_cluster_as_they_are(proxied, cluster, index):
    proxied().post(f"/{index}/_search", json=BODY)
    assert cluster.requests[-1].path == f"/{index}/_search"


def test_without_a_cluster_there_is_no_such_route(client):
    response = client().post(PATH, json=BODY)
    assert response.status_code == 404
    assert "cluster" not in response.text


def test_the_query_may_stand_in_the_url(proxied, cluster, direct):
    http = proxied()
    expected = [hit["_id"] for hit in http.post(PATH, json=BODY).json()["hits"]["hits"]]
    found = http.get(PATH, params={"source": json.dumps(BODY), "source_content_type": "application/json"})
    assert found.headers["x-distilrank"] == "reranked"
    assert [hit["_id"] for hit in found.json()["hits"]["hits"]] == expected
    assert cluster.requests[-1].method == "GET"
    by_q = http.get(PATH, params={"q": "soft bristle"})
    assert by_q.headers["x-distilrank"] == "reranked"
    assert cluster.requests[-1].parameters == {"q": "soft bristle"}


def test_a_text_can_be_named(proxied, cluster, served):
    seen = []

    class Noting:
        def score(self, pairs):
            seen.extend(query.text for query, _ in pairs[:1])
            return served.reranker.score(pairs)

    http = proxied(Noting())
    several = {"query": {"dis_max": {"queries": [{"match": {"title": "pack"}}, {"match": {"title": "for"}}]}}}
    assert http.post(PATH, json=several).headers["x-distilrank-reason"] == "several_query_texts"
    by_header = http.post(PATH, json=several, headers={"X-Distilrank-Query": "caf%C3%A9 pack"})
    assert by_header.headers["x-distilrank"] == "reranked"
    named = several | {"ext": {"distilrank": {"query": "pack for me", "window": 5}}}
    response = http.post(PATH, json=named, headers={"X-Distilrank-Query": "not this"})
    assert response.headers["x-distilrank-window"] == "5"
    assert "ext" not in json.loads(cluster.requests[-1].body)
    assert seen == ["café pack", "pack for me"]
    pinned = {"query": {"pinned": {"ids": ["P0000004"], "organic": BODY["query"]}}}
    kept = http.post(PATH, json=pinned, headers={"X-Distilrank-Query": "pack"})
    assert kept.headers["x-distilrank-reason"] == "pinned"
    left = http.post(PATH, json=several | {"ext": {"distilrank": {"rerank": False}, "other": {}}})
    assert left.headers["x-distilrank-reason"] == "asked"
    assert json.loads(cluster.requests[-1].body)["ext"] == {"other": {}}
    for wrong, message in (
        ({"windoww": 3}, "ext.distilrank: windoww"),
        ({"window": 0}, "window"),
        ({"window": 10**6}, "window is 1000000; at most 1000"),
        ({"deadline_ms": 10**9}, "at most"),
        (3, "ext.distilrank"),
    ):
        refused = http.post(PATH, json=several | {"ext": {"distilrank": wrong}})
        assert refused.status_code == 400
        assert message in refused.json()["error"]["reason"]


def test_compressed_bodies_are_read(proxied, cluster):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    http = proxied()
    response = http.post(PATH, content=gzip.compress(json.dumps(BODY).encode()), headers=headers)
    assert response.headers["x-distilrank"] == "reranked"
    http.post(PATH, content=gzip.compress(b'{"size": 0}'), headers=headers)
    assert cluster.requests[-1].body == b'{"size": 0}'  # unzipped by the cluster
    large = proxied(max_body_bytes=5000).post(PATH, content=gzip.compress(b" " * 10_000 + b"{}"), headers=headers)
    assert large.headers["x-distilrank-reason"] == "body"


@pytest.mark.parametrize("compress", [False, True])
def test_elasticsearchs_client_works_unchanged(address, cluster, engine, compress):
    section = {"url": cluster.url, "indices": ["products"], "window": 20}
    url = address(create_app(engine(proxy=section)))
    with (
        elasticsearch.Elasticsearch(url, http_compress=compress, basic_auth=("shop", "secret")) as through,
        elasticsearch.Elasticsearch(cluster.url) as straight,
    ):
        options = {"index": "products", "size": 5, "aggs": {"b": {"terms": {"field": "brand"}}}, **BODY}
        found, expected = through.search(**options), straight.search(**options)
        assert found.meta.headers["x-distilrank"] == "reranked"
        assert found["aggregations"] == expected["aggregations"]
        assert found["hits"]["total"] == expected["hits"]["total"]
        assert len(found["hits"]["hits"]) == 5
        with pytest.raises(elasticsearch.BadRequestError, match="unknown query"):
            through.search(index="products", query={"nonsense": {}})
        with pytest.raises(elasticsearch.NotFoundError, match=r"serve\.proxy\.indices"):
            through.search(index="orders", query={"match_all": {}})
        every = list(elasticsearch.helpers.scan(through, index="products", query=BODY, size=7))
        assert {hit["_id"] for hit in every} == {
            hit["_id"] for hit in elasticsearch.helpers.scan(straight, index="products", query=BODY)
        }
        point = through.open_point_in_time(index="products", keep_alive="1m")["id"]
        page = through.search(pit={"id": point}, size=5, **BODY)
        assert page.meta.headers["x-distilrank"] == "reranked"
        assert {hit["_id"] for hit in page["hits"]["hits"]} == {hit["_id"] for hit in found["hits"]["hits"]}
        through.close_point_in_time(id=point)


def test_opensearchs_client_works_unchanged(address, cluster, engine):
    section = {"url": cluster.url, "indices": ["products"], "window": 20}
    through = opensearchpy.OpenSearch(address(create_app(engine(proxy=section))), http_compress=True)
    found = through.search(index="products", body=BODY, params={"typed_keys": "true"})
    assert any("_distilrank.rerank_score" in hit["fields"] for hit in found["hits"]["hits"])
    every = list(opensearchpy.helpers.scan(through, index="products", query=BODY, size=9))
    assert len(every) == found["hits"]["total"]["value"]
    with pytest.raises(opensearchpy.NotFoundError):
        through.search(index="orders", body=BODY)
    through.close()


def test_a_part_of_a_search_is_asked_for_once(proxied, cluster):
    http = proxied()
    scroll = http.post(f"{PATH}?scroll=1m", json=BODY).json()["_scroll_id"]
    cluster.faults.close("scroll$", "after")
    assert http.post("/_search/scroll", json={"scroll_id": scroll}).status_code == 502  # not the part after the next
    assert len(cluster.requests) == 2


def test_everybodys_scrolls_cannot_be_ended(proxied, cluster):
    response = proxied().request("DELETE", "/_search/scroll", json={"scroll_id": ["_all"]})
    assert response.status_code == 404
    assert not cluster.requests


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"url": "localhost:9200"}, "expected an address such as http://localhost:9200"),
        ({"url": "http://elastic:secret@localhost:9200", "indices": ["a"]}, "no place for them"),
        ({"url": "http://localhost:9200"}, "serve.proxy.indices is empty"),
    ],
)
def test_settings_that_make_no_proxy_are_refused(section, message):
    with pytest.raises(ValueError, match=message):
        ProxySettings(**section)


def test_a_mapped_field_that_the_student_does_not_read_is_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("name: a\nserve: {proxy: {fields: {price: price}}}\n")
    with pytest.raises(InputError, match="'price', which the student does not read; it reads title, brand, colour"):
        load_config(path)


def test_the_options_can_be_given_to_a_run_that_has_none(tmp_path):
    path = tmp_path / "c.yaml"
    save_config(Config(name="a"), path)
    given = {"serve.proxy.url": "http://localhost:9200/es/", "serve.proxy.indices": ["products"]}
    assert load_config(path, given).serve.proxy.url == "http://localhost:9200/es"


def test_every_reason_is_documented():
    docs = (Path(__file__).parents[3] / "docs" / "elasticsearch.md").read_text(encoding="utf-8")
    assert [reason for reason in REASONS if f"`{reason}`" not in docs] == []
