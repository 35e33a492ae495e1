"""More than the server can take: it refuses early and clearly, answers what it accepted, and is well afterwards."""

import json
import os
import socket
import time
from urllib.parse import urlsplit

from tests.serving.faults.conftest import StartServer
from tests.serving.faults.loads import measured

SECONDS = float(os.environ.get("DISTILRANK_OVERLOAD_SECONDS", "3"))
"""The full test is a minute: DISTILRANK_OVERLOAD_SECONDS=60."""


def test_three_times_the_capacity(start: StartServer) -> None:
    # The deadline is far: on a slow processor those that wait until it are answered by the first stage, and not shed.
    server = start(workers=2, queue=8, deadline_ms=1200)
    server.break_reranker("slow 0.04")  # two workers of 40 ms and a little: below fifty searches a second
    capacity = measured(server.address, seconds=2, clients=2)
    rate = 3 * capacity.answered / capacity.seconds
    assert 10 < rate < 160
    report = measured(server.address, seconds=SECONDS, rate=rate)
    assert report.answered + report.shed == report.sent
    assert report.shed > 0.2 * report.sent
    assert report.without_retry_after == 0
    assert report.answered > 0.3 * capacity.answered / capacity.seconds * SECONDS
    assert max(report.latencies) < 400 + 1000
    assert server.metric("distilrank_waiting") <= 8
    assert server.metric("distilrank_shed_total") == report.shed
    server.break_reranker("")
    after = measured(server.address, seconds=0.5, clients=1)
    assert after.answered == after.sent


def test_clients_that_hang_up_leave_nothing_behind(start: StartServer) -> None:
    server = start(workers=2, queue=64, deadline_ms=0)
    server.break_reranker("slow 0.02")
    place = urlsplit(server.address)
    body = json.dumps({"query": "red shirt"}).encode()
    headers = ["POST /v1/search HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    whole = "\r\n".join([*headers, "", ""]).encode() + body
    for number in range(300):
        with socket.create_connection((str(place.hostname), int(place.port or 0))) as client:
            client.sendall(whole if number % 3 else whole[: 20 + number])  # every third leaves in the middle
    status, answer = server.search()
    assert (status, answer["degraded"]) == (200, False)
    end = time.monotonic() + 10
    while server.metric("distilrank_running") + server.metric("distilrank_waiting") > 0:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert server.metric("distilrank_disconnects_total") > 0
    after = measured(server.address, seconds=0.5, clients=2)
    assert after.answered == after.sent
