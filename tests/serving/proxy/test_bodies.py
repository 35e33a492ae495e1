"""The searches that shops send (`bodies/searches.jsonl`): reranked or passed through as documented, never broken.

Each is asked through the proxy and of the cluster itself. Passed through, the answers are the same bytes. Reranked,
they hold the same hits over the window, each with all that the cluster says of it, the same totals and aggregations,
and every page is a slice of one ranking.
"""

import contextlib
import fnmatch
import json
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.engine import SearchEngine
from serving.proxy.passing import REASONS
from serving.settings import ServeSettings

CASES = [json.loads(line) for line in (Path(__file__).parent / "bodies" / "searches.jsonl").read_text().splitlines()]
WINDOW = 20
WEIGHT = 0.5
PATH = "/products/_search"
OURS = ("_distilrank.cluster_score", "_distilrank.cluster_rank", "_distilrank.rerank_score")


class Noting:
    """The student, and what it was last asked about."""

    def __init__(self, student):
        self.student = student
        self.texts = set()

    def score(self, pairs):
        self.texts = {query.text for query, _ in pairs}
        return self.student.score(pairs)


@pytest.fixture(scope="module")
def servers(clusters, served):
    """By engine: the server in front of the cluster, and what notes its student's questions."""
    with contextlib.ExitStack() as stack:
        found = {}
        for engine, node in clusters.items():
            noting = Noting(served.reranker)
            section = {"url": node.url, "indices": ["products"], "fields": {"colour": "attributes.colour"}}
            settings = ServeSettings(deadline_ms=0, proxy=section | {"window": WINDOW, "blend_weight": WEIGHT})
            one = SearchEngine(lambda noting=noting: replace(served, reranker=noting), settings)
            found[engine] = stack.enter_context(TestClient(create_app(one))), noting
        yield found


@pytest.fixture
def asked(request, servers, clusters):
    """Asks a case's search, changed by `more`, of the proxy and of the cluster itself."""
    case = request.param
    engine = case.get("engine", "elasticsearch")
    http, noting = servers[engine]
    node = clusters[engine]
    node.requests.clear()

    class Asked:
        name, text, student, cluster = case["name"], case.get("text"), noting, node
        body, parameters = case["body"], case.get("parameters", {})

        def proxy(self, **more):
            kept = {key: value for key, value in self.parameters.items() if key not in more}
            return http.post(PATH, json=self.body | more, params=kept)

        def direct(self, body, parameters):
            return httpx.post(f"{node.url}{PATH}", json=body, params=parameters)

    return Asked()


def _of(reranked):
    cases = [case for case in CASES if (case["expect"] == "reranked") is reranked]
    return pytest.mark.parametrize("asked", cases, indirect=True, ids=[case["name"] for case in cases])


def test_there_are_enough_of_them_and_every_reason_that_a_body_can_have():
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert sum(case["expect"] == "reranked" for case in CASES) >= 40
    elsewhere = {"body", "cluster_error", "format", "long_query", "refused", "retriever", "unreadable_answer"}
    assert {case["expect"] for case in CASES} - {"reranked"} == set(REASONS) - elsewhere


@_of(reranked=False)
def test_passed_through(asked, request):
    expected = next(case["expect"] for case in CASES if case["name"] == asked.name)
    response = asked.proxy()
    (sent,) = asked.cluster.requests
    body = {name: value for name, value in asked.body.items() if name != "ext" or "distilrank" not in value}
    direct = asked.direct(body, asked.parameters)
    assert (response.headers["x-distilrank"], response.headers["x-distilrank-reason"]) == ("passed", expected)
    assert response.status_code == direct.status_code == 200, response.text
    assert sent.parameters == asked.parameters
    assert json.loads(sent.body) == body
    if expected == "scroll":  # each has its own id
        assert response.json()["hits"] == direct.json()["hits"]
    else:
        assert response.content == direct.content


@_of(reranked=True)
def test_reranked(asked):
    response = asked.proxy()
    assert response.status_code == 200, response.text
    assert response.headers["x-distilrank"] == "reranked", response.headers
    (sent,) = asked.cluster.requests  # in one request
    assert asked.student.texts == {asked.text}
    answer = response.json()
    plain = {name: value for name, value in asked.body.items() if name != "ext" or "distilrank" not in value}
    direct = asked.direct(plain, asked.parameters).json()
    wide = asked.direct(json.loads(sent.body), sent.parameters).json()["hits"]["hits"]
    assert len(wide) > 1
    start, size = asked.body.get("from", 0), int(asked.parameters.get("size", asked.body.get("size", 10)))

    # All but the hits, their order and their scores is the cluster's answer to the search as it was asked. (Where ranks
    # are fused over a window, how many were found depends on it.)
    fused = {"retriever", "rank"} & asked.body.keys() and "standard" not in asked.body.get("retriever", {})
    assert answer.keys() == direct.keys()
    assert answer["hits"].keys() == direct["hits"].keys()
    for name in answer.keys() - {"hits"}:
        assert answer[name] == direct[name]
    if not fused:
        assert answer["hits"].get("total") == direct["hits"].get("total")
    hits = answer["hits"]["hits"]
    assert len(hits) == len(wide[start : start + size])
    if not fused:
        assert len(hits) == len(direct["hits"]["hits"])

    # The window's hits are the cluster's, and what is said of each is what the cluster says.
    window = int(response.headers["x-distilrank-window"])
    ranking = asked.proxy(**{"from": 0, "size": max(len(wide), start + size)}).json()["hits"]["hits"]
    assert [hit["_id"] for hit in ranking[start : start + size]] == [hit["_id"] for hit in hits]
    assert {hit["_id"] for hit in ranking[:window]} == {hit["_id"] for hit in wide[:window]}
    assert [hit["_id"] for hit in ranking[window : len(wide)]] == [hit["_id"] for hit in wide[window:]]
    cluster_hits = {hit["_id"]: (rank, hit) for rank, hit in enumerate(wide, start=1)}
    for hit in hits:
        rank, found = cluster_hits[hit["_id"]]
        assert _without(hit, "_score", "fields") == _without(found, "_score", "fields")
        assert hit.keys() - {"fields", "highlight"} == direct["hits"]["hits"][0].keys() - {"fields", "highlight"}
        fields = dict(hit["fields"])
        assert fields.pop(OURS[0]) == [found["_score"]]
        assert fields.pop(OURS[1]) == [rank]
        assert (OURS[2] in fields) is (rank <= window)
        fields.pop(OURS[2], None)
        assert fields == {k: v for k, v in found.get("fields", {}).items() if _wanted(asked.body, k)}
    scores = [hit["_score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0
    assert answer["hits"]["max_score"] == ranking[0]["_score"]


def _without(members, *names):
    return {name: value for name, value in members.items() if name not in names}


def _wanted(body, name):
    entries = [*body.get("fields", ()), *body.get("docvalue_fields", ()), *body.get("script_fields", {})]
    patterns = [entry["field"] if isinstance(entry, dict) else entry for entry in entries]
    patterns += [body["collapse"]["field"]] if "collapse" in body else []
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def test_the_order_is_the_blend_of_both_scores(servers):
    """Worked out by hand."""
    http, _ = servers["elasticsearch"]
    text = "soft toothbrush pack for kids"
    hits = http.post(PATH, json={"query": {"match": {"title": text}}, "size": WINDOW}).json()["hits"]["hits"]
    first = np.array([hit["fields"][OURS[0]][0] for hit in hits])
    second = np.array([hit["fields"][OURS[2]][0] for hit in hits])
    blended = (1 - WEIGHT) * (first - first.mean()) / first.std() + WEIGHT * (second - second.mean()) / second.std()
    assert np.argsort(-blended, kind="stable").tolist() == list(range(len(hits)))
    assert first.tolist() != sorted(first, reverse=True)
    assert second.tolist() != sorted(second, reverse=True)
