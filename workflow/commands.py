"""What each command does, once its options are read; torch is only imported by the commands that need it."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eval.errors import GateRefusedError, InputError
from eval.evaluation import evaluate, render
from eval.files import read_json
from eval.trec import read_qrels, read_run
from workflow.command_line import filters
from workflow.config import Config, load_config
from workflow.finished import run_directory
from workflow.run_directory import RunDirectory

if TYPE_CHECKING:
    from retrieval.data.search_data import SearchData

_SUFFIXES = (".yaml", ".yml")


class OutputConsole(Console):
    """Standard output; where its reader is gone (`| head`), the error reaches `main` as print's would."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def run_command(options: argparse.Namespace, config: Config, last: str, notes: Console) -> int:
    """Every stage up to `last` that is not up to date."""
    set_threads(config)
    from workflow.runner import run_stages  # torch and transformers, which `evaluate` and --help can do without

    run = RunDirectory(options.runs / config.name)
    console = notes if options.json else OutputConsole(highlight=False)
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
        print(f'Report: {run.report / "report.html"}   Search it: distilrank search {run.root} "…"')
    if not metrics["gate"]["passed"] and "student" not in options.accept:
        raise GateRefusedError(
            f"the student is {metrics['gate']['reason']}; serve the first stage or the blend, "
            "or go on with --accept student"
        )
    return 0


def dry_run_command(options: argparse.Namespace, config: Config) -> int:
    """What the label stage would do."""
    set_threads(config)
    from workflow.dry_run import dry_run

    found = dry_run(config, RunDirectory(options.runs / config.name))
    print(json.dumps(found.to_json()) if options.json else found.text())
    return 0


def search_command(options: argparse.Namespace) -> int:
    """One query's hits in a finished run."""
    run = run_directory(options.run)
    config = load_config(run.config)
    set_threads(config)
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
        OutputConsole().print(render_side_by_side(result, opened.pipeline.catalogue, opened.template))
    return 0


def evaluate_command(options: argparse.Namespace) -> int:
    """Run files against qrels; with --via, a live path against a run."""
    if options.via is not None:
        if options.qrels is not None:
            raise InputError("--qrels is for run files; evaluate --via reads the judgements of --run")
        from workflow.live_command import live_command

        return live_command(options)
    if options.qrels is None or not options.runs:
        raise InputError("evaluate needs --qrels FILE and a run file at least; or --via PATH URL --run RUN")
    qrels = read_qrels(options.qrels)
    runs = {Path(path).stem: read_run(Path(path)) for path in options.runs}
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


def describe_command(options: argparse.Namespace) -> int:
    """What a data directory, or a config's data section, holds."""
    from retrieval.data.describe import describe

    description = describe(read_named(options.path, options.data, options.log, options.format))
    print(json.dumps(description.to_json(), ensure_ascii=False) if options.json else description.text())
    return 0


def export_command(options: argparse.Namespace) -> int:
    """Data in another tool's form, at a place where nothing stands yet."""
    from retrieval.data.writers import write_beir, write_quepid

    out: Path = options.out
    if out.exists():
        raise InputError(f"{out} exists, and export overwrites nothing; name a place that does not, or remove it")
    data = read_named(options.path, options.data, options.log, options.format)
    {"beir": write_beir, "quepid": write_quepid}[options.to](data, out)
    judged = sum(len(gains) for gains in data.qrels.values())
    print(f"{out}: {len(data.queries):,} queries, {judged:,} judgements, as {options.to}")
    return 0


def doctor_command(options: argparse.Namespace, config: Config) -> int:
    """Machine, config and data; exit code 2 where a run would fail."""
    set_threads(config)
    from workflow.doctor import examine

    found = examine(config, options.runs)
    if options.json:
        print(json.dumps([{"check": item.check, "state": item.state, "detail": item.detail} for item in found]))
    else:
        table = Table(show_header=False, box=None)
        for item in found:
            colour = {"ok": "green", "warning": "yellow", "error": "red"}[item.state]
            table.add_row(f"[{colour}]{item.state}[/]", item.check, escape(item.detail))
        OutputConsole(highlight=False).print(table)
    return 2 if any(item.state == "error" for item in found) else 0


def set_threads(config: Config, wanted: int | None = None) -> None:
    """Thread counts on purpose, before torch and FAISS are loaded; OMP_NUM_THREADS wins where it is set.

    `wanted` is the command's own number, None for the config's, or else all cores.
    """
    cores = len(os.sched_getaffinity(0))
    threads = os.environ.setdefault("OMP_NUM_THREADS", str(wanted or config.threads or cores))
    # Two libraries with unlike numbers wait for each other in busy loops: measured three times slower.
    os.environ.setdefault("MKL_NUM_THREADS", threads)
    # The tokenizer's own threads would fight theirs.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def read_named(path: Path, data: Path | None = None, log: Path | None = None, form: str | None = None) -> "SearchData":
    """The data that a directory or a config names; what else is given wins over the config.

    Raises:
        InputError: when there is none, or `data`, a config's directory, is given without a config.
    """
    if path.suffix in _SUFFIXES and not path.is_dir():
        from workflow.inputs import read_input

        given = {"data.path": data, "data.log": log, "data.format": form}
        return read_input(load_config(path, {name: str(value) for name, value in given.items() if value}))
    if data is not None:
        raise InputError(f"--data is for a config, {path} is none; give one of the two")
    from retrieval.data.read import read_data

    return read_data(form or "auto", path, log=log)
