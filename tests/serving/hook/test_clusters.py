"""From nothing to reranked hits in a cluster, and back: the real one that the environment names, or else a fake.

    ELASTICSEARCH_URL=http://localhost:9200 HOOK_ENDPOINT_HOST=host.docker.internal pytest -m elasticsearch

(OPENSEARCH_URL for OpenSearch; HOOK_ENDPOINT_HOST is this machine, as the cluster reaches it.)
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_elastic import FakeElastic

from serving.hook import custom, hugging_face, opensearch
from serving.hook.cluster import Cluster
from serving.hook.doctor import examine
from serving.hook.endpoint import Endpoint
from serving.hook.install import install, remove
from serving.hook.pieces import Call, Piece
from serving.hook.record import Record
from serving.hook.reranked_search import reranked_search
from tests.serving.hook.fake_services import add_inference, add_ml_commons

pytestmark = pytest.mark.elasticsearch

TEXTS = ["a red leather shoe", "blue cup", "red shoe red shoe", "shoe", "steel knife", "red hat", "black shoe for men"]
PLUGINS = ("opensearch-ml", "opensearch-neural-search")


@pytest.fixture(params=["custom", "hugging-face", "opensearch"])
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def cluster(way: str, post) -> Iterator[Cluster]:
    opensearch_way = way == "opensearch"
    url = os.environ.get("OPENSEARCH_URL" if opensearch_way else "ELASTICSEARCH_URL")
    if url:
        cluster = Cluster(url)
        yield cluster
        cluster.close()
        return
    node = FakeElastic("3.1.0", "opensearch", plugins=PLUGINS) if opensearch_way else FakeElastic("9.1.0")
    with node:
        (add_ml_commons if opensearch_way else add_inference)(node, post)
        cluster = Cluster(node.url)
        if opensearch_way:
            settings = {
                "plugins.ml_commons.trusted_connector_endpoints_regex": ["^http://127.0.0.1:.*$"],
                "plugins.ml_commons.connector.private_ip_enabled": True,
            }
            cluster.call(Call("PUT", "/_cluster/settings", {"persistent": settings}))
        yield cluster
        cluster.close()


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    """Of an index and of what is installed; nothing in the cluster is called so."""
    name = f"distilrank-test-{uuid.uuid4().hex[:8]}"
    cluster.call(Call("PUT", f"/{name}", {"mappings": {"properties": {"text": {"type": "text"}}}}))
    for place, text in enumerate(TEXTS):
        cluster.call(Call("PUT", f"/{name}/_doc/{place}?refresh=true", {"text": text}))
    yield name
    cluster.call(Call("DELETE", f"/{name}"))


def _pieces(way: str, name: str, endpoint: Endpoint, record: Record) -> list[Piece]:
    if way == "opensearch":
        return opensearch.pieces(name, endpoint, record.mark, field="text")
    return custom.pieces(name, endpoint) if way == "custom" else hugging_face.pieces(name, endpoint)


def test_searches_are_reranked_by_the_student(way: str, cluster: Cluster, name: str, endpoint, logits, tmp_path: Path):
    record = Record(tmp_path / "record.json", cluster.uuid, cluster.url, way, name)
    verdicts = {one.way: one for one in examine(cluster, endpoint, index=name, field="text", record=record)}
    assert verdicts[way].runs, verdicts[way].lacks
    assert install(cluster, _pieces(way, name, endpoint, record), record, lambda _: None) is True
    try:
        assert install(cluster, _pieces(way, name, endpoint, record), record, lambda _: None) is False
        if way == "opensearch":
            body = opensearch.search_body("red shoe", field="text", size=3)
            call = Call("POST", f"/{name}/_search?search_pipeline={name}", body)
        else:
            body = reranked_search("red shoe", inference_id=f"{name}-rerank", field="text", size=3)
            call = Call("POST", f"/{name}/_search", body)
        hits = cluster.call(call)["hits"]["hits"]
        matching = [place for place, text in enumerate(TEXTS) if "red" in text or "shoe" in text]
        scores = logits("red shoe", [TEXTS[place] for place in matching])
        best = [matching[place] for place in np.argsort(-scores, kind="stable")[:3]]
        assert [int(hit["_id"]) for hit in hits] == best
        shown = [hit["_score"] for hit in hits]
        wanted = np.sort(scores)[::-1][:3].astype(float)
        if way != "opensearch":
            wanted = np.maximum(wanted, 0) + np.minimum(np.exp(wanted), 1)
        assert shown == pytest.approx(list(wanted), rel=1e-5)
    finally:
        remove(cluster, record, lambda _: None)
    for piece in _pieces(way, name, endpoint, record):
        if piece.id_field is None:
            assert cluster.read(piece.at(piece.name)) is None
