"""`/{index}/_search` through the proxy: the cluster's hits in the reranker's order, all else as the cluster says."""

import json

import numpy as np
import pytest

from retrieval.types import Product, Query
from serving.proxy.answer import shown_score

PATH = "/products/_search"
TEXT = "electric toothbrush soft bristle pack for kids"
BODY = {"query": {"multi_match": {"query": TEXT, "fields": ["title", "category.text"]}}}


def _hits(response):
    assert response.status_code == 200, response.text
    return response.json()["hits"]["hits"]


def _ids(response):
    return [hit["_id"] for hit in _hits(response)]


def _reranked(opened, cluster_hits, text=TEXT):
    """The student's own order of the cluster's hits, and its scores."""
    names = opened.template.fields
    products = []
    for hit in cluster_hits:
        source = hit["_source"]
        known = source | {"colour": source["attributes"]["colour"]}
        products.append(Product(hit["_id"], {name: known[name] for name in names}))
    scores = opened.pipeline.reranker.score([(Query("q", text), product) for product in products])
    order = np.argsort(-scores, kind="stable")
    return [products[place].id for place in order], [float(scores[place]) for place in order]


def test_hits_are_the_clusters_in_the_students_order(proxied, direct, opened):
    wide = _hits(direct({**BODY, "size": 20}))
    assert len(wide) == 20
    order, scores = _reranked(opened, wide)
    response = proxied(proxy={"blend_weight": 1.0}).post(PATH, json=BODY)
    hits = _hits(response)
    assert [hit["_id"] for hit in hits] == order[:10]
    assert order != [hit["_id"] for hit in wide]
    assert [hit["fields"]["_distilrank.rerank_score"] for hit in hits] == [[score] for score in scores[:10]]
    assert [hit["_score"] for hit in hits] == [shown_score(score) for score in scores[:10]]
    for hit in hits:
        rank = [one["_id"] for one in wide].index(hit["_id"]) + 1
        assert hit["fields"]["_distilrank.cluster_rank"] == [rank]
        assert hit["fields"]["_distilrank.cluster_score"] == [wide[rank - 1]["_score"]]
        assert hit["_source"] == wide[rank - 1]["_source"]
    assert response.headers["x-distilrank"] == "reranked"
    assert response.headers["x-distilrank-window"] == "20"
    assert response.headers["x-elastic-product"] == "Elasticsearch"
    assert response.json()["hits"]["max_score"] == hits[0]["_score"]


def test_a_reranker_without_weight_changes_nothing(proxied, direct):
    first = proxied(proxy={"blend_weight": 0.0}).post(PATH, json=BODY)
    assert _ids(first) == [hit["_id"] for hit in _hits(direct(BODY))]
    assert first.headers["x-distilrank"] == "reranked"


def test_pages_are_slices_of_one_ranking_and_go_on_as_the_cluster_does(proxied, direct):
    http = proxied(proxy={"window": 15})
    whole = _ids(http.post(PATH, json={**BODY, "size": 30}))
    cluster = [hit["_id"] for hit in _hits(direct({**BODY, "size": 30}))]
    assert len(cluster) == 30
    assert sorted(whole[:15]) == sorted(cluster[:15])
    assert whole[15:] == cluster[15:]
    pages = [http.post(PATH, json={**BODY, "size": 6, "from": start}) for start in (0, 6, 12, 18, 24)]
    assert [found for page in pages for found in _ids(page)] == whole
    assert [page.headers["x-distilrank"] for page in pages] == ["reranked"] * 3 + ["passed"] * 2
    assert pages[3].headers["x-distilrank-reason"] == "beyond_window"
    scores = [hit["_score"] for hit in _hits(http.post(PATH, json={**BODY, "size": 30}))]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0
    url = f"{PATH}?from=6&size=6"
    assert _ids(http.post(url, json={**BODY, "from": 1, "size": 2})) == whole[6:12]  # the URL's win, as in the cluster


def test_a_window_of_0_reranks_nothing(proxied, direct):
    http = proxied(proxy={"window": None}, window=0)
    passed = http.post(PATH, json=BODY)
    assert (passed.headers["x-distilrank"], passed.headers["x-distilrank-reason"]) == ("passed", "beyond_window")
    assert _ids(passed) == [hit["_id"] for hit in _hits(direct(BODY))]
    asked = http.post(PATH, json={**BODY, "ext": {"distilrank": {"window": 5}}})
    assert (asked.headers["x-distilrank"], asked.headers["x-distilrank-window"]) == ("reranked", "5")


def test_what_is_not_hits_stays_as_the_cluster_wrote_it(proxied, direct):
    body = {
        **BODY,
        "aggs": {"brands": {"terms": {"field": "brand"}, "aggs": {"price": {"stats": {"field": "price"}}}}},
        "highlight": {"fields": {"title": {}}},
        "track_total_hits": 7,
    }
    found, expected = proxied().post(PATH, json=body), direct({**body, "size": 20})
    assert found.headers["x-distilrank"] == "reranked"
    assert json.dumps(found.json()["aggregations"]) == json.dumps(expected.json()["aggregations"])
    assert found.text.split('"aggregations":')[1].replace(" ", "") == expected.text.split('"aggregations":')[1].replace(
        " ", ""
    )
    assert found.json()["hits"]["total"] == expected.json()["hits"]["total"] == {"value": 7, "relation": "gte"}
    marked = {hit["_id"]: hit["highlight"] for hit in _hits(expected)}
    assert {hit["_id"]: hit["highlight"] for hit in _hits(found)}.items() <= marked.items()


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, []),
        ({"_source": False}, []),
        ({"_source": ["price"]}, []),
        ({"_source": False, "fields": ["title", "price"]}, ["price", "title"]),
        ({"_source": False, "fields": ["ti*"]}, ["title", "title.keyword"]),
        ({"_source": False, "docvalue_fields": ["brand"]}, ["brand"]),
        ({"collapse": {"field": "brand"}}, ["brand"]),
    ],
)
def test_of_a_hit_the_client_sees_what_it_asked_for(proxied, direct, more, names):
    expected = {hit["_id"]: hit for hit in _hits(direct({**BODY, **more, "size": 20}))}
    found = _hits(proxied().post(PATH, json={**BODY, **more}))
    assert found
    for hit in found:
        own = {name for name in hit["fields"] if name.startswith("_distilrank.")}
        assert own == {f"_distilrank.{name}" for name in ("cluster_score", "cluster_rank", "rerank_score")}
        assert sorted(hit["fields"].keys() - own) == names
        assert {name: hit["fields"][name] for name in names} == expected[hit["_id"]].get("fields", {})
        assert hit.get("_source") == expected[hit["_id"]].get("_source")
