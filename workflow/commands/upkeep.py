"""Commands that keep a finished run good: the score table of its head queries, and how far the shop has drifted.

Torch is only imported once the options are read and the threads are set.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from eval.errors import InputError
from workflow.commands.console import OutputConsole
from workflow.commands.threads import set_threads
from workflow.config.run import Config, load_config
from workflow.run.directory import RunDirectory
from workflow.run.finished import finished

if TYPE_CHECKING:
    from retrieval.types import Product

STALE = 6
"""Exit code of `distilrank drift` for a run that should be mined, labelled and trained again."""

_BATCH = 4096


def score_table_command(options: argparse.Namespace) -> int:
    """Build, or go on building, the score table of a run.

    Args:
        options: `run`, a path; `queries`, how many; `depth`, candidates a query or None; `json`.
    """
    config, run = _open(options)
    from workflow.run.progress import StageProgress
    from workflow.served.score_table import build_score_table, table_path

    with run.lock(), StageProgress("score-table", _notes()) as progress:
        table = build_score_table(config, run, progress, queries=options.queries, depth=options.depth)
    facts = {"queries": len(table), "pairs": table.pairs, "bytes": table.bytes, **table.facts}
    if options.json:
        print(json.dumps(facts))
        return 0
    gain = facts["dev"]["gain"]
    OutputConsole(highlight=False).print(
        f"{table_path(run)}: {len(table):,} queries, {table.pairs:,} scores, {table.bytes / 1e6:.1f} MB; "
        f"{facts['log_share']:.1%} of the log's requests ask for them.\n"
        f"Teacher's share {facts['teacher_share']:.1f}; {facts['dev']['measure']}, {gain['mean']:+.4f} "
        f"[{gain['low']:+.4f}, {gain['high']:+.4f}] against the student on the {gain['n']} dev queries that chose it."
    )
    return 0


def drift_command(options: argparse.Namespace) -> int:
    """How far queries and catalogue have moved since the run was made; exit code `STALE` when too far.

    Args:
        options: `run`, a path; `log`, a file of recent queries; `catalogue`, a file or directory of products or None;
            `ask`, queries that the teacher is asked about, 0 for none; `json`.
    """
    config, run = _open(options)
    from retrieval.data.query_log import read_log
    from workflow.proof.drift import measure_drift
    from workflow.run.progress import StageProgress

    recent = read_log(options.log)
    newer = None if options.catalogue is None else _products(options.catalogue, config)
    with StageProgress("drift", _notes()) as progress:
        report = measure_drift(config, run, recent, newer, progress, ask=options.ask)
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        table = Table("signal", "recent", "usual", "beyond", "limit", "", "how", box=None)
        for signal in report.signals:
            numbers = (f"{number:.3f}" for number in (signal.value, signal.usual, signal.beyond, signal.limit))
            table.add_row(signal.name, *numbers, "[red]moved[/]" if signal.moved else "", signal.detail)
        console = OutputConsole(highlight=False)
        console.print(table)
        for note in report.notes:
            console.print(f"Note: {note}.", markup=False)
        console.print(f"Verdict: {report.verdict}.")
    return STALE if report.verdict == "stale" else 0


def _products(path: Path, config: Config) -> "Iterable[Product]":
    """The products of a run's catalogue, a data directory, or a file in the plain form."""
    from retrieval.catalogue import Catalogue
    from retrieval.data.plain import PlainColumns, read_products
    from retrieval.data.read import read_data

    if not path.exists():
        raise InputError(f"{path} does not exist; give a file of products, a data directory or a run's data/catalogue")
    if path.is_file():
        return read_products(path, PlainColumns(**config.data.columns.model_dump()))
    if (path / "catalogue.json").exists():
        catalogue = Catalogue.load(path)
        starts = range(0, len(catalogue), _BATCH)
        return (one for at in starts for one in catalogue.products(range(at, min(at + _BATCH, len(catalogue)))))
    return read_data("auto", path).products()


def _open(options: argparse.Namespace) -> tuple[Config, RunDirectory]:
    """The config and the directory of a finished run.

    Raises:
        InputError: when it is none.
    """
    run = finished(options.run)
    config = load_config(run.config)
    set_threads(config)
    return config, run


def _notes() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)
