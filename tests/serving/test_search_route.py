"""`/v1/search` against the offline pipeline of the same run."""

from collections import Counter

import pytest

from retrieval.types import Query
from serving.engine import SearchEngine


def _ranking(answer):
    return [
        (hit["id"], hit["score"], hit["first_score"], hit["first_rank"], hit["rerank_score"]) for hit in answer["hits"]
    ]


def _search(client, **body):
    response = client.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_served_equals_evaluated_to_the_last_place_and_score(client, opened):
    http = client()
    queries = list(opened.prepared.queries.values())
    for query in queries:
        offline = opened.pipeline.search([query], 20)[0]
        answer = _search(http, query=query.text, size=20, deadline_ms=0, explain=True)
        assert _ranking(answer) == [tuple(hit) for hit in offline.hits]
        assert [(hit["id"], hit["score"]) for hit in answer["first_stage"]] == [tuple(hit) for hit in offline.first]
        assert answer["window"] == answer["total_in_window"] == 10
        assert answer["route"] == "student"
        assert not answer["degraded"]
        assert answer["degraded_reason"] is None
    assert len(queries) > 15


def test_pages_make_up_the_ranking_also_beyond_the_window(client, opened):
    http = client()
    whole = _search(http, query="red shoe", size=24)
    pages = [_search(http, query="red shoe", size=6, **{"from": start}) for start in (0, 6, 12, 18)]
    assert [hit for page in pages for hit in page["hits"]] == whole["hits"]
    assert [hit["rank"] for hit in whole["hits"]] == list(range(1, 25))
    beyond = whole["hits"][10:]
    assert [hit["first_rank"] for hit in beyond] == list(range(11, 25))  # the first stage's order
    assert all(hit["rerank_score"] is None for hit in beyond)
    scores = [hit["score"] for hit in whole["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert _search(http, query="red shoe", **{"from": 1000})["hits"] == []


@pytest.mark.parametrize("window", [0, 1, 3, 30])
def test_the_window_of_the_request_counts(client, opened, window):
    offline = opened.pipeline.search([Query("1", "red shoe")], 15, window=window)[0]
    answer = _search(client(), query="red shoe", size=15, window=window)
    assert _ranking(answer) == [tuple(hit) for hit in offline.hits]
    assert answer["window"] == window
    assert answer["total_in_window"] == (window or opened.pipeline.window)
    assert answer["route"] == ("student" if window else "first_stage")
    assert not answer["degraded"]


def test_filters_and_facets_agree_with_the_catalogue(client, opened):
    http = client()
    brands = Counter(opened.catalogue.column("brand").to_pylist())
    two = [brand for brand, _ in brands.most_common(2)]
    for wanted, allowed in ((two, set(two)), (two[0], {two[0]})):
        answer = _search(
            http, query="red shoe", size=100, window=100, filters={"brand": wanted}, facets=["brand", "colour"]
        )
        assert {hit["fields"]["brand"] for hit in answer["hits"]} <= allowed
        assert answer["hits"]
        for name in ("brand", "colour"):  # all candidates are among the hits here
            counts = Counter(hit["fields"][name] for hit in answer["hits"] if hit["fields"][name])
            assert {one["value"]: one["count"] for one in answer["facets"][name]} == dict(counts)
            order = [(-one["count"], one["value"]) for one in answer["facets"][name]]
            assert order == sorted(order)
    assert _search(http, query="red shoe", filters={"brand": "no such brand"})["hits"] == []
    assert _search(http, query="red shoe", filters={"brand": []})["hits"] == []


def test_without_reranking_the_facets_are_still_those_of_the_usual_window(client):
    http = client()
    reranked = _search(http, query="red shoe", facets=["brand"])
    as_found = _search(http, query="red shoe", facets=["brand"], window=0)
    assert as_found["window"] == 0
    assert as_found["facets"] == reranked["facets"]
    assert as_found["facets"]["brand"]


def test_whole_numbers_may_be_written_with_a_point(client):
    http = client()
    expected = http.post("/v1/search", json={"query": "red shoe", "size": 3, "from": 2}).json()["hits"]
    answer = http.post("/v1/search", json={"query": "red shoe", "size": 3.0, "from": 2.0, "deadline_ms": 0.0})
    assert answer.json()["hits"] == expected
    assert http.post("/v1/search", json={"query": "red shoe", "size": 3.5}).status_code == 400


def test_judged_grades_are_shown(engine, client, served):
    from dataclasses import replace

    plain = _search(client(), query="red shoe")["hits"]
    graded = replace(served, grades={"red shoe": {plain[0]["id"]: "E", plain[2]["id"]: "I"}})
    http = client(SearchEngine(lambda: graded, engine().settings))
    hits = _search(http, query="  RED  shoe!")["hits"]
    assert {hit["id"]: hit["grade"] for hit in hits if hit["grade"]} == graded.grades["red shoe"]


def test_an_answer_tells_where_its_time_went_and_what_was_searched(client):
    answer = _search(client(), query="red shoe")
    timings = answer["timings_ms"]
    assert set(timings) == {"queue", "retrieve", "fetch", "rerank", "blend", "total"}
    assert all(value >= 0 for value in timings.values())
    assert sum(value for stage, value in timings.items() if stage != "total") <= timings["total"] + 0.01
    assert answer["version"] == {"index": "index-1", "student": "student-1", "live": 0}
    assert "first_stage" not in answer


def test_a_blank_query_finds_nothing(client):
    answer = _search(client(), query="  ", facets=["brand"])
    assert answer["hits"] == []
    assert answer["facets"] == {"brand": []}
    assert answer["total_in_window"] == 0


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "query", "Field required"),
        ({"query": 3}, "query", "string"),
        ({"query": "a", "size": 0}, "size", "greater than or equal to 1"),
        ({"query": "a", "size": 101}, "size", "size is 101; at most 100 is taken"),
        ({"query": "a", "size": "3"}, "size", "integer"),
        ({"query": "a", "size": True}, "size", "integer"),
        ({"query": "a", "from": -1}, "from", "greater than or equal to 0"),
        ({"query": "a", "from": 1001}, "from", "at most 1000"),
        ({"query": "a", "window": 1001}, "window", "at most 1000"),
        ({"query": "a", "deadline_ms": -1}, "deadline_ms", "greater than or equal to 0"),
        ({"query": "a", "filters": {"colr": "red"}}, "filters", "no product field 'colr'"),
        ({"query": "a", "filters": {"brand": 3}}, None, "valid string"),
        ({"query": "a", "filters": {"brand": ["x"] * 101}}, "filters", "at most 100"),
        ({"query": "a", "facets": ["colr"]}, "facets", "no product field 'colr'"),
        ({"query": "a" * 1001}, "query", "at most 1000"),
        ({"query": "a", "sise": 3}, "sise", "Extra inputs are not permitted"),
        ([], None, "valid dictionary"),
    ],
)
def test_what_is_wrong_is_said_in_one_shape(client, body, field, message):
    response = client().post("/v1/search", json=body, headers={"X-Request-Id": "mine-1"})
    assert response.status_code == 400
    answer = response.json()
    assert set(answer) == {"error", "request_id"}
    assert answer["request_id"] == response.headers["x-request-id"] == "mine-1"
    assert answer["error"]["type"] == "invalid_request"
    assert message in answer["error"]["message"]
    if field is not None:
        assert answer["error"]["field"] == field


def test_unknown_routes_and_methods_are_refused_in_the_same_shape(client):
    http = client()
    for response, status in ((http.post("/v1/serach", json={}), 404), (http.get("/v1/search"), 405)):
        assert response.status_code == status
        assert set(response.json()) == {"error", "request_id"}
        assert response.headers["x-request-id"] == response.json()["request_id"]
