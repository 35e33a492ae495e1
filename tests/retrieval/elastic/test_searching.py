"""Searching in a cluster on a bad day: the whole list or an error, never a shorter list."""

import logging
import time

import numpy as np
import pytest
from fake_elastic import FakeElastic

from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.demotion import LOSS
from retrieval.elastic.connection import Cluster, ClusterError
from retrieval.elastic.retriever import MODES, ElasticRetriever, Mode
from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR, fuse
from retrieval.types import Query

from .conftest import TEMPLATE, Build, Letters

QUERIES = [Query("1", "red shoe"), Query("2", "lamp a")]


def searches(node: FakeElastic) -> int:
    return sum(request.path == "/_msearch" for request in node.requests)


def test_a_batch_of_queries_is_one_request(node: FakeElastic, retriever: ElasticRetriever) -> None:
    found = retriever.search([*QUERIES, Query("3", " "), Query("4", "xyz")], 5)
    assert searches(node) == 1
    assert [len(hits) for hits in found] == [5, 5, 0, 5]  # "xyz" is no word of theirs, but has a vector


def test_a_lost_shard_is_asked_again(node: FakeElastic, retriever: ElasticRetriever) -> None:
    whole = retriever.search(QUERIES, 60)
    node.faults.fail_shards(1)
    assert retriever.search(QUERIES, 60) == whole
    assert searches(node) == 3


def test_a_shard_that_stays_lost_is_an_error(node: FakeElastic, retriever: ElasticRetriever) -> None:
    node.faults.fail_shards(1, times=99)
    with pytest.raises(ClusterError, match=r"503 .*a fault on purpose"):
        retriever.search(QUERIES, 60)
    assert searches(node) == 3
    with pytest.raises(ClusterError):
        retriever.score_products(QUERIES[0], ["p1", "p2"])


def test_partial_answers_of_a_server_that_ignores_the_wish_for_whole_ones(
    node: FakeElastic, retriever: ElasticRetriever
) -> None:
    def partial(request: object) -> dict[str, object]:
        shards = {"total": 2, "successful": 1, "failed": 1, "failures": [{"reason": {"type": "x", "reason": "gone"}}]}
        answer = {"took": 1, "timed_out": False, "_shards": shards, "hits": {"hits": []}, "status": 200}
        return {"took": 1, "responses": [answer] * 2}

    node.route("POST", "/_msearch", partial)
    with pytest.raises(ClusterError, match=r"completely: 1 of 2 shards failed \(gone\)"):
        retriever.search(QUERIES[:1], 5)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_waited_for(status: int, node: FakeElastic, retriever: ElasticRetriever) -> None:
    whole = retriever.search(QUERIES, 5)
    node.faults.status("_msearch", status, times=2, headers={"Retry-After": "0"})
    assert retriever.search(QUERIES, 5) == whole


def test_one_search_of_a_batch_that_was_rejected_is_asked_again(node: FakeElastic, retriever: ElasticRetriever) -> None:
    whole = retriever.search(QUERIES, 5)
    genuine = next(handler for _, pattern, handler in node._routes if pattern.fullmatch("/_msearch"))
    counts: list[int] = []

    def busy_once(request: object) -> dict[str, list[dict[str, object]]]:
        answer = genuine(request)
        counts.append(len(answer["responses"]))
        if len(counts) == 1:
            error = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
            answer["responses"][1] = {"error": {"root_cause": [error], **error}, "status": 429}
        return answer

    node.route("POST", "/_msearch", busy_once)
    assert retriever.search(QUERIES, 5) == whole
    assert counts == [4, 1]


def test_a_mistake_is_not_asked_twice(node: FakeElastic, retriever: ElasticRetriever) -> None:
    retriever.index = "nowhere"
    with pytest.raises(ClusterError, match=r"404 .*no such index"):
        retriever.search(QUERIES, 5)
    assert searches(node) == 1


def test_no_answer_in_time(node: FakeElastic, retriever: ElasticRetriever, caplog: pytest.LogCaptureFixture) -> None:
    whole = retriever.search(QUERIES, 5)
    node.faults.close("_msearch")
    assert retriever.search(QUERIES, 5) == whole
    from retrieval.elastic.connection import connect

    retriever.cluster = connect([node.url], timeout_s=0.2, patience=retriever.cluster.patience._replace(attempts=2))
    node.faults.delay("_msearch", 0.6, times=2)
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING), pytest.raises(ClusterError, match="no answer from http://127"):
        retriever.search(QUERIES, 5)
    assert time.monotonic() - begun < 5
    assert not caplog.records  # a user reads the one error, not the client's tracebacks
    retriever.cluster.close()


def test_more_than_a_cluster_gives(retriever: ElasticRetriever) -> None:
    with pytest.raises(InputError, match="10001 hits asked"):
        retriever.search(QUERIES, 10_001)


def test_many_scores_are_asked_in_parts(
    node: FakeElastic, retriever: ElasticRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"p{n}" for n in range(60)]
    whole = retriever.score_products(QUERIES[0], ids)
    monkeypatch.setattr("retrieval.elastic.retriever._SCORED", 7)
    assert retriever.score_products(QUERIES[0], ids) == whole


@pytest.mark.parametrize("mode", MODES)
def test_what_mentions_the_unwanted_falls_behind(
    mode: Mode, cluster: Cluster, build: Build, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever = ElasticRetriever(cluster, build(cluster).index, Letters(), catalogue, TEMPLATE, mode=mode)  # type: ignore[arg-type]
    query, ids = Query("1", "red shoe without lamp"), list(catalogue.ids)
    scores = np.array(retriever.score_products(query, ids))
    hits = retriever.search([query], 60)[0]
    monkeypatch.setattr("retrieval.demotion.unwanted", lambda _: [])
    before = np.array(retriever.score_products(query, ids))
    lamps = np.arange(60) % 4 == 1
    assert (scores[~lamps] == before[~lamps].astype(np.float32)).all()
    if mode == "hybrid":
        assert (scores[lamps] < before[lamps]).all()
    else:
        floor = {"bm25": BM25_FLOOR, "dense": COSINE_FLOOR}[mode]
        assert scores[lamps] == pytest.approx(before[lamps] - LOSS[floor] * (before[lamps] - floor))
    found = {hit.product_id: hit.score for hit in hits}
    assert [hit.score for hit in hits] == sorted(found.values(), reverse=True)
    if mode != "hybrid":  # whose score depends on the others asked for
        assert found == pytest.approx({i: score for i, score in zip(ids, scores, strict=True) if i in found})


def test_parts_are_fused_as_deep_as_each_is_searched_alone(
    cluster: Cluster, build: Build, catalogue: Catalogue
) -> None:
    index = build(cluster).index
    hybrid, dense, bm25 = (
        ElasticRetriever(cluster, index, Letters(), catalogue, TEMPLATE, mode=mode, candidates=16)  # type: ignore[arg-type]
        for mode in ("hybrid", "dense", "bm25")
    )
    query = Query("1", "red without table")
    parts = [part.search([query], 16)[0] for part in (dense, bm25)]
    assert hybrid.search([query], 10)[0] == fuse(parts, [COSINE_FLOOR, BM25_FLOOR], catalogue, "scores", 10, 16)


@pytest.mark.parametrize("mode", MODES)
def test_a_query_is_searched_as_deep_whatever_is_asked_with_it(
    mode: Mode, node: FakeElastic, cluster: Cluster, build: Build, catalogue: Catalogue
) -> None:
    retriever = ElasticRetriever(cluster, build(cluster).index, Letters(), catalogue, TEMPLATE, mode=mode)  # type: ignore[arg-type]

    def asked(*queries: Query) -> list[str]:
        retriever.search(queries, 5)
        return node.requests[-1].body.decode().strip().split("\n")[1::2]

    without = Query("3", "red shoe without lamp")
    alone = zip(asked(QUERIES[0]), asked(without), strict=True)
    assert asked(QUERIES[0], without) == [line for pair in alone for line in pair]
