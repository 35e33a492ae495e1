"""Commands that prove things: what a figure means, whether a run is worse, what a teacher's labels are worth."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from rich.table import Table

from eval.conventions import conventions, reconcile
from eval.errors import InputError
from workflow.commands import OutputConsole

if TYPE_CHECKING:
    from workflow.compare import RunComparison

WORSE = 7
"""Exit code of `distilrank compare --fail-if-worse` for a run that is worse."""


def reconcile_command(options: argparse.Namespace) -> int:
    """One run's nDCG under several tools' conventions."""
    if options.cutoff < 0:
        raise InputError(f"--cutoff is {options.cutoff}; give 1 or more, or 0 for all ranks")
    from workflow.measured_run import open_measured

    measured = open_measured(options.run, options.qrels, options.system, options.mode)
    tools = conventions(options.cutoff or None, judged_only=options.judged_only)
    found = {name: reconcile(measured.qrels, run, tools) for name, run in measured.runs.items()}
    if options.json:
        print(json.dumps({name: [one.to_json() for one in rows] for name, rows in found.items()}))
        return 0
    for name, rows in found.items():
        table = Table("tool", "nDCG", "− ours", "queries", "why", box=None, title=name, title_justify="left")
        for column in table.columns[1:4]:
            column.justify = "right"
        for row in rows:
            why = "\n".join(f"{step.size:+.4f}  {step.reason}" for step in row.steps)
            difference = f"{row.difference:+.4f}" if row.steps else ""
            table.add_row(row.convention.tool, f"{row.value:.4f}", difference, f"{row.queries:,}", why)
        _wide().print(table)
    return 0


def compare_command(options: argparse.Namespace) -> int:
    """Whether run B is worse than run A; with --fail-if-worse the exit code says so."""
    from workflow.compare import compare

    found = compare(
        options.a,
        options.b,
        qrels=options.qrels,
        queries=options.queries,
        systems=options.system,
        mode=options.mode,
        cutoff=options.cutoff,
        margin=options.margin,
        alpha=options.alpha,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        _print_comparison(found)
    return WORSE if options.fail_if_worse and found.worse else 0


def _print_comparison(found: "RunComparison") -> None:
    console = _wide()
    table = Table("system", "queries of", "n", "A", "B", "B − A", "p (Holm)", "B is", box=None)
    for column in table.columns[2:7]:
        column.justify = "right"
    for row in found.rows:
        mean, low, high, n = row.difference
        p = "" if row.p_holm is None else f"{row.p_holm:.4f}"
        colour = {"worse": "red", "better": "green"}.get(row.verdict)
        verdict = f"[{colour}]{row.verdict}[/]" if colour else row.verdict
        table.add_row(
            row.system,
            row.segment,
            f"{n:,}",
            f"{row.a:.4f}",
            f"{row.b:.4f}",
            f"{mean:+.4f} \\[{low:+.4f}, {high:+.4f}]",
            p,
            verdict,
        )
    console.print(table)
    tested = sum(row.p_holm is not None for row in found.rows)
    left_out = "".join(f"; {count:,} left out, {why}" for why, count in found.left_out.items() if count)
    against = f"beyond the margin of {found.margin:g}" if found.margin else "from 0"
    console.print(
        f"{found.measure}, {found.mode}; {found.queries:,} queries{left_out}. Brackets: 95 % paired bootstrap. p: "
        f"two-sided randomisation test of a difference {against}, Holm's correction over the {tested} tests; alpha "
        f"{found.alpha:g}.",
        markup=False,
    )
    if found.worse:
        places = "; ".join(f"{row.system}, {row.segment}" for row in found.worse)
        console.print(f"B is worse in {len(found.worse)}: {places}.", style="red", markup=False)
    else:
        console.print("B is not shown to be worse anywhere.", markup=False)


def _wide() -> OutputConsole:
    """Tables keep their lines whole where output goes into a file."""
    console: Any = OutputConsole(highlight=False)
    return console if console.is_terminal else OutputConsole(highlight=False, width=200)
