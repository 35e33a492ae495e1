"""`distilrank evaluate --via`: a run's judged queries through a live path, against the run's own ranking."""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from eval.errors import InputError, MachineError
from workflow.commands.threads import set_threads
from workflow.config.run import load_config
from workflow.run.finished import finished

DIFFERS = 8
"""Exit code: the live path ranks otherwise than was asked for."""

_MOST = 100


def live_command(options: argparse.Namespace) -> int:
    """Compare, print, and say by the exit code whether it differs by more than was allowed.

    Raises:
        InputError: when options are missing or do not go together.
        MachineError: when no query was answered.
    """
    url = _url(options)
    if options.run_directory is None:
        raise InputError("evaluate --via compares with a run; give it: --run runs/NAME")
    if options.clients < 1:
        raise InputError(f"--clients is {options.clients}; expected at least 1")
    run = finished(options.run_directory)
    in_cluster = options.via == "elasticsearch"
    config = load_config(run.config, {"elastic.urls": [url]} if in_cluster else None)
    if in_cluster and not config.index.in_cluster:
        raise InputError(
            f"{run.root} searches indexes of its own ({config.index.first_stage}); evaluate --via elasticsearch is for "
            "runs with index.first_stage: elasticsearch"
        )
    set_threads(config)
    from workflow.proof.exact_stage import exactly
    from workflow.proof.live_paths import cluster, endpoint, multi_match, proxy, read_body
    from workflow.proof.via import ask_all, compare_live, split_queries
    from workflow.served.opened import open_run

    cutoff = config.measure.cutoff
    depth = max(cutoff, min(config.measure.window, _MOST))
    opened = open_run(config, run)
    if in_cluster:
        ask = cluster(opened.pipeline, depth)
    elif options.via == "endpoint":
        ask = endpoint(url, depth, _headers(), options.deadline_ms, options.timeout)
    else:
        if options.index is None:
            raise InputError("evaluate --via proxy needs the index to search: --index products")
        names = [config.serve.proxy.fields.get(name, name) for name in config.fields.student]
        body = multi_match(names) if options.body is None else read_body(options.body)
        ask = proxy(url, options.index, body, depth, _headers(), options.deadline_ms, options.timeout)
    queries = split_queries(opened, options.split)[: options.limit]
    live = ask_all(queries, ask, options.clients)
    if not live.rankings:
        reason = next(iter(live.failed), "no reason given")
        raise MachineError(f"{url} answered none of {len(queries):,} queries ({reason}); is the server there?")
    with contextlib.ExitStack() as aside:
        if in_cluster:
            directory = Path(aside.enter_context(tempfile.TemporaryDirectory()))
            opened = exactly(config, run, opened, directory)
        report = compare_live(options.via, opened, queries, live, cutoff=cutoff, depth=depth, seed=options.seed)
    print(json.dumps(report.to_json()) if options.json else report.text(), end="\n" if options.json else "")
    wrong = []
    if options.min_same is not None and report.agreement.same < options.min_same:
        wrong.append(f"{report.agreement.same:.4f} of the queries rank the same, below --min-same {options.min_same}")
    if options.max_loss is not None and report.loss() > options.max_loss:
        wrong.append(f"nDCG is lower by {report.loss():.4f}, above --max-loss {options.max_loss}")
    for line in wrong:
        print(f"distilrank: {line}", file=sys.stderr)
    return DIFFERS if wrong else 0


def _url(options: argparse.Namespace) -> str:
    if len(options.runs) != 1 or not options.runs[0].startswith(("http://", "https://")):
        raise InputError(
            f"evaluate --via {options.via} takes one address, not {' '.join(options.runs) or 'nothing'}; "
            "write http://127.0.0.1:8000"
        )
    return options.runs[0].rstrip("/")


def _headers() -> dict[str, str]:
    """Keys from the environment: this server's, and the cluster's."""
    named = {"X-API-Key": "DISTILRANK_API_KEY", "Authorization": "DISTILRANK_CLUSTER_AUTHORIZATION"}
    return {header: os.environ[name] for header, name in named.items() if os.environ.get(name)}
