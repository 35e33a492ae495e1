"""The page itself: the content in HTML with style sheet and charts inside, so that one file is the whole report."""

import itertools
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eval.bootstrap import SAMPLES
from eval.grades import GradeScale
from eval.segment_tests import SegmentRow
from eval.segments import MIN_QUERIES
from workflow.measure.scaling_results import sentences, systems
from workflow.report import plots, wording
from workflow.report.content import Content
from workflow.report.facts import label_lines, round_lines, teacher_lines
from workflow.report.svg import whisker

_TEMPLATES = "templates"
SHOWN_PAIRS = 20
"""Pairs most worth judging that the page shows; the rest are in the CSV file."""


def render_page(content: Content) -> str:
    """The report as one HTML document that loads nothing from anywhere.

    Everything that comes from data (queries, product titles) is escaped by the template engine.
    """
    environment = Environment(
        loader=PackageLoader("workflow.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "difference": wording.difference,
        "interval": wording.interval,
        "p": wording.p_value,
    }
    style = (Path(__file__).parent / _TEMPLATES / "style.css").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(
        content=content,
        comparison=content.comparison,
        style=Markup(style),
        letters=grade_letters(content.comparison.base.stored.prepared.scale),
        scale=content.comparison.base.stored.prepared.scale,
        min_queries=MIN_QUERIES,
        samples=SAMPLES,
        shown_pairs=SHOWN_PAIRS,
        charts=_charts(content),
        teacher_lines=teacher_lines,
        label_lines=label_lines,
        round_lines=round_lines,
        scaling_sentences=sentences,
        scaled_systems=systems,
        by_dimension=_by_dimension,
        whisker=lambda row, rows: Markup(_whisker(row, rows)),
    )


def grade_letters(scale: GradeScale) -> list[str]:
    """A short mark for each grade, best first: its first letter, or its place where letters would be alike."""
    names = [grade.name for grade in scale.grades]
    first = [name[:1].upper() for name in names]
    return first if len(set(first)) == len(first) else [str(place) for place in range(1, len(names) + 1)]


def _charts(content: Content) -> dict[str, Any]:
    measure = content.comparison.measure
    return {
        "speed": Markup(plots.speed_chart(content.choices, measure)) if content.choices else "",
        "runs": [
            {
                "depth": Markup(plots.depth_chart(part.figures, part.stored.first_stage, measure)),
                "calibration": Markup(plots.calibration_chart(part.figures.calibration)),
                "scores": {
                    name: Markup(plots.scores_chart(name, grades)) for name, grades in part.figures.scores.items()
                },
                "scaling": [Markup(plots.scaling_chart(found)) for found in part.scaling],
            }
            for part in content.runs
        ],
    }


def _by_dimension(rows: list[SegmentRow]) -> list[tuple[str, list[SegmentRow]]]:
    """The rows of each dimension, in order."""
    return [(name, list(of)) for name, of in itertools.groupby(rows, key=lambda row: row.segment.dimension)]


def _whisker(row: SegmentRow, rows: list[SegmentRow]) -> str:
    """A segment's difference on a scale that all tested segments share."""
    bounds = [abs(bound) for one in rows if one.p is not None for bound in (one.difference.low, one.difference.high)]
    limit = max([*bounds, 0.01])
    return whisker(row.difference.low, row.difference.mean, row.difference.high, limit)
