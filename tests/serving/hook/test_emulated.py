"""Our rerank route as clusters use it: what they do with the rendered settings, on the real student over a socket."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rerank.types import Reranker
from retrieval.encoder import Encoder
from serving.app import create_app
from serving.engine import SearchEngine
from serving.hook import custom, hugging_face, opensearch
from serving.hook.endpoint import Endpoint
from serving.settings import ServeSettings
from tests.serving.doubles import BrokenReranker
from tests.serving.hook.elastic_inference import (
    CustomService,
    HuggingFaceService,
    InferenceError,
    chunk_scores,
    normalise,
    text_similarity_reranker,
)
from tests.serving.hook.opensearch_ml import Connector, ConnectorError, rerank_processor
from tests.serving.hook.string_substitutor import IllegalStateError, StringSubstitutor
from tests.serving.sockets import serving_at

AWKWARD = [
    'a "quoted" shoe',
    'back\\slash \\" \\n',
    "two\nlines\r\n\ttab",
    "",
    " ",
    "null",
    "[]",
    "$ $$ {x} $x }{",
    "été 靴 👟 \u2028 \x7f \x00",
    "</script>&'=",
    "12",
]
# Every text but a placeholder, which clusters fill in; those have tests of their own.
texts = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=30)).filter(lambda text: "${" not in text)
lists = st.lists(texts, min_size=1, max_size=12)
fuzzed = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="session")
def services(endpoint, post):
    return (
        CustomService(custom.rerank_body(endpoint), post),
        HuggingFaceService(hugging_face.rerank_body(endpoint), post),
    )


@pytest.fixture(scope="session")
def connector(endpoint, post):
    return Connector(opensearch.connector_body("shop", endpoint, "mark"), post)


def _is_sorted_by(found, expected):
    """The hits are those of the student's order, up to what float32 cannot tell apart."""
    assert sorted(place for place, _ in found) == list(range(len(expected)))
    in_order = expected[[place for place, _ in found]]
    assert (np.diff(in_order) <= 2e-6 * np.abs(in_order[1:])).all()


@fuzzed
@given(query=texts, documents=lists)
@example(query='say "hi"\n', documents=AWKWARD)
def test_elasticsearch_gets_the_students_order(services, logits, query, documents):
    expected = logits(query, documents)
    for service in services:
        assert {one.index: one.relevance_score for one in service.rerank(query, documents)} == dict(enumerate(expected))
        found = text_similarity_reranker(service, query, documents)
        _is_sorted_by(found, expected)
        for place, score in found:
            exact = float(expected[place])
            assert score == pytest.approx(max(exact, 0) + min(np.exp(exact), 1), rel=1e-6)


@fuzzed
@given(query=texts.filter(lambda text: text.strip()[:1] not in ("[", "{")), documents=lists)
@example(query='say "hi"/\n', documents=AWKWARD)
def test_opensearch_gets_the_students_order(connector, logits, query, documents):
    expected = logits(query, documents)
    assert np.array(connector.similarities(query, documents), dtype=np.float32).tolist() == expected.tolist()
    _is_sorted_by(rerank_processor(connector, query, documents), expected)


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_any_number_of_documents(services, connector, logits, count):
    documents = [f"red shoe {number} " + "x" * (number % 7) for number in range(count)]
    expected = logits("red shoe", documents)
    for found in (
        *(text_similarity_reranker(service, "red shoe", documents) for service in services),
        rerank_processor(connector, "red shoe", documents),
    ):
        _is_sorted_by(found, expected)


def test_no_documents_no_call(endpoint, logits):
    def never(*_):
        raise AssertionError("called")

    assert text_similarity_reranker(CustomService(custom.rerank_body(endpoint), never), "a", []) == []
    assert rerank_processor(Connector(opensearch.connector_body("a", endpoint, "m"), never), "a", []) == []


def test_chunks_are_scored_by_position_which_is_why_the_input_s_order_is_asked_for(services, logits):
    """Scores of chunks are mapped by position, so the answer has to keep the order of the input; what sorts, as the
    hugging_face service does, cannot be used with `chunk_rescorer`."""
    snippets = [["blue cup", "steel knife"], ["red shoe"], ["black hat", "a red leather shoe", "desk"]]
    expected = [logits("red shoe", one).max() for one in snippets]
    custom_service, hugging_face_service = services
    assert chunk_scores(custom_service, "red shoe", snippets) == pytest.approx(expected, rel=1e-4)
    assert chunk_scores(hugging_face_service, "red shoe", snippets) != pytest.approx(expected, rel=1e-4)


def test_embeddings_are_told_apart_by_use(served, finished_run, post):
    encoder = Encoder(str(finished_run / "encoder"), max_length=64, query_prefix="query: ")
    texts = ["red shoe", 'a "quoted"\ncup']
    products, queries = encoder.encode_products(texts), encoder.encode_queries(texts)
    assert np.abs(products - queries).max() > 0.01
    with _serving(replace(served, encoder=encoder)) as url:
        service = CustomService(custom.embedding_body(Endpoint(url)), post)
        np.testing.assert_allclose(service.embed(texts, "search"), queries, atol=1e-6)
        np.testing.assert_allclose(service.embed(texts, "ingest"), products, atol=1e-6)
        np.testing.assert_allclose(service.embed(texts, "classification"), products, atol=1e-6)


@pytest.mark.parametrize("text", ["costs ${price}", "${query}", "${api_key}", "${input}", "a ${x:-y} b"])
def test_a_placeholder_in_a_text_is_elasticsearchs_to_fill(services, logits, text):
    """A known limit of the `custom` service, which fills in values too: the search goes on in first-stage order where
    it may, nothing of the key comes back, and `hugging_face` is not affected."""
    custom_service, hugging_face_service = services
    documents = ["red shoe", text, "blue cup"]
    if ":-" in text:  # a default: filled in, and nobody the wiser
        replaced = [document.replace("${x:-y}", "y") for document in documents]
        found = text_similarity_reranker(custom_service, "red shoe", documents)
        _is_sorted_by(found, logits("red shoe", replaced))
    else:
        with pytest.raises((InferenceError, IllegalStateError)) as failed:
            text_similarity_reranker(custom_service, "red shoe", documents)
        assert "the-key" not in str(failed.value)
        kept = text_similarity_reranker(custom_service, "red shoe", documents, allow_rerank_failures=True)
        assert kept == [(0, None), (1, None), (2, None)]
    _is_sorted_by(text_similarity_reranker(hugging_face_service, "red shoe", documents), logits("red shoe", documents))


def test_a_query_that_is_json_is_opensearchs_to_misread(connector):
    """A known limit of ml-commons, which leaves what reads as JSON unescaped; `ignore_failure` keeps the search."""
    for query in ('{"a": "b"}', '["a"]'):
        with pytest.raises(ConnectorError, match="Invalid payload"):
            rerank_processor(connector, query, ["red shoe", "blue cup"])
        kept = rerank_processor(connector, query, ["red shoe", "blue cup"], ignore_failure=True)
        assert kept == [(0, None), (1, None)]


def test_top_n_would_be_a_placeholder_without_a_value(endpoint, post):
    body = custom.rerank_body(endpoint)
    body["service_settings"]["request"] = '{"query": ${query}, "documents": ${input}, "top_n": ${top_n}}'
    service = CustomService(body, post)
    assert len(service.rerank("red shoe", ["red shoe"], top_n=1)) == 1  # when the endpoint is made, it has one
    with pytest.raises(InferenceError, match=r"placeholder \[\$\{top_n\}\] in field \[request\]"):
        service.rerank("red shoe", ["red shoe"])


def test_quotes_around_a_placeholder_would_break_the_request(endpoint, post):
    body = custom.rerank_body(endpoint)
    body["service_settings"]["request"] = '{"query": "${query}", "documents": ${input}}'
    with pytest.raises(InferenceError, match="400"):
        CustomService(body, post).rerank("red shoe", ["red shoe"])


def test_the_root_has_to_be_an_object(endpoint, post):
    body = custom.rerank_body(endpoint)
    body["service_settings"]["url"] = endpoint.tei
    body["service_settings"]["request"] = '{"query": ${query}, "texts": ${input}}'
    with pytest.raises(InferenceError, match="START_OBJECT"):
        CustomService(body, post).rerank("red shoe", ["red shoe"])


def test_a_whole_number_is_no_double(endpoint):
    def answers(score):
        return lambda *_: (200, b'{"results": [{"index": 0, "relevance_score": %s}]}' % score)

    body = opensearch.connector_body("shop", endpoint, "mark")
    assert Connector(body, answers(b"1.0")).similarities("a", ["b"]) == [1.0]
    for score in (b"1", b"0.1234567890123456789"):
        with pytest.raises(ConnectorError, match="cannot be cast to Double"):
            Connector(body, answers(score)).similarities("a", ["b"])


class Whole(Reranker):
    """Logits that are whole numbers."""

    def score(self, pairs):
        return np.arange(len(pairs), dtype=np.float32)


def _serving(served):
    return serving_at(create_app(SearchEngine(lambda: served, ServeSettings(workers=1))))


def test_whole_logits_are_doubles_too(served, post):
    with _serving(replace(served, reranker=Whole())) as url:
        endpoint = Endpoint(url)
        connector = Connector(opensearch.connector_body("shop", endpoint, "mark"), post)
        assert connector.similarities("a", ["b", "c", "d"]) == [0.0, 1.0, 2.0]
        found = text_similarity_reranker(CustomService(custom.rerank_body(endpoint), post), "a", ["b", "c"])
        assert found == [(1, normalise(np.float32(1))), (0, normalise(np.float32(0)))]


def test_a_broken_reranker_fails_the_search_unless_it_may_fail(served, post):
    with _serving(replace(served, reranker=BrokenReranker(ValueError("out of order")))) as url:
        service = CustomService(custom.rerank_body(Endpoint(url)), post)
        with pytest.raises(InferenceError, match="503"):
            text_similarity_reranker(service, "a", ["b", "c"])
        kept = text_similarity_reranker(service, "a", ["b", "c"], allow_rerank_failures=True)
        assert kept == [(0, None), (1, None)]
        connector = Connector(opensearch.connector_body("shop", Endpoint(url), "mark"), post)
        assert rerank_processor(connector, "a", ["b", "c"], ignore_failure=True) == [(0, None), (1, None)]


def test_a_busy_server_is_asked_again_a_broken_one_is_not(endpoint, post):
    """429 is what our server answers when it is busy; whatever else it may answer ends the inference at once."""
    asked = []

    def busy_at_first(url, headers, body):
        asked.append(json.loads(body))
        return (429, b"{}") if len(asked) < 4 else post(url, headers, body)

    waits = []
    service = CustomService(custom.rerank_body(endpoint), busy_at_first, waits.append)
    assert len(service.rerank("red shoe", ["a", "b"])) == 2
    assert len(asked) == 4
    assert waits == [1.0, 2.0, 4.0]
    for status in (400, 401, 500, 503):
        calls = []
        service = CustomService(
            custom.rerank_body(endpoint), lambda *_, s=status, c=calls: (c.append(1), (s, b"{}"))[1], waits.append
        )
        with pytest.raises(InferenceError, match=str(status)):
            service.rerank("red shoe", ["a"])
        assert len(calls) == 1


def test_a_wrong_key_is_refused(endpoint, post):
    service = CustomService(custom.rerank_body(Endpoint(endpoint.url, "wrong")), post)
    with pytest.raises(InferenceError, match="401"):
        service.rerank("red shoe", ["a"])


def test_logits_tell_apart_what_sigmoids_cannot():
    """Why the rendered addresses ask for logits: `_score` is a float32, and 1 is added to a score."""
    close = np.array([12.0, 12.001], dtype=np.float32)
    sigmoids = (1 / (1 + np.exp(-close.astype(float)))).astype(np.float32)
    assert normalise(sigmoids[0]) == normalise(sigmoids[1])
    assert normalise(close[0]) < normalise(close[1])
    low = -close
    assert normalise(low[0]) > normalise(low[1])


def test_the_substitutor_is_commons_texts():
    def replace(text, **values):
        return StringSubstitutor(values, "${").replace(text)

    assert replace("a ${x} ${y}", x="1") == "a 1 ${y}"
    assert replace("$${x}", x="1") == "${x}"
    assert replace("${x:-d} ${y:-}", x="1") == "1 "
    assert replace("${x}", x="${y}", y="deep") == "deep"
    assert replace("${x} ${", x="$") == "$ ${"
    with pytest.raises(IllegalStateError, match="Infinite loop"):
        replace("${x}", x="${y}", y="${x}")
