"""Which cluster is there, with which credentials; and what a user reads when it is not."""

import base64
import contextlib
import sys

import pytest
from fake_elastic import FakeElastic

from eval.errors import InputError, MachineError
from retrieval.elastic.connection import API_KEY, BASIC_AUTH, ClusterError, Patience, connect

from .conftest import FAKES

ONCE = Patience(attempts=1)


@pytest.mark.parametrize("name", sorted(FAKES))
def test_the_engine_is_what_the_cluster_says(name: str) -> None:
    version, engine = FAKES[name]
    with FakeElastic(version, engine) as node, contextlib.closing(connect([node.url])) as cluster:  # type: ignore[arg-type]
        assert (cluster.engine, cluster.version) == (engine, version)
        assert cluster.client.info()["version"]["number"] == version
        assert str(cluster) == f"{engine} {version} at {node.url}"


@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
def test_credentials_come_from_the_environment(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeElastic(*FAKES["opensearch 3" if engine == "opensearch" else "elasticsearch 8"]) as node:
        monkeypatch.setenv(BASIC_AUTH, "anna:secret:1")
        with contextlib.closing(connect([node.url])) as cluster:
            cluster.client.info()
        said = "Basic " + base64.b64encode(b"anna:secret:1").decode()
        assert {request.headers["authorization"] for request in node.requests} == {said}
        node.requests.clear()
        monkeypatch.setenv(API_KEY, "a2V5")
        with contextlib.closing(connect([node.url])) as cluster:
            cluster.client.info()
        assert {request.headers["authorization"] for request in node.requests} == {"ApiKey a2V5"}


def test_a_refused_key_says_where_to_put_it() -> None:
    with FakeElastic() as node:
        node.faults.status("GET /", 401)
        with pytest.raises(ClusterError, match=f"answers 401 .*give an API key in {API_KEY}"):
            connect([node.url], patience=ONCE)


def test_nobody_there() -> None:
    with FakeElastic() as node:
        url = node.url
    with pytest.raises(ClusterError, match=f"cannot connect: no answer from {url}"):
        connect([url], patience=ONCE)


def test_somebody_else_there() -> None:
    with FakeElastic() as node:
        node.route("GET", "/", lambda request: {"hello": "world"})
        with pytest.raises(ClusterError, match="answers, but not as Elasticsearch"):
            connect([node.url], patience=ONCE)


@pytest.mark.parametrize(
    ("url", "said"), [("localhost:9200", "write it as http"), ("http://a:b@host:9200", f"{BASIC_AUTH}=user:password")]
)
def test_urls_that_are_refused(url: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        connect([url])


def test_a_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opensearchpy", None)
    with pytest.raises(MachineError, match=r"opensearchpy is not installed; run: pip install 'distilrank\[elastic\]'"):
        connect(["http://localhost:9200"])


def test_pauses_double_up_to_a_limit_and_follow_what_is_asked() -> None:
    patience = Patience(attempts=9, first_s=0.5, most_s=3.0)
    assert [patience.pause(attempt) for attempt in range(4)] == [0.5, 1.0, 2.0, 3.0]
    assert patience.pause(0, 2.0) == 2.0
    assert patience.pause(0, 60.0) == 3.0
