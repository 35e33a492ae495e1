"""What operators see: metrics, logs, traces, the OpenAPI document."""

import io
import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.logs import JsonFormatter, log_as_json

SEARCH = {"query": "red shoe of somebody"}


def _metrics(http):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(http.get("/metrics").text)
        for sample in family.samples
    }


def test_metrics_count_what_happened(client):
    http = client()
    for _ in range(3):
        http.post("/v1/search", json=SEARCH)
    http.post("/v1/search", json={})
    http.post("/rerank", json={"query": "a", "texts": ["b"] * 7})
    http.get("/nowhere/at/all")
    found = _metrics(http)
    assert found["distilrank_requests_total", ("route", "/v1/search"), ("status", "200")] == 3
    assert found["distilrank_requests_total", ("route", "/v1/search"), ("status", "400")] == 1
    assert found["distilrank_requests_total", ("route", "unmatched"), ("status", "404")] == 1
    assert found["distilrank_request_seconds_count", ("route", "/v1/search")] == 4
    for stage in ("retrieve", "fetch", "rerank", "blend", "total"):
        assert found["distilrank_stage_seconds_count", ("stage", stage)] == 3
    assert found["distilrank_window_sum",] == 30
    assert found["distilrank_rerank_pairs_sum",] == 7
    assert found["distilrank_queue_seconds_count",] == 4
    assert found["distilrank_index_products",] == 150
    assert found["distilrank_rerank_pair_milliseconds",] > 0
    versions = (("config", "config-1"), ("index", "index-1"), ("student", "student-1"))
    assert found[("distilrank_info", *versions)] == 1


def test_each_request_is_one_line_of_json_without_its_query(client):
    stream = io.StringIO()
    logger = logging.getLogger("distilrank")
    before = (logger.handlers, logger.level, logger.propagate)
    log_as_json(stream)
    try:
        http = client(api_keys=("the-key",))
        http.post("/v1/search", json=SEARCH, headers={"X-Request-Id": "r-1", "X-API-Key": "the-key"})
        http.post("/v1/search", json=SEARCH, headers={"X-Request-Id": "r-2"})
        http.get("/health/live")
    finally:
        logger.handlers, logger.level, logger.propagate = before
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["request_id"] for line in lines] == ["r-1", "r-2"]
    answered, refused = lines
    assert (answered["route"], answered["status"], answered["level"]) == ("/v1/search", 200, "info")
    assert (answered["window"], answered["degraded"], answered["query_characters"]) == (10, None, 20)
    assert {"ms", "queue_ms", "retrieve_ms", "rerank_ms", "total_ms", "time"} <= set(answered)
    assert refused["status"] == 401
    assert "red shoe" not in stream.getvalue()
    assert "the-key" not in stream.getvalue()


def test_a_traceback_stays_in_one_line():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        import sys

        record = logging.LogRecord("distilrank", logging.ERROR, "", 0, "it %s", ("failed",), sys.exc_info())
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "it failed"
    assert "ValueError" in json.loads(line)["traceback"]


def test_spans_tell_the_stages_under_the_clients_own_trace(served):
    pytest.importorskip("opentelemetry.sdk", reason='pip install "distilrank[otel]"')
    from fastapi.testclient import TestClient
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from serving.app import create_app
    from serving.engine import SearchEngine
    from serving.settings import ServeSettings
    from serving.tracing import Tracer

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    engine = SearchEngine(lambda: served, ServeSettings(deadline_ms=0), tracer=Tracer(provider.get_tracer("test")))
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with TestClient(create_app(engine)) as http:
        http.post("/v1/search", json=SEARCH, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"POST /v1/search", "retrieve", "rerank"}
    assert all(format(span.context.trace_id, "032x") == trace for span in spans.values())
    assert (
        spans["rerank"].parent.span_id == spans["retrieve"].parent.span_id == spans["POST /v1/search"].context.span_id
    )
    assert spans["rerank"].attributes["pairs"] == 10


def test_without_the_extra_nothing_of_it_is_imported():
    import subprocess
    import sys

    # Starlette and FastAPI import OpenTelemetry where it is installed; we do not.
    code = "import serving.tracing, sys; print('opentelemetry' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_the_document_names_every_route_its_limits_and_its_errors(client):
    document = client(max_size=37, max_documents=11).get("/openapi.json").json()
    routes = {(method, path) for path, operations in document["paths"].items() for method in operations}
    assert {
        ("post", "/v1/search"),
        ("post", "/v1/rerank"),
        ("post", "/v2/rerank"),
        ("post", "/rerank"),
        ("post", "/v1/embeddings"),
        ("put", "/v1/products/{product_id}"),
        ("delete", "/v1/products/{product_id}"),
        ("get", "/v1/products/{product_id}"),
        ("post", "/v1/products:bulk"),
        ("get", "/v1/info"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
        ("get", "/metrics"),
    } <= routes
    schemas = document["components"]["schemas"]
    assert schemas["SearchRequest"]["properties"]["size"]["maximum"] == 37
    assert schemas["CohereRequest"]["properties"]["documents"]["maxItems"] == 11
    assert schemas["SearchRequest"]["properties"]["query"]["examples"]
    assert "422" not in document["paths"]["/v1/search"]["post"]["responses"]
    assert "HTTPValidationError" not in schemas
    assert {"PutChange", "DeleteChange"} <= set(schemas)
    assert schemas["SearchRequest"]["properties"]["facets"]["items"]["enum"] == list(
        schemas["ProductBody"]["properties"]["fields"]["propertyNames"]["enum"]
    )
