"""What `distilrank reconcile` and `distilrank compare` print."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from eval.conventions import Reconciled
from workflow.commands.console import OutputConsole

if TYPE_CHECKING:
    from workflow.proof.compare import RunComparison

_SHOWN = 5e-5  # what four decimals show


def print_reconciled(system: str, rows: Sequence[Reconciled]) -> None:
    """A line a tool: its figure, the difference to ours, and the settings that make it."""
    table = Table("tool", "nDCG", "− ours", "queries", "why", box=None, title=system, title_justify="left")
    for column in table.columns[1:4]:
        column.justify = "right"
    for row in rows:
        moving = [step for step in row.steps if abs(step.size) >= _SHOWN]
        why = [f"{step.size:+.4f}  {step.reason}" for step in moving]
        if len(moving) < len(row.steps):
            still = "; ".join(step.reason.split(":")[0] for step in row.steps if step not in moving)
            why.append(f"no effect here: {still}")
        difference = f"{round(row.difference, 4) + 0.0:+.4f}" if row.steps else ""  # + 0.0: never "-0.0000"
        table.add_row(row.convention.tool, f"{row.value:.4f}", difference, f"{row.queries:,}", "\n".join(why))
    _wide().print(table)


def print_comparison(found: "RunComparison") -> None:
    """A line a test, how to read them, and where B is worse."""
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
    console = OutputConsole(highlight=False)
    return console if console.is_terminal else OutputConsole(highlight=False, width=200)
