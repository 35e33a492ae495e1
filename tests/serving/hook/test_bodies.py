"""What is sent to clusters, held against Elasticsearch's own description of its API."""

import copy
import os

import pytest

from eval.errors import InputError
from retrieval.elastic.bodies import bm25_search
from serving.hook import custom, hugging_face, inside, opensearch
from serving.hook.endpoint import Endpoint
from serving.hook.pieces import rendered
from serving.hook.reranked_search import reranked_search
from tests.elastic_api.schema import PATCHES, PLACE, ElasticApi, elastic_api

ENDPOINT = Endpoint("http://ranker:8000", "the-key")
FETCH = f"python tests/elastic_api/fetch.py {PLACE}"
needs_schema = pytest.mark.skipif(
    not PLACE.exists() and not os.environ.get("CI"), reason=f"needs Elasticsearch's API schema: {FETCH}"
)
SEARCHES = {
    "words": reranked_search("red shoe", inference_id="shop-rerank", field="text"),
    "words and vectors": reranked_search(
        "red shoe", inference_id="shop-rerank", field="text", size=200, vectors=("vector", "shop-embed")
    ),
}


@needs_schema
@pytest.mark.parametrize(
    ("way", "pieces"),
    [
        ("inference.put_custom", custom.pieces("shop", ENDPOINT)),
        ("inference.put_custom", custom.pieces("shop", Endpoint("https://ranker/x/"), embeddings=False)),
        ("inference.put_hugging_face", hugging_face.pieces("shop", ENDPOINT)),
        ("inference.put_elasticsearch", inside.pieces("shop", "shop-student")),
    ],
)
def test_inference_endpoints_are_as_the_api_wants_them(way, pieces):
    for call in rendered(pieces):
        elastic_api().check(*call, endpoint=way)
    for piece in pieces:
        elastic_api().check("GET", piece.at(piece.name), None, endpoint="inference.get")
        elastic_api().check("DELETE", piece.at(piece.name), None, endpoint="inference.delete")


@needs_schema
@pytest.mark.parametrize("body", SEARCHES.values(), ids=SEARCHES)
def test_searches_are_as_the_api_wants_them(body):
    assert elastic_api().check("POST", "/products/_search", body) == "search"


@needs_schema
def test_the_faults_of_the_description_are_those_that_are_named():
    """Without the patches our bodies fail exactly there; were the description mended, this would say so."""
    unpatched = ElasticApi(PLACE, {})
    assert list(PATCHES) == [
        ("inference._types", "CustomServiceSettings", "request"),
        ("_types", "TextSimilarityReranker", "allow_rerank_failures"),
        ("inference._types", "CustomServiceSettings", "input_type"),
        ("_types", "SortOptions", "_score"),
    ]
    error = unpatched.error("inference.put_custom", custom.rerank_body(ENDPOINT))
    assert list(error.absolute_path) == ["service_settings", "request"]
    error = unpatched.error("search", SEARCHES["words"])
    assert "allow_rerank_failures" in error.message
    body = custom.embedding_body(ENDPOINT)
    body["service_settings"]["request"] = {"content": "{}"}
    error = unpatched.error("inference.put_custom", body)
    assert list(error.absolute_path)[:2] == ["service_settings", "input_type"]
    error = unpatched.error("search", bm25_search("a", 1, []))
    assert list(error.absolute_path) == ["sort", 0, "_score"]


@needs_schema
@pytest.mark.parametrize(
    ("endpoint", "path", "value"),
    [
        ("search", ["retriever", "text_similarity_reranker", "inference_idd"], "x"),
        ("search", ["retriever", "text_similarity_reranker", "rank_window_size"], "100"),
        ("search", ["retriever", "text_similarity_reranker", "retriever", "standard", "query", "mach"], {}),
        ("search", ["retriever", "standard"], {}),
        ("search", ["sizes"], 10),
        ("inference.put_custom", ["service"], "costum"),
        ("inference.put_custom", ["service_settings", "headers", "a"], 1),
        ("inference.put_custom", ["service_settings", "uri"], "http://x"),
    ],
)
def test_the_check_sees_mistakes(endpoint, path, value):
    body = copy.deepcopy(SEARCHES["words"] if endpoint == "search" else custom.rerank_body(ENDPOINT))
    assert elastic_api().error(endpoint, body) is None
    at = body
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    assert elastic_api().error(endpoint, body) is not None


@needs_schema
def test_the_check_agrees_with_the_descriptions_own_examples():
    """The converter's oracle: examples that Elastic publishes with the description. Those that fail contradict it."""
    wrong = set()
    found = 0
    ours = ("search", "msearch", "inference.put_", "indices.create", "indices.put_mapping", "indices.update_aliases")
    for name, example, body in elastic_api().examples(ours):
        found += 1
        if elastic_api().error(name, body) is not None:
            wrong.add((name, example))
    assert found > 80
    assert wrong == {
        ("inference.put_cohere", "PutCohereRequestExample2"),
        ("inference.put_elasticsearch", "PutElasticsearchRequestExample6"),
        ("inference.put_elser", "PutElserRequestExample2"),
        ("inference.put_llama", "PutLlamaRequestExample1"),
        ("inference.put_nvidia", "PutNvidiaRequestExample2"),
        ("search", "SearchRequestExample3"),
        ("search_application.put", "SearchApplicationPutRequestExample1"),
    }


def test_a_window_is_never_smaller_than_the_page():
    reranker = reranked_search("a", inference_id="r", field="text", window=20, size=50)
    assert reranker["retriever"]["text_similarity_reranker"]["rank_window_size"] == 50
    assert reranker["size"] == 50


def test_a_query_is_data_in_every_place():
    query = 'say "hi" ${x}\n'
    body = reranked_search(query, inference_id="r", field="text", vectors=("v", "e"))
    reranker = body["retriever"]["text_similarity_reranker"]
    words, nearest = reranker["retriever"]["rrf"]["retrievers"]
    assert reranker["inference_text"] == query
    assert words["standard"]["query"]["match"]["text"]["query"] == query
    assert nearest["knn"]["query_vector_builder"]["text_embedding"]["model_text"] == query
    assert opensearch.search_body(query, field="text")["ext"]["rerank"]["query_context"]["query_text"] == query


def test_addresses_ask_for_the_order_of_the_input_and_for_logits():
    endpoint = Endpoint("https://example.com/ranker/")
    assert endpoint.cohere == "https://example.com/ranker/v2/rerank?order=input&raw_scores=true"
    assert endpoint.tei == "https://example.com/ranker/rerank?order=input&raw_scores=true"
    assert endpoint.embeddings == "https://example.com/ranker/v1/embeddings"
    assert (endpoint.secret, ENDPOINT.secret) == ("none", "the-key")
    for bad in ("ranker:8000", "ftp://ranker", "http://", "http://ranker?x=1", "http://${host}:1"):
        with pytest.raises(InputError, match="--endpoint"):
            Endpoint(bad)


@pytest.mark.parametrize(
    ("url", "loopback", "private"),
    [
        ("http://localhost:8000", True, True),
        ("http://127.0.0.1:8000", True, True),
        ("http://[::1]:8000", True, True),
        ("http://10.1.2.3", False, True),
        ("http://ranker:8000", False, True),
        ("https://ranker.example.com", False, False),
        ("https://93.184.216.34", False, False),
    ],
)
def test_an_address_tells_whether_it_is_private(url, loopback, private):
    assert (Endpoint(url).is_loopback, Endpoint(url).is_private) == (loopback, private)


def test_opensearch_s_pieces_refer_to_each_other():
    connector, group, model, pipeline = rendered(opensearch.pieces("shop", ENDPOINT, "mark 1", field="text"))
    assert (connector.method, connector.path) == ("POST", "/_plugins/_ml/connectors/_create")
    assert group.path == "/_plugins/_ml/model_groups/_register"
    assert model.body["connector_id"] == "<connector_id>"
    assert model.body["model_group_id"] == "<model_group_id>"
    assert (pipeline.method, pipeline.path) == ("PUT", "/_search/pipeline/shop")
    rerank, truncate = pipeline.body["response_processors"]
    assert rerank["rerank"]["ml_opensearch"]["model_id"] == "<model_id>"
    assert rerank["rerank"]["ignore_failure"] is True
    assert truncate == {"truncate_hits": {}}
    assert all("mark 1" in call.body["description"] for call in (connector, group, model, pipeline))
