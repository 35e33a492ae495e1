"""How fast searches are answered, end to end over HTTP, beside a straightforward service with the same models.

    python -m benchmarks.serve RUN [--seconds 10] [--clients 1 8 32]      Ray Serve, a shortlist, bare uvicorn, the peer
    python -m benchmarks.serve RUN --shops SMALL MIDDLE LARGE             how p50, memory and start-up grow

RUN and the shops are finished, exported runs (`benchmarks/grown_shop.py` makes large ones). Each server runs alone, one
after the other, in processes of its own, at a window of 100 and without a deadline; queries are the run's test queries,
the first seconds are not counted. Load generator and server share the machine.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from serving.loadtest import Load, LoadReport, run_load
from serving.ray_environment import free_ports

ROOT = Path(__file__).parents[1]
WINDOW = 100
_MARK = "DISTILRANK_BENCHMARK"


@contextmanager
def started(command: Sequence[str | Path], port: int) -> Iterator[float]:
    """A server while the block runs; yields the seconds from its start to its first answer."""
    begun = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "MKL_"))}
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env=environment | {_MARK: str(port), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{command} ended with {process.returncode}") from None
                time.sleep(0.05)
        yield time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def served(run: Path, port: int, *options: str) -> list[str | Path]:
    """The command that serves the run."""
    fixed = ["--set", "serve.deadline_ms=0", "--set", "serve.writes=true"]
    return [ROOT / "distilrank.py", "serve", run, "--port", str(port), *fixed, *options]


def load(port: int, queries: Sequence[str], clients: int, seconds: float) -> LoadReport:
    """Closed-loop clients."""
    wanted = Load(seconds=seconds, clients=clients, body={"window": WINDOW})
    return asyncio.run(run_load(f"http://127.0.0.1:{port}", queries, wanted))


def throughput(run: Path, queries: Sequence[str], clients: Sequence[int], seconds: float, names: Sequence[str]) -> None:
    """The first table."""
    (port,) = free_ports(1)
    commands: dict[str, list[str | Path]] = {
        "Ray Serve": served(run, port),
        "bare uvicorn": served(run, port, "--bare"),
        "shortlist of 25": served(run, port, "--set", "serve.shortlist=25"),
        "peer": ["-m", "benchmarks.peer_service", run, str(port)],
    }
    for name in names:
        with started(commands[name], port) as start_up:
            load(port, queries, 2, min(seconds, 3))
            for count in clients:
                report = load(port, queries, count, seconds)
                found = report.to_json()
                row = {"server": name, "clients": count, "start_up_s": round(start_up, 1)}
                row |= {name: found[name] for name in ("answered_per_second", "latency_ms", "failed", "shed")}
                print(json.dumps(row | {"server_ms_p50": found["server_ms_p50"]}), flush=True)


def shops(runs: Sequence[Path], queries: Sequence[str], seconds: float) -> None:
    """The second table."""
    for run in runs:
        (port,) = free_ports(1)
        facts: dict[str, Any] = {"shop": json.loads((run / "grown.json").read_text())}
        facts["index_mb"] = round(sum(p.stat().st_size for p in (run / "index").rglob("*") if p.is_file()) / 1e6)
        for replicas in (1, 2):
            with started(served(run, port, "--replicas", str(replicas)), port) as start_up:
                load(port, queries, 2 * replicas, 3)
                report = load(port, queries, 1, seconds)
                facts[f"{replicas} replicas"] = {
                    "start_up_s": round(start_up, 1),
                    "latency_ms": report.to_json()["latency_ms"],
                    "server_ms_p50": report.to_json()["server_ms_p50"],
                    "replicas": [memory(pid) for pid in replica_pids(port)],
                }
        print(json.dumps(facts), flush=True)


def replica_pids(port: int) -> list[int]:
    """The replicas of the server that was started for this port."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"{_MARK}={port}".encode() in (folder / "environ").read_bytes()
            if ours and b"ray::ServeReplica" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def memory(pid: int) -> dict[str, int]:
    """Megabytes of a process: its own (anonymous) memory, its share of all (PSS), and what it has mapped (RSS)."""
    rows = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:] if ":" in line
    )
    return {name.lower(): round(int(rows[name].split()[0]) / 1000) for name in ("Anonymous", "Pss", "Rss")}


def main() -> None:
    """Print the machine, then one JSON object a row."""
    parser = argparse.ArgumentParser(description="end-to-end speed of the search endpoint")
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--servers", nargs="+", default=["Ray Serve", "shortlist of 25", "bare uvicorn", "peer"])
    parser.add_argument("--shops", type=Path, nargs="+")
    options = parser.parse_args()
    rows = pq.read_table(options.run / "data" / "queries.parquet", columns=["text", "split"]).to_pylist()
    queries = [row["text"] for row in rows if row["split"] == "test"]
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {platform.python_version()}")
    if options.shops:
        shops([path.absolute() for path in options.shops], queries, options.seconds)
    else:
        throughput(options.run.absolute(), queries, options.clients, options.seconds, options.servers)


if __name__ == "__main__":
    main()
