"""The reranker hangs or raises: every search is answered all the same, in time, flagged and counted."""

import time

import pytest

from tests.serving.faults.conftest import StartServer
from tests.serving.faults.loads import measured
from tests.serving.faults.servers import Server

DEADLINE = 300


def _until_well(server: Server, seconds: float = 20.0) -> None:
    """Until searches under a deadline are reranked again; those without one teach the server what a rerank costs."""
    end = time.monotonic() + seconds
    while server.search()[1]["degraded"]:
        measured(server.address, seconds=0.3, clients=1, body={"deadline_ms": 0})
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(("how", "reasons"), [("hang", {"late", "stuck", "no_time"}), ("raise", {"failed", "no_time"})])
def test_every_search_is_answered_without_the_reranker(start: StartServer, how: str, reasons: set[str]) -> None:
    server = start(deadline_ms=DEADLINE)
    healthy = measured(server.address, seconds=0.5, clients=2)
    assert (healthy.failed, healthy.shed) == (0, 0)
    before = server.metric("distilrank_degraded_total")
    server.break_reranker(how)
    bad = measured(server.address, seconds=2, clients=2)
    assert bad.answered == bad.sent > 10
    assert bad.degraded.total() == bad.answered
    assert set(bad.degraded) <= reasons
    assert max(bad.latencies) < DEADLINE + 700  # a busy machine is late itself
    assert server.metric("distilrank_degraded_total") - before == bad.answered
    server.break_reranker("")
    _until_well(server)
    well = measured(server.address, seconds=0.5, clients=1)  # a busy machine may not have time for two at once
    assert well.answered == well.sent
    assert well.degraded.total() < well.answered


def test_a_hang_shows_in_the_health_of_the_server(start: StartServer) -> None:
    server = start(deadline_ms=100, stuck_ms=200)
    assert server.call("GET", "/health/ready")[0] == 200
    server.break_reranker("hang")
    measured(server.address, seconds=1.5, clients=4)
    status, answer = server.call("GET", "/health/ready")
    assert status == 503
    assert "hang" in answer["error"]["message"]
    assert server.call("GET", "/health/live")[0] == 200
    assert server.search()[1]["degraded_reason"] == "stuck"
    server.break_reranker("")
    _until_well(server)
    assert server.call("GET", "/health/ready")[0] == 200
