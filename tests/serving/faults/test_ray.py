"""Ray Serve: replicas behind one address; one is killed under load, and nothing of a stopped server stays behind."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from tests.serving.faults.loads import measured, under_load
from tests.serving.faults.ray_servers import RayServer
from tests.serving.faults.servers import Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ray_server(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayServer]:
    folder = tmp_path_factory.mktemp("ray")
    run = Path(copytree(finished_run, folder / "tiny"))
    server = RayServer(run, folder / "said", "--replicas", "2", "--set", "serve.deadline_ms=0")
    try:
        server.wait_until_served()
        yield server
    finally:
        server.stop()
        for left in server.processes():
            os.kill(left, signal.SIGKILL)


def _client(server: RayServer) -> Server:
    return Server(server.process, server.address, Path("none"))  # type: ignore[arg-type] - only asked over HTTP


def test_replicas_share_the_load_and_add_up_their_metrics(ray_server: RayServer) -> None:
    report = measured(ray_server.address, seconds=1.5, clients=4)
    assert report.answered == report.sent > 0
    assert len(ray_server.replicas()) == 2
    client = _client(ray_server)
    for _ in range(4):  # whichever replica is asked
        assert client.metric("distilrank_requests_total") >= report.answered


def test_a_change_is_found_by_every_replica_within_a_second(ray_server: RayServer) -> None:
    client = _client(ray_server)
    fields = {"title": "Quixotic zeppelin lantern", "brand": "Acme"}
    assert client.call("PUT", "/v1/products/zeppelin", {"fields": fields})[0] == 200
    time.sleep(1.0)
    found = [client.search("quixotic zeppelin lantern", window=0)[1] for _ in range(20)]
    assert all("zeppelin" in [hit["id"] for hit in answer["hits"]] for answer in found)


def test_a_replica_that_is_killed_under_load_costs_no_search(ray_server: RayServer) -> None:
    before = ray_server.replicas()
    with under_load(ray_server.address, seconds=4, clients=4) as report:
        time.sleep(1)
        os.kill(before[0], signal.SIGKILL)
    assert report.answered == report.sent > 0, report.statuses
    end = time.monotonic() + 60
    while len(set(ray_server.replicas()) - set(before)) < 1:  # Ray starts another one
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_stop_under_load_answers_what_it_has_begun_and_leaves_nothing(ray_server: RayServer) -> None:
    assert len(ray_server.processes()) > 5
    folder = ray_server.folder()
    assert folder.is_dir()
    with under_load(ray_server.address, seconds=3, clients=4, fresh_connections=True) as report:
        time.sleep(0.5)
        assert ray_server.stop(signal.SIGINT, whole_group=True) == 0
    assert report.answered > 0
    assert set(report.statuses) <= {"200", "refused", "429", "503"}
    assert ray_server.processes() == []
    assert "Traceback" not in ray_server.said.read_text()
    assert not folder.exists()
