"""distilrank: from a catalogue, a query log and a few judgements to a better ranking, in one command.

    distilrank run CONFIG               every stage that is not up to date, then the table
    distilrank STAGE CONFIG             one stage, and the stages it needs
    distilrank search RUN [QUERY]       first-stage and reranked hits side by side
    distilrank evaluate --qrels Q RUN…  run files against judgements
    distilrank data describe PATH       what is in a data directory
    distilrank doctor CONFIG            machine, config and data, before any hour is spent

The stages themselves, top to bottom as the work runs, are in workflow/pipeline.py.
"""

import argparse
import json
import os
import sys

from rich.console import Console
from rich.table import Table

from eval.errors import DistilrankError, GateRefusedError, InputError
from eval.evaluation import evaluate, render
from eval.files import read_json
from eval.trec import read_qrels, read_run
from workflow.command_line import filters, overrides, parser
from workflow.config import Config, load_config
from workflow.run_directory import RunDirectory

STAGES = {
    "prepare": "read the data",
    "index": "encode the catalogue, build the indexes",
    "teacher": "train the teacher",
    "mine": "mine unlabelled pairs",
    "label": "label the pairs",
    "student": "train the student",
    "measure": "measure everything",
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code is documented in docs/exit-codes.md."""
    options = parser(STAGES).parse_args(arguments)
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        return _command(options, notes)
    except DistilrankError as error:
        notes.print(f"distilrank: {error}", style="red", markup=False)
        return error.exit_code
    except OSError as error:
        notes.print(f"distilrank: {error.filename or ''} {error.strerror or error}", style="red", markup=False)
        return 3
    except KeyboardInterrupt:
        notes.print("distilrank: interrupted; run the same command again to go on", style="yellow")
        return 130


def _command(options: argparse.Namespace, notes: Console) -> int:
    if options.command == "evaluate":
        return _evaluate(options)
    if options.command == "data":
        return _describe(options)
    if options.command == "search":
        return _search(options)
    config = load_config(options.config, overrides(options))
    if options.command == "doctor":
        return _doctor(options, config)
    last = "measure" if options.command == "run" else options.command
    return _run(options, config, last, notes)


def _run(options: argparse.Namespace, config: Config, last: str, notes: Console) -> int:
    """Every stage up to `last` that is not up to date."""
    _set_threads(config)
    from workflow.runner import run_stages  # torch and transformers, which `evaluate` and --help can do without

    run = RunDirectory(options.runs / config.name)
    console = notes if options.json else Console(highlight=False)
    run_stages(config, run, last, console, accept=frozenset(options.accept), retry_failed=options.retry_failed)
    if last != "measure":
        if options.json:
            print(json.dumps(read_json(run.stages / f"{last}.json")))
        return 0
    metrics = read_json(run.report / "metrics.json")
    if options.json:
        print(json.dumps(metrics))
    else:
        print((run.report / "table.txt").read_text(encoding="utf-8"))
        weights = ", ".join(f"{weight:.2f} {mode}" for mode, weight in metrics["blend_weights"].items())
        print(f"The student's share in the blend: {weights}. Gate: {metrics['gate']['reason']}.")
        print(f'Report: {run.report}   Search it: distilrank search {run.root} "…"')
    if not metrics["gate"]["passed"] and "student" not in options.accept:
        raise GateRefusedError(
            f"the student is {metrics['gate']['reason']}; serve the first stage or the blend, "
            "or go on with --accept student"
        )
    return 0


def _search(options: argparse.Namespace) -> int:
    run = RunDirectory(options.run)
    if not run.config.exists():
        raise InputError(f"{run.root} is no run directory (config.yaml is missing); distilrank run CONFIG makes one")
    config = load_config(run.config)
    _set_threads(config)
    from serving.console import render_side_by_side
    from workflow.opened import open_run

    opened = open_run(config, run)
    result = opened.search(options.query, options.k, filters(options.where))
    if options.json:
        hits = [hit._asdict() | {"fields": dict(opened.product(hit.product_id).fields)} for hit in result.hits]
        print(
            json.dumps({"query": result.query.text, "hits": hits, "timings_ms": result.timings_ms}, ensure_ascii=False)
        )
    else:
        Console().print(render_side_by_side(result, opened.pipeline.catalogue, opened.template))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    qrels = read_qrels(options.qrels)
    runs = {path.stem: read_run(path) for path in options.runs}
    if len(runs) < len(options.runs):
        raise InputError("two run files have the same name; systems are named after their files, rename one")
    result = evaluate(
        qrels,
        runs,
        [name.strip() for name in options.measures.split(",") if name.strip()],
        relevant_gain=options.relevant_gain,
        judged_only=options.judged_only,
        baseline=next(iter(runs)),
        seed=options.seed,
    )
    print(json.dumps(result.to_json()) if options.json else render(result), end="\n" if options.json else "")
    return 0


def _describe(options: argparse.Namespace) -> int:
    from retrieval.data.describe import describe
    from retrieval.data.read import read_data

    description = describe(read_data(options.format, options.path, log=options.log))
    print(json.dumps(description.to_json(), ensure_ascii=False) if options.json else description.text())
    return 0


def _doctor(options: argparse.Namespace, config: Config) -> int:
    _set_threads(config)
    from workflow.doctor import examine

    found = examine(config, options.runs)
    if options.json:
        print(json.dumps([{"check": item.check, "state": item.state, "detail": item.detail} for item in found]))
    else:
        table = Table(show_header=False, box=None)
        for item in found:
            colour = {"ok": "green", "warning": "yellow", "error": "red"}[item.state]
            table.add_row(f"[{colour}]{item.state}[/]", item.check, item.detail)
        Console(highlight=False).print(table)
    return 2 if any(item.state == "error" for item in found) else 0


def _set_threads(config: Config) -> None:
    """Thread counts on purpose, before torch and FAISS are loaded; the tokenizer's own threads would fight theirs."""
    threads = os.environ.setdefault("OMP_NUM_THREADS", str(config.threads or os.cpu_count() or 1))
    # Two libraries with unlike numbers wait for each other in busy loops: measured three times slower.
    os.environ.setdefault("MKL_NUM_THREADS", threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


if __name__ == "__main__":
    sys.exit(main())
