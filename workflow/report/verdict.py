"""The verdict in plain words: better or not, by how much, for whom worse, at what cost, and what to be wary of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.evaluation import Row
from eval.segment_tests import SIGNIFICANT, SegmentRow
from workflow.measure.bench import Mode
from workflow.report.compared import Comparison, System
from workflow.report.wording import difference, interval, number, p_value

Finding = Literal["better", "mixed", "worse", "undecided"]
"""Mixed: not worse on the whole, and worse in a segment."""

NAMED = 4
"""Segments that the verdict names, the gravest first; the page's table has all."""


@dataclass(frozen=True)
class Verdict:
    """`finding` of the system called `title`, over the whole catalogue; `lines` say it in words, the first in short."""

    title: str
    finding: Finding
    lines: tuple[str, ...]


def verdict(
    comparison: Comparison,
    focus: System,
    rows: Mapping[Mode, Mapping[str, Row]],
    segments: Mapping[Mode, Sequence[SegmentRow]],
    warnings: Sequence[str],
) -> Verdict:
    """Say what the figures allow to say of `focus` against the base, and no more."""
    full, judged = rows["full catalogue"][focus.title], rows["judged-only"][focus.title]
    base = comparison.base.title
    lines = [
        f"{_capital(focus.title)} {_said(full, base)} over the whole catalogue: {_figures(full, comparison.measure)}.",
        f"Among judged products alone it {_said(judged, base)}: {_figures(judged, comparison.measure)}.",
        _segments(segments),
    ]
    cost = _cost(comparison, focus)
    finding: Finding = _finding(full)
    if finding != "worse" and any(row.verdict == "worse" for some in segments.values() for row in some):
        finding = "mixed"
    return Verdict(focus.title, finding, (*lines, *([cost] if cost else []), *warnings))


def _finding(row: Row) -> Finding:
    if row.difference is None or row.p_holm is None or row.p_holm > SIGNIFICANT:
        return "undecided"
    return "better" if row.difference.mean > 0 else "worse"


def _said(row: Row, base: str) -> str:
    return {
        "better": f"is better than {base}",
        "worse": f"is worse than {base}",
        "undecided": f"is not shown to differ from {base}",
    }[_finding(row)]


def _figures(row: Row, measure: str) -> str:
    assert row.difference is not None
    assert row.p_holm is not None
    return (
        f"{measure} {difference(row.difference.mean)} {interval(row.difference, signed=True)}, {p_value(row.p_holm)}, "
        f"on {row.difference.n:,} queries"
    )


def _segments(segments: Mapping[Mode, Sequence[SegmentRow]]) -> str:
    tested = sum(row.p_holm is not None for row in segments["full catalogue"])
    if not any(row.p_holm is not None for rows in segments.values() for row in rows):
        return "No segment is large enough to be tested."
    worse: dict[str, list[tuple[float, str]]] = {}
    for mode, rows in segments.items():
        for row in rows:
            if row.verdict == "worse":
                where = "whole catalogue" if mode == "full catalogue" else mode
                figures = f"{difference(row.difference.mean)} {interval(row.difference, signed=True)}"
                said = f"{where} {figures}, {p_value(row.p_holm)}, {row.difference.n:,} queries"
                worse.setdefault(row.segment.title, []).append((row.difference.mean, said))
    if worse:
        gravest = sorted(worse, key=lambda title: min(worse[title]))
        named = [f"{title} ({'; '.join(said for _, said in worse[title])})" for title in gravest[:NAMED]]
        more = f", and {len(worse) - NAMED} more" if len(worse) > NAMED else ""
        return f"It is worse in {len(worse)} segment{'s' * (len(worse) > 1)}: {', '.join(named)}{more}."
    better = sum(row.verdict == "better" for row in segments["full catalogue"])
    return (
        f"It is shown to be worse in no segment, and better in {better} of the {tested} that are large enough to test "
        "(whole catalogue, corrected over all of them)."
    )


def _cost(comparison: Comparison, focus: System) -> str:
    ours, theirs = focus.milliseconds, comparison.base.milliseconds
    if ours is None or theirs is None:
        return ""
    return f"A search takes {number(ours, 1)} ms (median), with {comparison.base.title} {number(theirs, 1)} ms."


def _capital(text: str) -> str:
    return text if ":" in text else f"The {text}"
