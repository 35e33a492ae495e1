"""`distilrank search`; torch is only imported once the threads are set."""

import argparse
import json

from workflow.commands.console import OutputConsole
from workflow.commands.grammar import filters
from workflow.commands.threads import set_threads
from workflow.config.run import load_config
from workflow.run.finished import run_directory


def search_command(options: argparse.Namespace) -> int:
    """One query's hits in a finished run."""
    run = run_directory(options.run)
    config = load_config(run.config)
    set_threads(config)
    from serving.console import render_side_by_side
    from workflow.served.opened import open_run

    opened = open_run(config, run)
    result = opened.search(options.query, options.k, filters(options.where))
    if options.json:
        hits = [hit._asdict() | {"fields": dict(opened.product(hit.product_id).fields)} for hit in result.hits]
        print(
            json.dumps({"query": result.query.text, "hits": hits, "timings_ms": result.timings_ms}, ensure_ascii=False)
        )
    else:
        OutputConsole().print(render_side_by_side(result, opened.pipeline.catalogue, opened.template))
    return 0
