"""The reranker hangs, raises, is late or stuck: the first stage's order is answered, flagged and counted."""

import threading
import time
from dataclasses import replace

import pytest

from eval.errors import MachineError
from serving.deadline import Deadline
from serving.engine import FixedShop, FixedView, SearchAsk, SearchEngine
from serving.problems import ProblemError
from serving.settings import ServeSettings
from tests.serving.doubles import BrokenReranker, HungReranker, NotFiniteReranker


def _count(http, line: str) -> float:
    found = [one for one in http.get("/metrics").text.splitlines() if one.startswith(line + " ")]
    return float(found[0].split()[-1]) if found else 0.0


def _first_stage(answer):
    return [(hit["id"], hit["score"], hit["first_rank"], hit["rerank_score"]) for hit in answer["hits"]]


@pytest.mark.parametrize("reranker", [BrokenReranker(RuntimeError("boom at /secret/path")), NotFiniteReranker()])
def test_a_failing_reranker_leaves_the_first_stage(client, opened, served, reranker):
    http = client(reranker=reranker)
    plain = http.post("/v1/search", json={"query": "red shoe", "window": 0}).json()
    response = http.post("/v1/search", json={"query": "red shoe"})
    answer = response.json()
    assert response.status_code == 200
    assert answer["degraded"]
    assert (answer["degraded_reason"], answer["route"], answer["window"]) == ("failed", "first_stage", 0)
    assert _first_stage(answer) == _first_stage(plain)
    assert answer["total_in_window"] == 10
    assert "secret" not in response.text
    assert _count(http, 'distilrank_degraded_total{reason="failed"}') == 1
    again = http.post("/v2/rerank", json={"query": "red shoe", "documents": ["a shoe"]})
    assert again.status_code == 503  # there is no first stage to fall back on
    assert again.json()["error"]["type"] == "unavailable"
    assert int(again.headers["retry-after"]) >= 1
    assert "secret" not in again.text


def test_a_hung_reranker_never_takes_search_down(client, opened):
    hung = HungReranker(opened.pipeline.reranker)
    http = client(reranker=hung, stuck_ms=50)
    before = time.perf_counter()
    reasons = []
    for _ in range(5):
        response = http.post("/v1/search", json={"query": "red shoe", "deadline_ms": 200})
        assert response.status_code == 200
        assert len(response.json()["hits"]) == 10
        reasons.append(response.json()["degraded_reason"])
    assert time.perf_counter() - before < 5
    assert reasons == ["late", "late", "stuck", "stuck", "stuck"]  # two rerank workers, then none is left
    assert _count(http, "distilrank_late_rerankers") == 2
    time.sleep(0.06)
    response = http.get("/health/ready")
    assert response.status_code == 503
    assert "rerank workers hang" in response.json()["error"]["message"]
    assert http.get("/health/live").status_code == 200
    hung.release.set()
    for _ in range(500):
        if http.get("/health/ready").status_code == 200:
            break
        time.sleep(0.01)
    answer = http.post("/v1/search", json={"query": "red shoe"}).json()
    assert not answer["degraded"]
    assert answer["route"] == "student"


def test_without_a_deadline_a_hung_reranker_is_given_up_after_hang_ms(client, opened):
    hung = HungReranker(opened.pipeline.reranker)
    http = client(reranker=hung, hang_ms=50)
    assert http.post("/v1/search", json={"query": "red shoe", "deadline_ms": 0}).json()["degraded_reason"] == "late"
    assert http.post("/rerank", json={"query": "red shoe", "texts": ["a"]}).status_code == 503
    hung.release.set()


def test_a_deadline_that_has_passed_leaves_no_time_to_rerank(engine):
    one = engine()
    answer = one.search(SearchAsk("red shoe"), Deadline(1, started=0.0))
    assert answer.degraded == "no_time"
    assert answer.window == 0
    assert len(answer.hits) == 10


def test_the_window_shrinks_to_what_the_time_allows(engine, opened):
    one = engine(min_window=2)
    cost = one._current.newest.cost("student")
    for _ in range(80):
        cost.observe(10, 100_000.0)  # ten seconds a pair
    answer = one.search(SearchAsk("red shoe"), Deadline(45_000))
    assert answer.window == 4
    assert answer.degraded is None
    offline = opened.pipeline.search([opened.example.__class__("1", "red shoe")], 10, window=4)[0]
    assert [hit.hit for hit in answer.hits] == offline.hits


def test_a_late_rerank_teaches_what_one_costs(engine, opened):
    hung = HungReranker(opened.pipeline.reranker)
    one = engine(reranker=hung)
    assert one.search(SearchAsk("red shoe"), Deadline(100)).degraded == "late"
    cost = one._current.newest.cost("student")
    assert cost.ms_per_pair() is None
    time.sleep(0.1)
    hung.release.set()
    for _ in range(500):
        if cost.ms_per_pair():
            break
        time.sleep(0.01)
    assert cost.ms_per_pair() > 10  # more than 100 ms for 10 pairs


def test_concurrent_searches_agree_with_one_at_a_time(engine, opened):
    one = engine(workers=4)
    texts = [query.text for query in opened.prepared.queries.values()]
    expected = {text: [hit.hit for hit in one.search(SearchAsk(text)).hits] for text in texts}
    wrong = []

    def many(offset: int) -> None:
        for text in texts[offset:] + texts[:offset]:
            found = [hit.hit for hit in one.search(SearchAsk(text)).hits]
            if found != expected[text]:
                wrong.append(text)

    threads = [threading.Thread(target=many, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_long_lists_and_hung_rerank_routes_leave_searches_their_threads(client, opened):
    hung = HungReranker(opened.pipeline.reranker)
    http = client(reranker=hung, workers=1, other_workers=1, hang_ms=30)
    for _ in range(3):
        assert http.post("/rerank", json={"query": "red shoe", "texts": ["a"]}).status_code == 503
    hung.release.set()
    answer = http.post("/v1/search", json={"query": "red shoe", "deadline_ms": 60_000}).json()
    assert answer["degraded_reason"] in (None, "late")  # never "stuck": the rerank routes have threads of their own
    assert http.get("/health/ready").status_code == 200


def test_a_search_index_that_hangs_makes_the_server_unready(engine, served):
    release, begun = threading.Event(), threading.Semaphore(0)

    class Stalled:
        def search(self, queries, k, where=None):
            begun.release()
            release.wait(30)
            return [[] for _ in queries]

        def score_products(self, query, product_ids):
            return []

    fixed = served.shop.view()
    stalled = replace(served, shop=FixedShop(FixedView(Stalled(), fixed.catalogue, fixed.products)))
    one = SearchEngine(lambda: stalled, ServeSettings(workers=2, hang_ms=20))
    threads = [threading.Thread(target=one.search, args=(SearchAsk("a"),)) for _ in range(2)]
    threads[0].start()
    begun.acquire(timeout=10)
    time.sleep(0.1)
    assert one.not_ready() is None  # another thread can still search
    threads[1].start()
    begun.acquire(timeout=10)
    time.sleep(0.1)
    assert one.not_ready() == "the search index hangs"
    release.set()
    for thread in threads:
        thread.join()
    assert one.not_ready() is None


def test_a_first_stage_that_fails_is_told_without_its_insides(client, engine, served):
    class Truncated:
        def search(self, queries, k, where=None):
            raise MachineError("/secret/index.faiss is truncated")

        def score_products(self, query, product_ids):
            return []

    fixed = served.shop.view()
    broken = replace(served, shop=FixedShop(FixedView(Truncated(), fixed.catalogue, fixed.products)))
    response = client(SearchEngine(lambda: broken, ServeSettings())).post("/v1/search", json={"query": "a"})
    assert response.status_code == 503
    assert "secret" not in response.text
    assert int(response.headers["retry-after"]) >= 1


def test_without_a_reranker_the_first_stage_is_no_failure(served):
    one = SearchEngine(lambda: replace(served, reranker=None), ServeSettings())
    answer = one.search(SearchAsk("red shoe"))
    assert (answer.degraded, answer.route, answer.window) == (None, "first_stage", 0)
    with pytest.raises(ProblemError, match="no reranker"):
        one.rerank("red shoe", [])
