"""Installing into a cluster and taking it away again, over real HTTP, with failures; up to reranked hits."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fake_elastic import FakeElastic

from eval.errors import InputError, PartialError
from serving.hook import custom, hugging_face, inside, opensearch
from serving.hook.cluster import Cluster, ClusterError
from serving.hook.endpoint import Endpoint
from serving.hook.install import install, remove
from serving.hook.pieces import Call, Piece
from serving.hook.record import Record
from tests.serving.hook.fake_services import add_inference, add_ml_commons

Pieces = Callable[[Record, Endpoint], list[Piece]]


class Way(NamedTuple):
    engine: str
    pieces: Pieces


WAYS = {
    "custom": Way("elasticsearch", lambda record, endpoint: custom.pieces("shop", endpoint)),
    "hugging-face": Way("elasticsearch", lambda record, endpoint: hugging_face.pieces("shop", endpoint)),
    "inside": Way("elasticsearch", lambda record, endpoint: inside.pieces("shop", "shop-student")),
    "opensearch": Way(
        "opensearch", lambda record, endpoint: opensearch.pieces("shop", endpoint, record.mark, field="text")
    ),
}
outside = pytest.mark.parametrize("way", [name for name in WAYS if name != "inside"])
every = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def node(way: str, post) -> Iterator[FakeElastic]:
    engine = WAYS[way].engine
    with FakeElastic("9.1.0" if engine == "elasticsearch" else "3.1.0", engine) as started:
        (add_inference if engine == "elasticsearch" else add_ml_commons)(started, post)
        yield started


@pytest.fixture
def cluster(node: FakeElastic) -> Iterator[Cluster]:
    one = Cluster(node.url)
    yield one
    one.close()


@pytest.fixture
def record(cluster: Cluster, way: str, tmp_path: Path) -> Record:
    return Record(tmp_path / "hooks" / "shop.json", cluster.uuid, cluster.url, way, "shop")


def _pieces(record: Record, endpoint: Endpoint) -> list[Piece]:
    return WAYS[record.way].pieces(record, endpoint)


def _quiet(_: str) -> None:
    pass


def _listed(cluster: Cluster, what: str) -> list[Any]:
    body = {"query": {"match": {"name": "shop"}}}
    return cluster.call(Call("POST", f"/_plugins/_ml/{what}/_search", body))["hits"]["hits"]


def _written(node: FakeElastic) -> list[str]:
    """The requests that changed something, since they were last looked at."""
    changes = [f"{one.method} {one.path}" for one in node.requests if one.method in ("PUT", "DELETE")]
    changes += [f"{one.method} {one.path}" for one in node.requests if "_create" in one.path or "_register" in one.path]
    node.requests.clear()
    return changes


@every
def test_install_is_whole_and_idempotent_and_remove_leaves_nothing(way, node, cluster, record, endpoint):
    said: list[str] = []
    pieces = _pieces(record, endpoint)
    assert install(cluster, pieces, record, said.append) is True
    assert said == [*(f"made {one.kind} {one.name}" for one in pieces), "tried: the cluster reranks through it"]
    assert all(made.done for made in record.made)
    assert len(_written(node)) == len(pieces)
    again = Record.load(record.path)
    assert again == record
    assert install(cluster, _pieces(again, endpoint), again, said.append) is False
    assert _written(node) == []
    said.clear()
    remove(cluster, again, said.append)
    assert said == [f"removed {one.kind} {one.name}" for one in reversed(pieces)]
    assert not record.path.exists()
    for made in record.made:
        assert cluster.read(made.place.format(id=made.id)) is None
    assert install(cluster, pieces, Record.load(record.path) or record, _quiet) is True  # and it can be made again


@outside
def test_another_key_or_address_replaces_what_stands(way, node, cluster, record, endpoint):
    install(cluster, _pieces(record, endpoint), record, _quiet)
    before = [made.digest for made in record.made]
    _written(node)
    slash = Endpoint(f"{endpoint.url.replace('127.0.0.1', 'localhost')}", endpoint.key)
    said: list[str] = []
    assert install(cluster, _pieces(record, slash), record, said.append) is True
    assert said[0] == "what was installed differs, or is not whole: it is taken away first"
    assert [made.digest for made in record.made] != before
    assert "the-key" not in record.path.read_text(encoding="utf-8")


@every
def test_what_is_not_ours_is_never_touched(way, node, cluster, record, endpoint):
    """A thing of the same name: refused, and left as it is; when ours was replaced by another's, remove leaves it."""
    pieces = _pieces(record, endpoint)
    last = pieces[-1]
    theirs = {
        "rerank endpoint": Call("PUT", last.at(last.name), hugging_face.rerank_body(Endpoint("http://other"))),
        "embedding endpoint": Call("PUT", last.at(last.name), custom.embedding_body(Endpoint("http://other"))),
        "search pipeline": Call("PUT", last.at(last.name), {"description": "theirs", "response_processors": []}),
    }[last.kind]
    if way != "opensearch":
        node.store.inference[last.name] = {"inference_id": last.name, **theirs.body}
    else:
        cluster.call(theirs)
    before = cluster.read(last.at(last.name))
    with pytest.raises(InputError, match=f"has a {last.kind} {last.name} that this installation did not make"):
        install(cluster, pieces, record, _quiet)
    assert cluster.read(last.at(last.name)) == before
    assert record.made == []
    assert not record.path.exists()
    if way != "opensearch":
        del node.store.inference[last.name]
    else:
        cluster.call(Call("DELETE", last.at(last.name)))
    install(cluster, pieces, record, _quiet)
    cluster.call(Call("DELETE", last.at(last.name)))
    if way != "opensearch":
        node.store.inference[last.name] = {"inference_id": last.name, **theirs.body}
    else:
        cluster.call(theirs)
    said: list[str] = []
    remove(cluster, record, said.append)
    assert said[0] == f"left, because it is not ours any more: {last.kind} {last.name}"
    assert cluster.read(last.at(last.name)) == before


@every
def test_an_install_that_fails_anywhere_leaves_the_cluster_as_it_was(way, node, cluster, record, endpoint):
    pieces = _pieces(record, endpoint)
    for broken in range(len(pieces) + 1):
        changing = "PUT /_inference|_create|_register|PUT /_search/pipeline|POST /_inference|_predict"
        node.faults.status(changing, 500, after=broken)
        with pytest.raises(ClusterError, match="fault_on_purpose"):
            install(cluster, pieces, record, _quiet)
        node.faults.clear()
        assert record.made == []
        assert not record.path.exists()
        assert node.store.inference == {}
        if way == "opensearch":
            for what in ("connectors", "model_groups", "models"):
                assert _listed(cluster, what) == []


@every
def test_a_lost_answer_is_found_again(way, node, cluster, record, endpoint):
    """The cluster did it and hung up: the id never came, and yet nothing is left or made twice."""
    pieces = _pieces(record, endpoint)
    for lost in range(len(pieces)):
        node.faults.close("PUT /_inference|_create|_register|PUT /_search/pipeline", when="after", after=lost)
        with pytest.raises(ClusterError, match="no answer from"):
            install(cluster, pieces, record, _quiet)
        node.faults.clear()
        assert record.made == []
        assert node.store.inference == {}
        if way == "opensearch":
            for what in ("connectors", "model_groups", "models"):
                assert _listed(cluster, what) == []
    assert install(cluster, pieces, record, _quiet) is True


@every
def test_what_cannot_be_undone_stands_in_the_record(way, node, cluster, record, endpoint):
    """The cluster goes away in the middle: what is left is named, and taken up by the next install or remove."""
    pieces = _pieces(record, endpoint)
    node.faults.status("POST /_inference|_predict", 500)  # the trial fails …
    node.faults.status("DELETE /", 500)  # … and so does the undoing
    with pytest.raises(PartialError, match="run distilrank hook remove"):
        install(cluster, pieces, record, _quiet)
    node.faults.clear()
    left = Record.load(record.path)
    assert left is not None
    assert left.made
    install(cluster, _pieces(left, endpoint), left, _quiet)
    assert install(cluster, _pieces(left, endpoint), left, _quiet) is False
    remove(cluster, left, _quiet)
    assert node.store.inference == {}


@every
def test_a_killed_install_is_taken_up(way, node, cluster, record, endpoint):
    """Killed before each request and after each answer, as the file then stands."""
    pieces = _pieces(record, endpoint)
    snapshots: list[str] = []
    save = record.save

    def kept() -> None:
        save()
        snapshots.append(record.path.read_text(encoding="utf-8"))

    record.save = kept
    install(cluster, pieces, record, _quiet)
    record.save = save
    remove(cluster, record, _quiet)
    for snapshot in snapshots[:-1]:
        taken = Record(record.path, cluster.uuid, cluster.url, way, "shop", record.mark)
        facts = json.loads(snapshot)
        for made in facts["made"]:
            made["id"] = made["id"] if made["place"].startswith(("/_inference", "/_search")) else None
        record.path.parent.mkdir(exist_ok=True)
        record.path.write_text(json.dumps(facts), encoding="utf-8")
        taken = Record.load(record.path)
        assert install(cluster, _pieces(taken, endpoint), taken, _quiet) is True
        assert [made.kind for made in taken.made] == [piece.kind for piece in pieces]
        remove(cluster, taken, _quiet)
    assert node.store.inference == {}


@outside
def test_a_cluster_that_cannot_reach_us_is_told_apart(way, cluster, record):
    with pytest.raises(ClusterError, match="refused"):
        install(cluster, _pieces(record, Endpoint("http://127.0.0.1:9")), record, _quiet)
    assert record.made == []


@pytest.mark.parametrize("way", ["custom"])
def test_a_licence_that_does_not_cover_it(way, node, cluster, record, endpoint):
    node.licence = "basic"
    with pytest.raises(ClusterError, match=r"answers 403 \(security_exception: current license is non-compliant"):
        install(cluster, _pieces(record, endpoint), record, _quiet)


@pytest.mark.parametrize("way", ["custom"])
def test_addresses_that_are_none(way, node):
    for url in ("localhost:9200", "ftp://x"):
        with pytest.raises(InputError, match="is none; write it as"):
            Cluster(url)
    with pytest.raises(ClusterError, match=r"cannot connect: no answer from http://127.0.0.1:9"):
        Cluster("http://127.0.0.1:9")


def test_a_file_that_is_no_record(tmp_path):
    path = tmp_path / "shop.json"
    path.write_text('{"format": 2}', encoding="utf-8")
    with pytest.raises(InputError, match="is no record of distilrank hook"):
        Record.load(path)
    assert Record.load(tmp_path / "none.json") is None
