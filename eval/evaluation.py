"""Several systems against the same judgements: means with intervals, differences to a baseline with corrected tests.

Two questions are kept apart. Judged-only: does a system order well what was judged? Unjudged products are dropped from
each run first, so a system is not punished for finding what nobody judged. Full catalogue: does it find and order well
among all products? Unjudged products count as gain 0, so values are lower bounds.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from eval.bootstrap import LEVEL, SAMPLES, Interval, intervals, paired_differences
from eval.errors import InputError
from eval.measures import judged_only as drop_unjudged
from eval.measures import per_query
from eval.significance import holm, paired_test
from eval.trec import Qrels, Run


@dataclass(frozen=True)
class Row:
    """One system under one measure; the last three are None for the baseline itself, or without one."""

    system: str
    measure: str
    value: Interval
    missing_queries: int
    """Judged queries for which the system has no (judged-only: no judged) product; they count 0."""
    difference: Interval | None = None
    p: float | None = None
    p_holm: float | None = None
    """Corrected for the number of systems compared to the baseline under this measure."""


@dataclass(frozen=True)
class Evaluation:
    """The rows, ordered by measure and then system as they were given, and all it takes to read them."""

    rows: tuple[Row, ...]
    queries: int
    left_out: dict[str, int]
    """Measure to the number of judged queries without a value (nDCG: no positive gain; R, RR: nothing relevant)."""
    gains: tuple[int, ...]
    relevant_gain: int
    judged_only: bool
    baseline: str | None
    seed: int
    values: dict[str, dict[str, dict[str, float]]] = field(repr=False)
    """System to measure to query to value."""

    def row(self, system: str, measure: str) -> Row:
        """The row of one system and measure; KeyError when there is none."""
        for row in self.rows:
            if (row.system, row.measure) == (system, measure):
                return row
        raise KeyError((system, measure))

    def to_json(self) -> dict[str, Any]:
        """Everything but the values per query, as plain dicts, lists, numbers and text."""
        rows = [
            {
                "system": row.system,
                "measure": row.measure,
                "value": row.value._asdict(),
                "missing_queries": row.missing_queries,
                "difference": row.difference._asdict() if row.difference else None,
                "p": row.p,
                "p_holm": row.p_holm,
            }
            for row in self.rows
        ]
        return {
            "rows": rows,
            "queries": self.queries,
            "left_out": self.left_out,
            "gains": list(self.gains),
            "formula": "linear gain, log2 discount",
            "relevant_gain": self.relevant_gain,
            "judged_only": self.judged_only,
            "baseline": self.baseline,
            "interval": {"method": "percentile bootstrap over queries", "level": LEVEL, "samples": SAMPLES},
            "seed": self.seed,
        }


def evaluate(
    qrels: Qrels,
    runs: Mapping[str, Run],
    measures: Sequence[str],
    *,
    relevant_gain: int,
    judged_only: bool,
    baseline: str | None,
    seed: int,
) -> Evaluation:
    """Measure each run (name → run) against the same judgements, and against the run called `baseline`, if any.

    Raises:
        InputError: no judgements, runs or measures; an unknown measure or baseline; a run that shares no query with the
            judgements; a measure that no query defines; a NaN score.
    """
    if not (qrels and runs and measures):
        raise InputError(
            f"{len(qrels)} judged queries, {len(runs)} runs, {len(measures)} measures; give at least one of each"
        )
    if baseline is not None and baseline not in runs:
        raise InputError(f"unknown baseline {baseline!r}; the runs are {', '.join(runs)}")
    values: dict[str, dict[str, dict[str, float]]] = {}
    missing: dict[str, int] = {}
    for system, run in runs.items():
        if not qrels.keys() & run.keys():
            raise InputError(
                f"run {system!r} has none of the {len(qrels)} judged queries; check that both use the same ids"
            )
        counted = drop_unjudged(run, qrels) if judged_only else run
        values[system] = per_query(qrels, counted, measures, relevant_gain=relevant_gain)
        missing[system] = sum(not counted.get(query) for query in qrels)
    rows: list[Row] = []
    left_out: dict[str, int] = {}
    for measure in dict.fromkeys(measures):
        defined = len(next(iter(values.values()))[measure])
        if not defined:
            raise InputError(
                f"{measure} is defined for none of the {len(qrels)} judged queries: none has a product that gains "
                f"{'1' if measure.startswith('nDCG') else relevant_gain} or more; check the gains"
            )
        left_out[measure] = len(qrels) - defined
        of_measure = {system: values[system][measure] for system in runs}
        rows += compare_values(of_measure, measure, baseline=baseline, seed=seed, missing=missing)
    return Evaluation(
        rows=tuple(rows),
        queries=len(qrels),
        left_out=left_out,
        gains=tuple(sorted({gain for products in qrels.values() for gain in products.values()}, reverse=True)),
        relevant_gain=relevant_gain,
        judged_only=judged_only,
        baseline=baseline,
        seed=seed,
        values=values,
    )


def render(evaluation: Evaluation, convention: str = "") -> str:
    """The evaluation as a plain text table whose caption says how to read every number in it.

    `convention` names the gains, as `GradeScale.convention` does; without it, those found in the judgements do.
    """
    title = "Judged-only reranking" if evaluation.judged_only else "Full-catalogue retrieval"
    table = Table(title=title, caption=_caption(evaluation, convention), caption_justify="left", box=box.SIMPLE_HEAD)
    compared = evaluation.baseline is not None and len(evaluation.values) > 1
    incomplete = any(row.missing_queries for row in evaluation.rows)
    heads = ["measure", "system", "mean", "95 % interval", "queries"]
    heads += [f"− {evaluation.baseline}", "95 % interval", "p (Holm)"] if compared else []
    for head in heads + (["missing"] if incomplete else []):
        table.add_column(head, justify="left" if head in ("measure", "system") else "right", no_wrap=True)
    for place, row in enumerate(evaluation.rows):
        new = place == 0 or evaluation.rows[place - 1].measure != row.measure
        if new and place:
            table.add_section()
        low, high = row.value.low, row.value.high
        cells = [
            row.measure if new else "",
            row.system,
            f"{row.value.mean:.4f}",
            f"[{low:.4f}, {high:.4f}]",
            str(row.value.n),
        ]
        if compared and row.difference is not None and row.p_holm is not None:
            mean, low, high, _ = row.difference
            cells += [f"{mean:+.4f}", f"[{low:+.4f}, {high:+.4f}]", f"{row.p_holm:.4f}"]
        elif compared:
            cells += ["", "", ""]
        table.add_row(*cells, *([str(row.missing_queries)] if incomplete else []))
    text = io.StringIO()
    # Names and intervals hold brackets, which are no markup here.
    Console(file=text, width=160, color_system=None, markup=False, emoji=False, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n") + "\n"


def compare_values(
    systems: Mapping[str, Mapping[str, float]],
    measure: str,
    *,
    baseline: str | None,
    seed: int,
    missing: Mapping[str, int] | None = None,
) -> list[Row]:
    """A row for each system (name → query → value of `measure`), compared with the one called `baseline`, if any.

    Raises:
        InputError: when a system has other queries than the baseline, or none.
    """
    others = [system for system in systems if baseline is not None and system != baseline]
    p_values = {system: paired_test(systems[system], systems[str(baseline)], seed) for system in others}
    adjusted = dict(zip(others, holm(list(p_values.values())), strict=True))
    values = dict(zip(systems, intervals(list(systems.values()), seed=seed), strict=True))
    apart = [paired_differences(systems[system], systems[str(baseline)]) for system in others]
    differences = dict(zip(others, intervals(apart, seed=seed) if apart else [], strict=True))
    return [
        Row(
            system,
            measure,
            values[system],
            (missing or {}).get(system, 0),
            differences.get(system),
            p_values.get(system),
            adjusted.get(system),
        )
        for system in systems
    ]


def _caption(evaluation: Evaluation, convention: str) -> str:
    gains = convention or "gains " + ", ".join(str(gain) for gain in evaluation.gains)
    unjudged = "dropped from every run" if evaluation.judged_only else "kept, with gain 0"
    left_out = ", ".join(f"{measure} {count}" for measure, count in evaluation.left_out.items() if count)
    lines = [
        f"nDCG: {gains}; linear gain, log2 discount; @k: cutoff at rank k. "
        f"R, RR: relevant from gain {evaluation.relevant_gain}.",
        f"{'Judged-only' if evaluation.judged_only else 'Full catalogue'}: unjudged products are {unjudged}. "
        f"{evaluation.queries} queries" + (f" (left out, nothing to find: {left_out})." if left_out else "."),
        f"Intervals: percentile bootstrap over queries, {SAMPLES:,} samples, seed {evaluation.seed}.",
    ]
    if evaluation.baseline is not None and len(evaluation.values) > 1:
        lines.append(
            f"Differences to {evaluation.baseline}: paired over queries; p: two-sided randomisation test, "
            f"Holm's correction over the {len(evaluation.values) - 1} compared under each measure."
        )
    return "\n".join(lines)
