"""The doctor: which ways a cluster has, and every reason why not."""

import json
from collections.abc import Iterator

import pytest
from fake_elastic import FakeElastic

from serving.hook import custom, opensearch
from serving.hook.cluster import Cluster
from serving.hook.doctor import Verdict, examine
from serving.hook.endpoint import Endpoint
from serving.hook.install import install
from serving.hook.pieces import Call
from serving.hook.record import Record
from tests.serving.hook.fake_services import add_inference, add_ml_commons

ELSEWHERE = Endpoint("https://ranker.example.com")


@pytest.fixture
def start() -> Iterator:
    """Makes a cluster of a version; keyword arguments as FakeElastic's."""
    nodes = []

    def make(version: str = "9.1.0", **options) -> tuple[FakeElastic, Cluster]:
        node = FakeElastic(version, **options).start()
        cluster = Cluster(node.url)
        nodes.append((node, cluster))
        return node, cluster

    yield make
    for node, cluster in nodes:
        cluster.close()
        node.stop()


def _verdicts(cluster: Cluster, endpoint=ELSEWHERE, index=None, field="text", record=None) -> dict[str, Verdict]:
    return {one.way: one for one in examine(cluster, endpoint, index=index, field=field, record=record)}


def test_a_licensed_cluster_has_every_way_but_opensearchs(start):
    node, cluster = start()
    found = _verdicts(cluster)
    assert {way: one.runs for way, one in found.items()} == {
        "custom": True,
        "hugging-face": True,
        "inside": True,
        "opensearch": False,
        "in-front": True,
    }
    assert found["opensearch"].lacks == ("this is Elasticsearch, not OpenSearch",)
    assert "--probe tries it" in found["custom"].unsure[0]
    assert all(one.method == "GET" for one in node.requests), "a doctor changes nothing"


@pytest.mark.parametrize(
    ("version", "licence", "lacks"),
    [
        ("8.18.4", "trial", ["Elasticsearch 8.18.4 is too old"]),
        ("9.0.3", "enterprise", ["Elasticsearch 9.0.3 is too old"]),
        ("8.19.0", "basic", ["the licence is basic"]),
        ("9.1.0", "platinum", ["the licence is platinum"]),
        ("8.17.0", "basic", ["Elasticsearch 8.17.0 is too old", "the licence is basic"]),
    ],
)
def test_old_or_unlicensed_clusters_have_our_server_in_front(start, version, licence, lacks):
    _, cluster = start(version, licence=licence)
    found = _verdicts(cluster)
    assert found["in-front"].runs
    for way in ("custom", "hugging-face", "inside"):
        assert [said.startswith(begun) for said, begun in zip(found[way].lacks, lacks, strict=True)] == [True] * len(
            lacks
        )


def test_an_expired_licence_and_no_ml_node(start):
    node, cluster = start()
    node.route("GET", "/_license", lambda request: {"license": {"type": "enterprise", "status": "expired"}})
    node.route("GET", "/_nodes", lambda request: {"nodes": {"a": {"roles": ["data"]}}})
    assert _verdicts(cluster)["custom"].lacks == ("the enterprise licence is expired",)
    assert _verdicts(cluster)["inside"].lacks == ("the enterprise licence is expired", "no node has the role ml")


def test_the_field_is_looked_at(start):
    _, cluster = start()
    assert _verdicts(cluster, index="shop")["custom"].lacks == ("there is no index shop",)
    properties = {"title": {"type": "text"}, "more": {"properties": {"body": {"type": "text"}}}, "n": {"type": "long"}}
    cluster.call(Call("PUT", "/shop", {"mappings": {"properties": properties}}))
    (lack,) = _verdicts(cluster, index="shop")["custom"].lacks
    assert lack.startswith("index shop has no text field text (it has more.body, title): index one text a product")
    assert _verdicts(cluster, index="shop", field="title")["custom"].runs
    assert _verdicts(cluster, index="shop", field="n")["inside"].lacks


def test_an_address_of_the_clusters_own_machine(start):
    _, cluster = start()
    unsure = _verdicts(cluster, Endpoint("http://localhost:8000"))["custom"].unsure
    assert unsure[0] == "http://localhost:8000 is the cluster's own machine, as the cluster sees it"
    assert _verdicts(cluster, None)["custom"].unsure == (
        "whether the cluster reaches our server: name it with --endpoint",
    )


def test_opensearch_lacks_plugins_trust_and_private_addresses(start, post):
    node, cluster = start("3.1.0", engine="opensearch")
    add_ml_commons(node, post)
    private = Endpoint("http://10.0.0.5:8000")
    lacks = _verdicts(cluster, private)["opensearch"].lacks
    assert lacks[0] == "the plugin opensearch-neural-search is not installed"
    node.plugins.append("opensearch-neural-search")
    for _ in range(2):  # each remaining lack says what mends it, and that does
        lack = _verdicts(cluster, private)["opensearch"].lacks[0]
        request = lack[lack.index("PUT ") :]
        method, path, body = request.split(" ", 2)
        cluster.call(Call(method, path, json.loads(body)))
    assert _verdicts(cluster, private)["opensearch"].runs
    assert "is not trusted" in _verdicts(cluster, ELSEWHERE)["opensearch"].lacks[0]
    assert _verdicts(cluster, private)["custom"].lacks == ("this is OpenSearch, not Elasticsearch",)
    node.plugins.remove("opensearch-ml")
    assert _verdicts(cluster, private)["opensearch"].lacks == ("the plugin opensearch-ml is not installed",)


def test_models_without_a_node_for_them(start, post):
    node, cluster = start("2.12.0", engine="opensearch", plugins=("opensearch-ml", "opensearch-neural-search"))
    add_ml_commons(node, post)
    cluster.call(Call("PUT", "/_cluster/settings", {"persistent": {"plugins.ml_commons.only_run_on_ml_node": "true"}}))
    node.route("GET", "/_nodes", lambda request: {"nodes": {"a": {"roles": ["data"]}}})
    assert _verdicts(cluster, None)["opensearch"].lacks[0].startswith("models run on ml nodes alone, and there is none")
    node, old = start("2.11.1", engine="opensearch")
    add_ml_commons(node, post)
    assert _verdicts(old, None)["opensearch"].lacks[0].startswith("OpenSearch 2.11.1 is too old")


@pytest.mark.parametrize("version", ["9.1.0", "3.1.0"])
def test_a_probe_tries_the_way_and_leaves_nothing(start, post, endpoint, tmp_path, version):
    if version == "9.1.0":
        node, cluster = start()
        add_inference(node, post)
        ways = ("custom", "hugging-face")
    else:
        node, cluster = start("3.1.0", engine="opensearch", plugins=("opensearch-ml", "opensearch-neural-search"))
        add_ml_commons(node, post)
        settings = {
            "plugins.ml_commons.trusted_connector_endpoints_regex": [".*"],
            "plugins.ml_commons.connector.private_ip_enabled": "true",
        }
        cluster.call(Call("PUT", "/_cluster/settings", {"persistent": settings}))
        ways = ("opensearch",)
    for server, runs in ((endpoint, True), (Endpoint("http://127.0.0.1:9"), False), (Endpoint(endpoint.url), False)):
        found = {
            one.way: one for one in examine(cluster, server, index=None, field="text", record=None, probe=tmp_path)
        }
        for way in ways:
            assert found[way].runs is runs
            assert ("and it reranks" if runs else "does not rerank") in " ".join((found[way].title, *found[way].lacks))
            assert runs or any(word in found[way].lacks[0] for word in ("refused", "unauthorized", "401"))
    assert node.store.inference == {}
    assert list(tmp_path.iterdir()) == []
    made = [one for one in node.requests if "_create" in one.path or one.path.startswith("/_search/pipeline")]
    assert not made or version == "3.1.0"


@pytest.mark.parametrize("way", ["custom", "opensearch"])
def test_what_is_installed_is_tried(start, post, endpoint, tmp_path, way):
    if way == "custom":
        node, cluster = start()
        add_inference(node, post)
    else:
        node, cluster = start("3.1.0", engine="opensearch", plugins=("opensearch-ml", "opensearch-neural-search"))
        add_ml_commons(node, post)
        settings = {
            "plugins.ml_commons.trusted_connector_endpoints_regex": [".*"],
            "plugins.ml_commons.connector.private_ip_enabled": "true",
        }
        cluster.call(Call("PUT", "/_cluster/settings", {"persistent": settings}))
    record = Record(tmp_path / "shop.json", cluster.uuid, cluster.url, way, "shop")
    pieces = {
        "custom": lambda: custom.pieces("shop", endpoint),
        "opensearch": lambda: opensearch.pieces("shop", endpoint, record.mark, field="text"),
    }[way]()
    install(cluster, pieces, record, lambda _: None)
    found = _verdicts(cluster, endpoint, record=record)[way]
    assert found.runs
    assert found.title.endswith("installed as shop, and it reranks")
    node.faults.status("POST /_inference|_predict", 502)
    found = _verdicts(cluster, endpoint, record=record)[way]
    assert not found.runs
    assert found.lacks[0].startswith("installed as shop, but it does not rerank: ")
