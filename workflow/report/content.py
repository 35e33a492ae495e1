"""Everything that a report says, computed once: for the page, for metrics.json and for the model card."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.audit import Audit
from eval.evaluation import Row
from eval.segment_tests import SegmentRow
from eval.segments import MIN_QUERIES
from workflow.measure.bench import MODES, Mode
from workflow.measure.scaling_results import read_scaling
from workflow.measure.system_names import BLENDED
from workflow.report.compared import Comparison, System, one_run, several_runs
from workflow.report.facts import Facts, stage_facts, teacher_audit
from workflow.report.figures import RunFigures, run_figures
from workflow.report.movers import Mover, movers
from workflow.report.queue import WorthJudging, worth_judging_pairs
from workflow.report.speed import Choice, choices, marked
from workflow.report.stored import StoredRun
from workflow.report.verdict import Verdict, verdict

MANY_TIES = 0.05
UNLIKE_JUDGED = 0.05


@dataclass(frozen=True)
class FocusPart:
    """One system under judgement."""

    system: System
    verdict: Verdict
    segments: dict[Mode, list[SegmentRow]]
    wins: list[Mover]
    regressions: list[Mover]
    queue: list[WorthJudging]


@dataclass(frozen=True)
class RunPart:
    """One run: its figures, what its stages recorded, the audit of its teacher, if there was one, and what more labels
    or judgements are worth, where that was measured."""

    stored: StoredRun
    figures: RunFigures
    facts: Facts
    audit: Audit | None
    scaling: list[dict[str, Any]]


@dataclass(frozen=True)
class Content:
    """A whole report; `rows` holds means and tests by measure's title, then by system's."""

    comparison: Comparison
    rows: dict[str, dict[str, Row]]
    focuses: list[FocusPart]
    runs: list[RunPart]
    choices: list[Choice]

    @property
    def recall(self) -> str:
        return f"R@{self.comparison.base.stored.config.measure.recall}"

    @property
    def judged(self) -> str:
        return f"Judged@{self.comparison.base.stored.config.measure.cutoff}"

    def to_json(self) -> dict[str, Any]:
        """The figures of the page for programs: `metrics.json`, under "report"."""
        return {
            "queries": len(self.comparison.query_ids),
            "set": self.comparison.base.stored.set_name,
            "base": self.comparison.base.title,
            "verdicts": {
                part.system.title: {"finding": part.verdict.finding, "lines": list(part.verdict.lines)}
                for part in self.focuses
            },
            "rows": {measure: [_row_json(row) for row in of.values()] for measure, of in self.rows.items()},
            "segments": {
                part.system.title: {mode: [_segment_json(row) for row in rows] for mode, rows in part.segments.items()}
                for part in self.focuses
            },
            "min_queries": MIN_QUERIES,
            "speed": [choice.to_json() for choice in self.choices],
            "runs": {part.stored.name: part.figures.to_json() for part in self.runs},
        }


def build(runs: Sequence[StoredRun]) -> Content:
    """Compute the report of one run, or of several over the same queries.

    Raises:
        InputError: when the runs cannot be compared.
    """
    comparison = one_run(runs[0]) if len(runs) == 1 else several_runs(runs)
    options = runs[0].config.measure
    measure = comparison.measure
    rows: dict[Mode, dict[str, Row]] = {mode: comparison.rows(mode, measure, tested=True) for mode in MODES}
    full: Mode = "full catalogue"
    others = {
        name: comparison.rows(full, name, tested=False)
        for name in (f"R@{options.recall}", "RR", f"Judged@{options.cutoff}")
    }
    parts = [
        RunPart(stored, run_figures(stored), stage_facts(stored), teacher_audit(stored), read_scaling(stored.run))
        for stored in runs
    ]
    by_name = {part.stored.name: part for part in parts}
    focuses = []
    for system in comparison.focus:
        segments = {mode: comparison.by_segment(system, mode) for mode in MODES}
        warnings = _warnings(comparison, system, by_name[system.stored.name], others[f"Judged@{options.cutoff}"])
        wins, regressions = movers(comparison, system, options.cutoff)
        focuses.append(
            FocusPart(
                system,
                verdict(comparison, system, rows, segments, warnings),
                segments,
                wins,
                regressions,
                worth_judging_pairs(comparison, system, options.cutoff),
            )
        )
    several = len(parts) > 1
    settings = [
        (setting._replace(name=f"{part.stored.name}: {setting.name}") if several else setting, snippet)
        for part in parts
        for setting, snippet in choices(part.stored, part.figures)
    ]
    return Content(
        comparison,
        {**{f"{measure}, {mode}": rows[mode] for mode in MODES}, **others},
        focuses,
        parts,
        marked(settings),
    )


def _warnings(comparison: Comparison, system: System, part: RunPart, judged: dict[str, Row]) -> list[str]:
    """What to be wary of, in words."""
    metrics, found = system.stored.metrics, []
    if system.name == BLENDED and not metrics["blend_weights"]["full catalogue"]:
        found.append("The blend gives the student no weight, so what is served is the first stage alone.")
    if not metrics["gate"]["passed"]:
        found.append(f"The gate refused the student: {metrics['gate']['reason']}.")
    for model, health in part.figures.health.items():
        if health.alarm:
            found.append(
                f"Alarm: the {model} scores the candidates of {health.constant:.0%} of the queries alike; check its "
                "activation and training."
            )
        elif health.ties > MANY_TIES:
            found.append(f"{health.ties:.1%} of the {model}'s scores are ties, which their first-stage order breaks.")
    ours, theirs = (judged[one.title].value.mean for one in (system, comparison.base))
    if abs(ours - theirs) > UNLIKE_JUDGED:
        found.append(
            f"Its first products are judged more rarely than those of {comparison.base.title} ({ours:.0%} against "
            f"{theirs:.0%}), and unjudged ones gain nothing: it may be better than shown here."
            if ours < theirs
            else f"Its first products are judged more often than those of {comparison.base.title} ({ours:.0%} against "
            f"{theirs:.0%}): over the whole catalogue it is favoured."
        )
    for chain, facts in part.facts.get("label", {}).items():
        if isinstance(facts, dict):
            found += [f"Labels, {chain}: {line}." for line in facts["sanity"]["warnings"]]
    return found


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "system": row.system,
        "value": row.value._asdict(),
        "difference": row.difference._asdict() if row.difference else None,
        "p": row.p,
        "p_holm": row.p_holm,
    }


def _segment_json(row: SegmentRow) -> dict[str, Any]:
    return {
        "dimension": row.segment.dimension,
        "segment": row.segment.name,
        "queries": row.difference.n,
        "value": row.a,
        "base": row.b,
        "difference": row.difference._asdict(),
        "p": row.p,
        "p_holm": row.p_holm,
        "verdict": row.verdict,
    }
