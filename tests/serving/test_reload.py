"""A new student or index is loaded beside the old: no request fails, none sees both."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from serving.app import create_app
from serving.engine import SearchEngine, Versions
from serving.settings import ServeSettings

SEARCH = {"query": "red shoe", "deadline_ms": 0}


class Reversed:
    """Another student: the real one's order, upside down."""

    def __init__(self, real):
        self.real = real

    def score(self, pairs):
        return -np.asarray(self.real.score(pairs))


@pytest.fixture
def two(served):
    """Two generations, and how often each was closed."""
    closed = {"one": 0, "two": 0}

    def close(name):
        closed[name] += 1

    served = replace(served, blend_weight=1.0)
    first = replace(served, versions=Versions("i", "one", "c"), close=lambda: close("one"))
    second = replace(
        served, versions=Versions("i", "two", "c"), reranker=Reversed(served.reranker), close=lambda: close("two")
    )
    return first, second, closed


def test_swapping_under_load_fails_no_request_and_mixes_nothing(two, client):
    first, second, _ = two
    turn = iter([first, *[second, first] * 20])
    engine = SearchEngine(lambda: next(turn), ServeSettings(workers=3, queue=100))
    http = client(engine)
    rankings: dict[str, set[tuple[str, ...]]] = {"one": set(), "two": set()}
    failed, stop = [], threading.Event()

    def load() -> None:
        while not stop.is_set():
            response = http.post("/v1/search", json=SEARCH)
            answer = response.json()
            if response.status_code != 200 or answer["degraded"]:
                failed.append(response.text)
                return
            rankings[answer["version"]["student"]].add(tuple(hit["id"] for hit in answer["hits"]))

    clients = [threading.Thread(target=load) for _ in range(3)]
    for thread in clients:
        thread.start()
    for _ in range(20):
        engine.reload()
        time.sleep(0.01)
    stop.set()
    for thread in clients:
        thread.join()
    assert not failed
    assert len(rankings["one"]) == len(rankings["two"]) == 1
    assert rankings["one"].pop() == rankings["two"].pop()[::-1]
    assert 'distilrank_reloads_total{outcome="done"} 20.0' in http.get("/metrics").text


def test_the_old_one_is_closed_only_when_its_last_request_has_ended(two, opened):
    from serving.deadline import Deadline
    from serving.engine import SearchAsk
    from tests.serving.doubles import HungReranker

    first, second, closed = two
    hung = HungReranker(opened.pipeline.reranker)
    turn = iter([replace(first, reranker=hung), second])
    engine = SearchEngine(lambda: next(turn), ServeSettings())
    answers = []
    in_flight = threading.Thread(target=lambda: answers.append(engine.search(SearchAsk("red shoe"), Deadline(None))))
    in_flight.start()
    hung.started.acquire(timeout=10)
    assert engine.reload().student == "two"
    assert engine.search(SearchAsk("red shoe")).versions.student == "two"
    time.sleep(0.05)
    assert closed["one"] == 0
    hung.release.set()
    in_flight.join(10)
    assert answers[0].versions.student == "one"
    assert answers[0].degraded is None
    for _ in range(200):
        if closed["one"]:
            break
        time.sleep(0.01)
    assert closed == {"one": 1, "two": 0}
    engine.close()


def test_what_cannot_be_opened_or_searched_leaves_the_old_one_serving(two, client):
    first, second, closed = two

    class Broken:
        def score(self, pairs):
            raise RuntimeError("broken weights")

    state = {"open": lambda: first}
    engine = SearchEngine(lambda: state["open"](), ServeSettings(deadline_ms=0))
    http = client(engine)

    def missing():
        raise FileNotFoundError("no such run")

    for opener in (missing, lambda: replace(second, reranker=Broken())):
        state["open"] = opener
        with pytest.raises((FileNotFoundError, RuntimeError)):
            engine.reload()
        assert http.post("/v1/search", json=SEARCH).json()["version"]["student"] == "one"
    assert 'distilrank_reloads_total{outcome="failed"} 2.0' in http.get("/metrics").text
    for _ in range(200):
        if closed["two"]:
            break
        time.sleep(0.01)
    assert closed == {"one": 0, "two": 1}  # what was opened in vain is closed again


def test_a_changed_stamp_reloads_in_the_background(two, client):
    first, second, _ = two
    state = {"stamp": "1", "served": first}
    engine = SearchEngine(
        lambda: state["served"], ServeSettings(deadline_ms=0, refresh_ms=10), stamp=lambda: state["stamp"]
    )
    http = client(engine)
    assert http.get("/v1/info").json()["student"] == "one"
    state.update(served=second, stamp="2")
    for _ in range(500):
        if http.get("/v1/info").json()["student"] == "two":
            break
        time.sleep(0.01)
    assert http.get("/v1/info").json()["student"] == "two"


def test_after_the_end_requests_are_refused_not_hung(engine):
    from fastapi.testclient import TestClient

    app = create_app(engine())
    with TestClient(app) as http:
        assert http.post("/v1/search", json=SEARCH).status_code == 200
    late = TestClient(app)
    response = late.post("/v1/search", json=SEARCH)
    assert response.status_code == 503
    assert "retry-after" in response.headers
    assert late.get("/health/ready").status_code == 503
    assert late.get("/health/live").status_code == 200
