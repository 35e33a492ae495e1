"""Rerank routes against the student itself, in each client's shape."""

import math
import re

import numpy as np
import pytest

from retrieval.product_text import SEPARATOR
from retrieval.types import Product, Query
from serving.documents import as_products
from serving.problems import ProblemError

DOCUMENTS = ["a red leather shoe", "blue cup", "", "red shoe red shoe", "steel knife with wooden handle"]


def _expected(opened, query, documents):
    products = as_products(documents, opened.template)
    return opened.pipeline.reranker.score([(Query("1", query), product) for product in products])


def _sigmoid(score):
    return 1 / (1 + math.exp(-score))


@pytest.mark.parametrize("version", ["1", "2"])
def test_cohere_answers_are_sorted_sigmoid_floats(client, opened, version):
    response = client().post(f"/v{version}/rerank", json={"query": "red shoe", "documents": DOCUMENTS, "model": "any"})
    answer = response.json()
    scores = _expected(opened, "red shoe", DOCUMENTS)
    assert [one["index"] for one in answer["results"]] == np.argsort(-scores, kind="stable").tolist()
    for one in answer["results"]:
        assert one["relevance_score"] == pytest.approx(_sigmoid(scores[one["index"]]), abs=1e-12)
        assert set(one) == {"index", "relevance_score"}
    assert answer["meta"]["api_version"]["version"] == version
    assert answer["id"]


def test_scores_are_written_as_floats_even_when_they_are_whole(client):
    class Zeros:
        def score(self, pairs):
            return np.zeros(len(pairs), dtype=np.float32)

    text = client(reranker=Zeros()).post("/rerank?x=1", json={"query": "a", "texts": ["b"], "raw_scores": True}).text
    assert text == '[{"index":0,"score":0.0}]'


def test_top_n_and_order_and_raw_scores(client, opened):
    http = client()
    scores = _expected(opened, "red shoe", DOCUMENTS)
    best = np.argsort(-scores, kind="stable")[:2].tolist()
    body = {"query": "red shoe", "documents": DOCUMENTS, "top_n": 2}
    assert [one["index"] for one in http.post("/v2/rerank", json=body).json()["results"]] == best
    by_input = http.post("/v2/rerank", json=body, params={"order": "input", "raw_scores": "true"}).json()["results"]
    assert [one["index"] for one in by_input] == sorted(best)
    everything = http.post("/v2/rerank?order=input&raw_scores=true", json=body | {"top_n": 50}).json()["results"]
    assert [one["index"] for one in everything] == [0, 1, 2, 3, 4]
    assert [np.float32(one["relevance_score"]) for one in everything] == scores.tolist()
    assert http.post("/v2/rerank", json=body | {"top_n": 0}).status_code == 400
    assert http.post("/v2/rerank?order=random", json=body).status_code == 400


def test_what_mentions_the_unwanted_loses_the_same_alone_and_in_any_list(client, engine, opened):
    query, documents = "knife without wooden handle", [*DOCUMENTS, "knife, no handle", "wooden knife"]
    spread = engine().served.spread
    shares = [0, 0, 0, 0, 1, 0, 0.5]  # of "wooden" and "handle", what each mentions
    expected = _expected(opened, query, documents) - np.array([2 * spread * share for share in shares], np.float32)
    http = client()

    def raw(*some):
        answer = http.post("/rerank?order=input", json={"query": query, "texts": some, "raw_scores": True}).json()
        return [one["score"] for one in answer]

    assert raw(*documents) == pytest.approx(expected.tolist(), abs=1e-5)
    assert [raw(document)[0] for document in documents] == pytest.approx(raw(*documents), abs=1e-5)
    body = {"query": query, "documents": documents, "top_n": 7}
    ranked = [one["index"] for one in http.post("/v2/rerank", json=body).json()["results"]]
    assert ranked == np.argsort(-expected, kind="stable").tolist()


def test_documents_come_back_when_asked_for(client):
    http = client()
    mixed = ["a red shoe", {"text": "blue cup", "id": 7}]
    body = {"query": "red shoe", "documents": mixed, "return_documents": True}
    found = {one["index"]: one["document"] for one in http.post("/v1/rerank", json=body).json()["results"]}
    assert found == {0: {"text": "a red shoe"}, 1: {"text": "blue cup", "id": 7}}


def test_products_as_documents_score_as_in_a_search(client):
    http = client()
    hits = http.post("/v1/search", json={"query": "red shoe", "size": 10}).json()["hits"]
    body = {"query": "red shoe", "documents": [hit["fields"] for hit in hits]}
    results = http.post("/v2/rerank?order=input&raw_scores=true", json=body).json()["results"]
    for hit, one in zip(hits, results, strict=True):
        assert one["relevance_score"] == pytest.approx(hit["rerank_score"], abs=1e-4)


def test_documents_become_what_the_student_reads(opened):
    template = opened.template
    first, second = template.fields[:2]

    def text(document, rank_fields=None):
        return template.text(as_products([document], template, rank_fields)[0])

    assert text("red shoe") == "red shoe"
    assert text({"text": "red shoe"}) == "red shoe"
    assert text({second: "Acme", first: "red shoe", "text": "other"}) == f"red shoe{SEPARATOR}Acme"
    assert text({"a": "one", "b": ["two", 3], "c": None}, ["b", "c", "a"]) == f"two 3{SEPARATOR}one"
    assert as_products(["x"], template) == [Product("0", {first: "x"})]
    with pytest.raises(ProblemError, match="document 1 has neither"):
        as_products(["x", {"body": "y"}], template)


def test_text_embeddings_inference_shape(client, opened):
    http = client()
    scores = _expected(opened, "red shoe", DOCUMENTS)
    body = {"query": "red shoe", "texts": DOCUMENTS, "truncate": True, "return_text": True}
    answer = http.post("/rerank", json=body).json()
    assert [one["index"] for one in answer] == np.argsort(-scores, kind="stable").tolist()
    assert all(one["text"] == DOCUMENTS[one["index"]] for one in answer)
    assert all(0 < one["score"] < 1 for one in answer)
    raw = http.post("/rerank?order=input", json={"query": "red shoe", "texts": DOCUMENTS, "raw_scores": True}).json()
    assert [(one["index"], np.float32(one["score"])) for one in raw] == list(enumerate(scores))
    body.pop("return_text")
    assert http.post("/rerank?order=input&raw_scores=true", json=body).json() == raw


def test_long_lists_are_scored_in_parts(client):
    class Numbers:
        def __init__(self):
            self.sizes = []

        def score(self, pairs):
            self.sizes.append(len(pairs))
            return np.array([int(product["title"].split()[-1]) for _, product in pairs], dtype=np.float32)

    numbers = Numbers()
    documents = [f"red shoe {number}" for number in range(1100)]
    http = client(reranker=numbers)
    results = http.post("/v2/rerank?raw_scores=true", json={"query": "a", "documents": documents}).json()
    assert [(one["index"], one["relevance_score"]) for one in results["results"]] == [
        (place, float(place)) for place in range(1099, -1, -1)
    ]
    assert numbers.sizes == [512, 512, 76]


def test_no_documents_no_results(client):
    http = client()
    assert http.post("/v2/rerank", json={"query": "a", "documents": []}).json()["results"] == []
    assert http.post("/rerank", json={"query": "a", "texts": []}).json() == []


def test_too_many_documents_are_refused(client):
    http = client(max_documents=3)
    response = http.post("/v2/rerank", json={"query": "a", "documents": ["b"] * 4})
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "documents has 4 entries; at most 3 are taken"
    assert http.post("/v2/rerank", json={"query": "a", "documents": ["b"] * 3}).status_code == 200


def test_saturated_scores_keep_their_order_and_their_differences(client):
    class Large:
        def score(self, pairs):
            return np.array([20.0, 25.0, -800.0, 30.0], dtype=np.float32)

    body = {"query": "a", "documents": ["1", "2", "3", "4"]}
    results = client(reranker=Large()).post("/v2/rerank", json=body).json()["results"]
    assert [one["index"] for one in results] == [3, 1, 0, 2]
    found = [one["relevance_score"] for one in results]
    assert len(set(found)) == 4
    assert all(0 <= score <= 1 for score in found)


def test_numbers_are_written_briefly_and_lose_nothing_that_counts(client):
    """OpenSearch reads a number of more than 18 characters as BigDecimal, and fails to cast it to Double."""
    random = np.random.default_rng(3)
    logits = np.concatenate([random.normal(0, 8, 400), random.normal(0, 1e-3, 50), [0.0, -1e-30, 36.0, -36.0, 1e30]])

    class Drawn:
        def score(self, pairs):
            return logits.astype(np.float32)

    http = client(reranker=Drawn())
    body = {"query": "a", "documents": ["b"] * len(logits)}
    for raw in ("true", "false"):
        text = http.post(f"/v2/rerank?order=input&raw_scores={raw}", json=body).text
        numbers = re.findall(r'"relevance_score":([^,}]+)', text)
        assert len(numbers) == len(logits)
        assert max(map(len, numbers)) <= 18
        assert all(re.search(r"[.eE]", number) for number in numbers), "an integer is no Double"
        found = np.array(numbers, dtype=float)
        if raw == "true":
            assert found.astype(np.float32).tolist() == logits.astype(np.float32).tolist()
        else:
            exact = 1 / (1 + np.exp(-logits.astype(np.float32).astype(float)))
            np.testing.assert_allclose(found, exact, rtol=1e-11)
