"""The official clients of other services, pointed at this one over a real socket, unchanged."""

import json
import urllib.request

import cohere
import pytest

from serving.app import create_app

DOCUMENTS = ["a red leather shoe", "blue cup", "steel knife"]


@pytest.fixture
def url(address, engine):
    return address(create_app(engine(api_keys=("the-key",))))


@pytest.fixture
def expected(opened):
    from retrieval.types import Query
    from serving.documents import as_products

    products = as_products(DOCUMENTS, opened.template)
    scores = opened.pipeline.reranker.score([(Query("1", "red shoe"), product) for product in products])
    return sorted(range(3), key=lambda place: -scores[place])


def test_cohere_version_2(url, expected):
    with cohere.ClientV2(api_key="the-key", base_url=url) as client:
        answer = client.rerank(model="rerank-v3.5", query="red shoe", documents=DOCUMENTS, top_n=2)
    assert [one.index for one in answer.results] == expected[:2]
    assert all(isinstance(one.relevance_score, float) and 0 < one.relevance_score < 1 for one in answer.results)
    assert answer.meta.api_version.version == "2"


def test_cohere_version_1(url, expected):
    objects = [{"text": text, "number": place} for place, text in enumerate(DOCUMENTS)]
    with cohere.Client(api_key="the-key", base_url=url) as client:
        answer = client.rerank(model="rerank-v3.5", query="red shoe", documents=DOCUMENTS, return_documents=True)
        by_field = client.rerank(query="red shoe", documents=objects, rank_fields=["text"])
    assert [one.index for one in answer.results] == expected
    assert [one.document.text for one in answer.results] == [DOCUMENTS[place] for place in expected]
    assert [one.index for one in by_field.results] == expected


def test_cohere_raises_its_own_errors(url):
    with cohere.ClientV2(api_key="wrong", base_url=url) as client, pytest.raises(cohere.UnauthorizedError):
        client.rerank(model="x", query="a", documents=["b"])
    with (
        cohere.ClientV2(api_key="the-key", base_url=url) as client,
        pytest.raises(cohere.BadRequestError) as refused,
    ):
        client.rerank(model="x", query="a" * 2000, documents=["b"])
    assert refused.value.body["error"]["field"] == "query"


def test_elasticsearch_services(url, expected):
    """What Elasticsearch's custom and hugging_face rerank services post, and how they read the answer."""

    def post(path, body):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer the-key"}
        request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    custom = post("/v2/rerank?order=input", {"query": "red shoe", "documents": DOCUMENTS})
    assert [one["index"] for one in custom["results"]] == [0, 1, 2]  # $.results[*].index
    scores = [one["relevance_score"] for one in custom["results"]]  # $.results[*].relevance_score
    assert sorted(range(3), key=lambda place: -scores[place]) == expected
    hugging_face = post("/rerank", {"texts": DOCUMENTS, "query": "red shoe"})
    assert [one["index"] for one in hugging_face] == expected
