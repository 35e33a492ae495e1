"""The load test: random arrivals, latencies that hold what users wait, and every outcome counted."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from distilrank import main
from serving.loadtest import Load, LoadReport, arrivals, percentiles, run_load

SERVICE_S = 0.02
ANSWER = {"degraded": False, "degraded_reason": None, "timings_ms": {"rerank": 20.0}}


def _one_at_a_time() -> FastAPI:
    app, lock = FastAPI(), asyncio.Lock()

    @app.post("/v1/search")
    async def search() -> dict[str, object]:
        async with lock:
            await asyncio.sleep(SERVICE_S)
        return ANSWER

    return app


def _measured(url: str, **load: object) -> LoadReport:
    return asyncio.run(run_load(url, ["a", "b"], Load(**load)))  # type: ignore[arg-type]


def test_arrivals_are_a_poisson_process() -> None:
    due = np.array(arrivals(100.0, 200.0, seed=3))
    gaps = np.diff(due)
    assert due[-1] < 200
    assert len(due) == pytest.approx(20_000, rel=0.03)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.03)  # exponential gaps
    assert (due == arrivals(100.0, 200.0, seed=3)).all()


def test_percentiles_are_numpys() -> None:
    values = list(range(1, 101))
    assert percentiles(values) == {"p50": 50.5, "p95": 95.05, "p99": 99.01, "max": 100.0}
    assert percentiles([])["p99"] == 0.0


def test_an_open_loop_counts_the_wait_that_a_closed_one_hides(address: Callable[[FastAPI], str]) -> None:
    url = address(_one_at_a_time())
    closed = _measured(url, seconds=1.0, clients=1)
    overloaded = _measured(url, seconds=1.0, rate=100.0)  # twice what it can do
    assert closed.answered == closed.sent
    assert overloaded.answered == overloaded.sent > closed.sent
    assert percentiles(closed.latencies)["p95"] < 1000 * SERVICE_S * 5
    # The backlog at the end is half of what came: the last wait about a second.
    assert percentiles(overloaded.latencies)["p95"] > 1000 * SERVICE_S * 15


def test_every_outcome_is_counted(address: Callable[[FastAPI], str]) -> None:
    app, turn = FastAPI(), iter(range(1_000_000))

    @app.post("/v1/search")
    async def search() -> JSONResponse:
        number = next(turn) % 5
        if number == 0:
            return JSONResponse(ANSWER)
        if number == 1:
            return JSONResponse({**ANSWER, "degraded": True, "degraded_reason": "late"})
        if number == 2:
            return JSONResponse({}, 429, {"Retry-After": "1"})
        if number == 3:
            return JSONResponse({}, 503)
        await asyncio.sleep(5)
        return JSONResponse(ANSWER)

    report = _measured(address(app), seconds=1.0, rate=60.0, timeout=0.5)
    found = report.to_json()
    assert report.sent == sum(report.statuses.values()) > 20
    assert report.answered == report.statuses["200"] == len(report.latencies)
    assert found["degraded_reasons"] == {"late": found["degraded"]}
    assert abs(found["degraded"] - report.answered / 2) <= 1
    assert report.shed == report.statuses["429"] + report.statuses["503"]
    assert report.without_retry_after == report.statuses["503"]
    assert report.failed == report.statuses["timeout"] > 0
    assert found["server_ms_p50"] == {"rerank": 20.0}
    text = report.text()
    assert "late:" in text
    assert "429:" in text


def test_nobody_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text("red shoe\n\nblue shoe\n")
    command = ["loadtest", "http://127.0.0.1:9", "--queries", str(queries), "--rate", "20", "--seconds", "0.3"]
    assert main(command) == 3
    assert "answered none" in " ".join(capsys.readouterr().err.split())
    queries.write_text("\n")
    assert main(command) == 2
    assert main([*command[:3], str(tmp_path / "none")]) == 3
    assert main(["loadtest", "http://127.0.0.1:9", "--queries", str(queries), "--clients", "0"]) == 2


def test_the_command_prints_what_it_measured(
    tmp_path: Path, address: Callable[[FastAPI], str], capsys: pytest.CaptureFixture[str]
) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text("red shoe\n")
    url = address(_one_at_a_time())
    assert main(["loadtest", url, "--queries", str(queries), "--clients", "2", "--seconds", "0.5"]) == 0
    said = capsys.readouterr().out
    assert "answered" in said
    assert "p99" in said
