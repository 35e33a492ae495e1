"""`distilrank loadtest`."""

import argparse
import asyncio
import json
import os

from eval.errors import InputError, MachineError
from workflow.served.extras import require

_RATE = 10.0


def load_command(options: argparse.Namespace) -> int:
    """Load a server with the queries of a file; exit code 3 when it answers none of them."""
    require(("aiohttp",), "serve")
    from serving.loadtest import Load, run_load

    queries = [line.strip() for line in options.queries.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not queries:
        raise InputError(f"{options.queries} holds no query; give one a line")
    rate = options.rate if options.clients is None else None
    if options.clients is None and rate is None:
        rate = _RATE
    for name, value in (("--rate", rate), ("--clients", options.clients), ("--seconds", options.seconds)):
        if value is not None and value <= 0:
            raise InputError(f"{name} is {value}; expected more than 0")
    body = {"size": options.size, "window": options.window, "deadline_ms": options.deadline_ms}
    key = os.environ.get("DISTILRANK_API_KEY")
    load = Load(
        seconds=options.seconds,
        rate=rate,
        clients=options.clients,
        body={name: value for name, value in body.items() if value is not None},
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=options.timeout,
        seed=options.seed,
    )
    report = asyncio.run(run_load(options.url, queries, load))
    print(json.dumps(report.to_json()) if options.json else report.text())
    if not report.answered:
        raise MachineError(f"{options.url} answered none of {report.sent:,} searches; is a server there?")
    return 0
