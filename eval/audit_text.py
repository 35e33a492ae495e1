"""An audit as plain text, with all it takes to read its figures."""

import io

from rich import box
from rich.console import Console
from rich.table import Table

from eval.audit import Agreement, Audit


def render_audit(audit: Audit, title: str) -> str:
    """Agreement, calibration, confusion and segments."""
    text = io.StringIO()
    # Names and intervals hold brackets, which are no markup here.
    console = Console(file=text, width=140, color_system=None, markup=False, emoji=False, highlight=False)
    low, high = audit.ndcg.low, audit.ndcg.high
    console.print(
        f"{title}: {audit.overall.pairs:,} judged pairs of {audit.overall.queries:,} queries\n\n"
        f"{audit.measure}, judged-only  {audit.ndcg.mean:.3f} [{low:.3f}, {high:.3f}] over {audit.ndcg.n} queries; "
        f"{audit.ndcg_ties:.3f} with equal labels averaged over their orders"
    )
    console.print(_agreements(audit))
    console.print("\nHuman grade (rows) and label (columns)")
    console.print(_confusion(audit))
    console.print("Reliability: soft targets expected and observed")
    console.print(_reliability(audit))
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def _agreements(audit: Audit) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        caption="Intervals: 95 %, bootstrap over queries. kappa: Cohen's, quadratic weights. ECE, Brier: of the "
        "expected soft target against the human grade's.",
        caption_justify="left",
    )
    for head in ("", "queries", "pairs", "same grade", "kappa", "ECE", "Brier"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for row in (audit.overall, *audit.segments):
        table.add_row(*_cells(row))
    return table


def _cells(row: Agreement) -> list[str]:
    share = row.same_grade
    return [
        row.name,
        f"{row.queries:,}",
        f"{row.pairs:,}",
        f"{share.mean:.1%} [{share.low:.1%}, {share.high:.1%}]",
        "" if row.kappa is None else f"{row.kappa:.3f}",
        f"{row.ece:.3f}",
        f"{row.brier:.3f}",
    ]


def _confusion(audit: Audit) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for grade in (*audit.grades, "same"):
        table.add_column(grade, justify="right", no_wrap=True)
    for place, (grade, row) in enumerate(zip(audit.grades, audit.confusion, strict=True)):
        share = f"{row[place] / sum(row):.0%}" if sum(row) else ""
        table.add_row(grade, *(f"{count:,}" for count in row), share)
    return table


def _reliability(audit: Audit) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("pairs", "mean expected", "mean observed"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in audit.bins:
        seen = one.actual
        table.add_row(f"{seen.n:,}", f"{one.predicted:.3f}", f"{seen.mean:.3f} [{seen.low:.3f}, {seen.high:.3f}]")
    return table
