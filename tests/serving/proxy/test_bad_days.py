"""A reranker or a cluster that fails: the search is answered as without the proxy, and says so."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from serving.engine import SearchEngine
from tests.serving.doubles import BrokenReranker, HungReranker, NotFiniteReranker

PATH = "/products/_search"
BODY = {"query": {"match": {"title": "electric toothbrush soft bristle pack for kids"}}, "from": 2, "size": 5}


def _check_degraded(response, direct, reason):
    assert response.status_code == 200, response.text
    assert response.headers["x-distilrank"] == "degraded"
    assert response.headers["x-distilrank-reason"] == reason
    assert "x-distilrank-window" not in response.headers
    assert response.json() == direct(BODY).json()  # page, scores and fields of the search as it was asked


def test_a_late_reranker(proxied, direct, served):
    hung = HungReranker(served.reranker)
    http = proxied(hung, deadline_ms=2000)
    _check_degraded(http.post(PATH, json=BODY), direct, "late")
    hung.release.set()


@pytest.mark.parametrize("reranker", [BrokenReranker(RuntimeError("no memory")), NotFiniteReranker()])
def test_a_failing_reranker(proxied, direct, reranker):
    http = proxied(reranker)
    _check_degraded(http.post(PATH, json=BODY), direct, "failed")
    assert 'distilrank_degraded_total{reason="failed"} 1.0' in http.get("/metrics").text
    assert 'distilrank_proxied_total{outcome="degraded",reason="failed"} 1.0' in http.get("/metrics").text


def test_a_deadline_that_the_cluster_has_used_up(proxied, direct, cluster):
    cluster.faults.delay("_search", 0.05)
    response = proxied().post(PATH, json={**BODY, "ext": {"distilrank": {"deadline_ms": 30}}})
    _check_degraded(response, direct, "no_time")


def test_no_room_for_another_search(proxied, direct, served):
    hung = HungReranker(served.reranker)
    http = proxied(hung, workers=1, queue=0)
    first = threading.Thread(target=http.post, args=(PATH,), kwargs={"json": BODY})
    first.start()
    assert hung.started.acquire(timeout=20)
    _check_degraded(http.post(PATH, json=BODY), direct, "overloaded")
    hung.release.set()
    first.join()


def test_no_reranker(proxied, direct, served, engine, client, cluster):
    settings = engine(proxy={"url": cluster.url, "indices": ["products"]}).settings
    one = SearchEngine(lambda: replace(served, reranker=None), settings)
    _check_degraded(client(one).post(PATH, json=BODY), direct, "no_reranker")


def test_fields_that_the_cluster_does_not_have(proxied, direct):
    nowhere = {name: f"{name}s" for name in ("title", "brand", "colour")}
    _check_degraded(proxied(proxy={"fields": nowhere}).post(PATH, json=BODY), direct, "no_text")


def test_a_text_that_no_tokenizer_takes_is_mended(proxied, cluster, served):
    seen = []

    class Noting:
        def score(self, pairs):
            seen.extend(product["title"] for _, product in pairs)
            return np.zeros(len(pairs), dtype=np.float32)

    hit = {"_index": "products", "_id": "1", "_score": 1.0, "fields": {"title": ["lone \ud800 half"]}}
    answer = {"took": 1, "hits": {"total": {"value": 1, "relation": "eq"}, "max_score": 1.0, "hits": [hit]}}
    cluster.faults.status("_search", 200, body=answer)
    response = proxied(Noting()).post(PATH, json={**BODY, "from": 0})
    assert response.headers["x-distilrank"] == "reranked"
    assert seen == ["lone ? half"]


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "7"}), (503, {}), (403, {})])
def test_the_clusters_failure_is_passed_on(proxied, cluster, status, headers):
    cluster.faults.status("_search", status, headers=headers)
    response = proxied().post(PATH, json=BODY)
    assert response.status_code == status
    assert response.json()["error"]["reason"] == "a fault on purpose"
    assert response.headers.get("retry-after") == headers.get("Retry-After")
    assert response.headers["x-distilrank-reason"] == "cluster_error"
    assert len(cluster.requests) == 1


def test_a_wider_search_that_is_refused_is_asked_as_it_was(proxied, cluster, direct):
    cluster.faults.status("_search", 400)
    response = proxied().post(PATH, json=BODY)
    assert response.content == direct(BODY).content
    assert response.headers["x-distilrank"] == "passed"
    assert response.headers["x-distilrank-reason"] == "refused"


def test_the_error_of_a_bad_search_is_that_of_the_search_that_was_asked(proxied, direct):
    bad = {"query": {"bool": {"must": {"match": {"title": "pack"}}, "filter": {"no_such_query": {}}}}}
    response = proxied().post(PATH, json=bad)
    assert response.status_code == 400
    assert response.content == direct(bad).content


@pytest.mark.parametrize("odd", ["no JSON", {"took": 1}, {"hits": {"hits": [3]}}, {"hits": {"hits": 3}}, []])
def test_an_answer_that_cannot_be_read_is_asked_for_again_as_it_was(proxied, cluster, direct, odd):
    cluster.faults.status("_search", 200, body=odd)
    response = proxied().post(PATH, json=BODY)
    assert response.content == direct(BODY).content
    assert response.headers["x-distilrank-reason"] == "unreadable_answer"


def test_a_missing_shard_is_told_and_the_rest_reranked(proxied, cluster):
    cluster.faults.fail_shards(1)
    response = proxied().post(PATH, json=BODY)
    assert response.json()["_shards"]["failed"] == 1
    assert response.headers["x-distilrank"] == "reranked"


def test_a_connection_that_breaks_is_made_once_more(proxied, cluster):
    cluster.faults.close("_search")
    response = proxied().post(PATH, json=BODY)
    assert response.headers["x-distilrank"] == "reranked"
    assert len(cluster.requests) == 2


def test_a_cluster_that_is_gone(proxied, cluster):
    cluster.faults.close("_search", times=2)
    response = proxied().post(PATH, json=BODY)
    _check_own_error(response, 502, "cannot be reached")
    _check_own_error(proxied(proxy={"url": "http://127.0.0.1:9"}).post(PATH, json=BODY), 502, "cannot be reached")


def test_a_cluster_that_hangs(proxied, cluster):
    cluster.faults.delay("_search", 0.5)
    response = proxied(proxy={"timeout_ms": 100}).post(PATH, json=BODY)
    _check_own_error(response, 504, "did not answer within 100 ms")


def _check_own_error(response, status, message):
    """In Elasticsearch's shape and in ours."""
    assert response.status_code == status
    body = response.json()
    assert body["status"] == status
    assert message in body["error"]["reason"]
    assert body["error"]["message"] == body["error"]["root_cause"][0]["reason"] == body["error"]["reason"]
    assert body["request_id"] == response.headers["x-request-id"]
