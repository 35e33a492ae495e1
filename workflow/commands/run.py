"""`distilrank run`, a stage alone, `label --dry-run` and `doctor`; torch is only imported once the threads are set."""

import argparse
import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eval.files import read_json
from workflow.commands.console import OutputConsole
from workflow.commands.threads import set_threads
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.served.gate import ask_gate


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
    ask_gate(run, accepted="student" in options.accept)
    return 0


def dry_run_command(options: argparse.Namespace, config: Config) -> int:
    """What the label stage would do."""
    set_threads(config)
    from workflow.checks.dry_run import dry_run

    found = dry_run(config, RunDirectory(options.runs / config.name))
    print(json.dumps(found.to_json()) if options.json else found.text())
    return 0


def doctor_command(options: argparse.Namespace, config: Config) -> int:
    """Machine, config and data; exit code 2 where a run would fail."""
    set_threads(config)
    from workflow.checks.doctor import examine

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
