"""`distilrank serve`: what it starts it also stops."""

import argparse
import json
import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eval.errors import InputError
from serving.logs import LOG_LEVEL, log_as_json, log_level
from serving.server_settings import ServerSettings
from serving.signals import until_stopped
from workflow.commands.console import OutputConsole
from workflow.commands.grammar import set_options
from workflow.commands.threads import set_threads
from workflow.config.run import load_config
from workflow.run.finished import finished
from workflow.serve import WARM_UP, application_of, open_engine, threads_of
from workflow.served.extras import SERVING, require
from workflow.served.gate import ask_gate

_SHOWN = 5


def serve_command(options: argparse.Namespace, notes: Console) -> int:
    """Serve a run until Ctrl-C or SIGTERM; with `--once`, until one search is answered."""
    require(SERVING, "serve")
    run = finished(options.run)
    config = load_config(run.config, set_options(options.set) | _given(options))
    settings = config.serve.model_copy(update={"threads": threads_of(config.serve)})
    ask_gate(run, accepted=settings.accept_student or not settings.reranks)
    if options.bare and settings.most_replicas > 1:
        raise InputError(f"--bare is one process, and {settings.most_replicas} replicas are asked for; leave one out")
    set_threads(config, settings.threads)
    if options.once is not None:
        os.environ.setdefault(LOG_LEVEL, "WARNING")  # the answer is what is to be seen
    console = OutputConsole(highlight=False)
    serving = _bare if options.bare else _on_ray
    with until_stopped(), serving(run.root, settings) as address:
        console.print(f"[bold]{escape(config.name)}[/] is served at {address}", soft_wrap=True)
        if options.once is not None:
            console.print(_shown(_search(address, options.once or _example(run.data))))
            return 0
        console.print(f"The page: {address}/   the API: {address}/docs   Ctrl-C stops it.", soft_wrap=True)
        sys.stdout.flush()
        while True:
            signal.pause()
    notes.print("distilrank: the server has stopped")
    return 0


@contextmanager
def _bare(run: Path, settings: ServerSettings) -> Iterator[str]:
    """One process, this one."""
    from serving.local import bound, serving_locally

    bound(settings.host, settings.port).close()  # seen now, not once everything is loaded
    log_as_json(level=log_level())
    from serving.app import create_app

    engine = open_engine(run, settings, threads=settings.threads)
    engine.warm_up(WARM_UP)
    with serving_locally(create_app(engine), settings.host, settings.port, drain_s=settings.drain_s) as address:
        yield address


@contextmanager
def _on_ray(run: Path, settings: ServerSettings) -> Iterator[str]:
    """Ray Serve, in a Ray of its own."""
    from serving.ray_server import serving_on_ray

    with serving_on_ray(settings, lambda environment: application_of(run, settings, environment)) as address:
        yield address


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What the command line says of the `serve` section."""
    named = {"serve.host": options.host, "serve.port": options.port, "serve.replicas": options.replicas}
    accepted = {"serve.accept_student": True} if "student" in options.accept else {}
    return {name: value for name, value in named.items() if value is not None} | accepted


def _example(data: Path) -> str:
    """A query of the run to try: the first of the test split, or else the first there is."""
    import pyarrow.parquet as pq

    rows = pq.read_table(data / "queries.parquet", columns=["text", "split"]).to_pylist()
    texts = [row["text"] for row in sorted(rows, key=lambda row: row["split"] != "test")]
    if not texts:
        raise InputError("the run's data holds no query to try; give one: --once QUERY")
    return texts[0]


def _search(address: str, query: str) -> dict[str, Any]:
    body = json.dumps({"query": query, "size": _SHOWN, "deadline_ms": 0}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/v1/search", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def _shown(answer: dict[str, Any]) -> Table:
    """A search's answer, for people."""
    stages = ", ".join(f"{name} {ms:.0f} ms" for name, ms in answer["timings_ms"].items() if ms >= 0.5)
    table = Table(expand=True, title=f"POST /v1/search {json.dumps(answer['query'])}", caption=stages)
    for name in ("", "first", "score"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("product", no_wrap=True, overflow="ellipsis", ratio=1)
    for hit in answer["hits"]:
        text = " · ".join(value for value in list(hit["fields"].values())[:3] if value)
        table.add_row(str(hit["rank"]), str(hit["first_rank"]), f"{hit['score']:.3f}", escape(text))
    return table
