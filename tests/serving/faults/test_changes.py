"""What is being changed goes wrong: a new run under load, a stop under load, a full disk, a kill in the middle."""

import resource
import signal
import threading
import time
from http.client import HTTPException
from pathlib import Path

from eval.files import read_json, write_json
from serving.loadtest import LoadReport
from tests.serving.faults.conftest import StartServer
from tests.serving.faults.loads import under_load
from tests.serving.faults.servers import Server

FIELDS = {"title": "Red cotton shirt", "brand": "Acme"}


def _all_answered(report: LoadReport) -> bool:
    return report.answered == report.sent > 0


def _present(server: Server, ids: list[str]) -> list[bool]:
    return [server.call("GET", f"/v1/products/{product_id}")[0] == 200 for product_id in ids]


def test_a_new_run_is_taken_over_under_load(start: StartServer, run: Path) -> None:
    server = start(deadline_ms=0)
    before = server.call("GET", "/v1/info")[1]
    with under_load(server.address, seconds=4, clients=3) as report:
        time.sleep(0.5)
        for number in range(1, 3):
            config = run / "config.yaml"
            config.write_text(config.read_text().replace("recall: 20", f"recall: 2{number}"))
            measure = run / "stages" / "measure.json"
            write_json(measure, read_json(measure))
            end = time.monotonic() + 20
            while server.metric("distilrank_reloads_total") < number:
                assert time.monotonic() < end
                time.sleep(0.1)
            config.write_text(config.read_text().replace(f"recall: 2{number}", "recall: 20"))
    assert _all_answered(report)
    assert not report.degraded
    assert server.call("GET", "/v1/info")[1]["config"] != before["config"]
    assert server.metric("distilrank_reloads_total") == 2


def test_a_broken_new_run_leaves_the_old_one_serving(start: StartServer, run: Path) -> None:
    server = start(deadline_ms=0)
    index = run / "index" / "vectors" / "index.faiss"
    with under_load(server.address, seconds=1.5, clients=2) as report:
        whole = index.read_bytes()
        index.unlink()  # what is mapped stays as it is; the new file is half of it
        index.write_bytes(whole[: len(whole) // 2])
        measure = run / "stages" / "measure.json"
        write_json(measure, read_json(measure))
    assert _all_answered(report)
    assert server.metric('distilrank_reloads_total{outcome="failed"}') == 1


def test_a_stop_under_load_answers_what_it_has_begun(start: StartServer) -> None:
    server = start(deadline_ms=0)
    server.break_reranker("slow 0.05")
    with under_load(server.address, seconds=2, clients=4, fresh_connections=True) as report:
        time.sleep(0.7)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 5
    assert report.answered > 10
    assert set(report.statuses) <= {"200", "refused", "503", "disconnected"}  # nobody there any more, or said so
    # All four clients wait for an answer when the stop comes. One more may just be knocking: the system lets it in, and
    # the door is closed before the server has seen it.
    assert report.statuses["disconnected"] <= 1


def test_a_full_disk_refuses_changes_and_loses_none(start: StartServer, run: Path) -> None:
    server = start(largest_file=12_000)
    acknowledged, refused = [], []
    for number in range(60):
        status, answer = server.call("PUT", f"/v1/products/new-{number}", {"fields": FIELDS})
        (acknowledged if status == 200 else refused).append(f"new-{number}")
        assert status in (200, 503)
        if status == 503:
            assert answer["error"]["type"] == "unavailable"
            break
    assert acknowledged
    assert refused
    assert server.search()[0] == 200  # searches go on
    assert all(_present(server, acknowledged))
    assert server.process.pid is not None
    hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert server.call("PUT", f"/v1/products/{refused[0]}", {"fields": FIELDS})[0] == 200  # there is room again
    server.stop(signal.SIGKILL)
    again = start()
    assert all(_present(again, [*acknowledged, refused[0]]))


def test_a_kill_in_the_middle_of_changes_loses_nothing_acknowledged(start: StartServer) -> None:
    server, acknowledged = start(), list[str]()

    def change(server: Server, turn: int) -> None:
        for number in range(10_000):
            product_id = f"new-{turn}-{number}"
            try:
                status, _ = server.call("PUT", f"/v1/products/{product_id}", {"fields": FIELDS})
            except (OSError, HTTPException, ValueError):  # cut off
                return
            assert status == 200
            acknowledged.append(product_id)

    for turn in range(2):
        before = len(acknowledged)
        thread = threading.Thread(target=change, args=(server, turn))
        thread.start()
        while len(acknowledged) < before + 10:
            assert thread.is_alive()
            time.sleep(0.003)
        server.stop(signal.SIGKILL)
        thread.join()
        server = start()
        assert all(_present(server, acknowledged))
