"""Two systems, segment by segment: the difference, its interval, and whether it holds once all segments were tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.bootstrap import Interval, paired_interval
from eval.segments import MIN_QUERIES, Segment
from eval.significance import holm, paired_test

SIGNIFICANT = 0.05

Verdict = Literal["better", "worse", "not shown", "not tested"]


@dataclass(frozen=True)
class SegmentRow:
    """One segment: means of both systems, `difference` = a − b and its interval, over the segment's queries.

    `p` and `p_holm` (corrected over all segments tested) are None where the segment is too small to test, or was
    chosen by the result of one of the two systems.
    """

    segment: Segment
    a: float
    b: float
    difference: Interval
    p: float | None
    p_holm: float | None

    @property
    def verdict(self) -> Verdict:
        """What may be said of a, after correction over all segments."""
        if self.p_holm is None:
            return "not tested"
        if self.p_holm > SIGNIFICANT:
            return "not shown"
        return "better" if self.difference.mean > 0 else "worse"


def compare_segments(
    a: Mapping[str, float],
    b: Mapping[str, float],
    segments: Sequence[Segment],
    *,
    names: tuple[str, str],
    seed: int,
    min_queries: int = MIN_QUERIES,
) -> list[SegmentRow]:
    """Compare two systems called `names` by their values of one measure, query by query, in each segment.

    Queries of a segment that have no value (nothing to find) are left out; a segment without any has no row.

    Raises:
        InputError: when `a` and `b` do not have the same queries.
    """
    rows: list[SegmentRow] = []
    for segment in segments:
        ours, theirs = ({i: values[i] for i in segment.query_ids if i in values} for values in (a, b))
        if not ours and not theirs:
            continue
        difference = paired_interval(ours, theirs, seed=seed)
        tested = difference.n >= min_queries and segment.chosen_by not in names
        p = paired_test(ours, theirs, seed) if tested else None
        mine, other = (float(np.mean(list(values.values()))) for values in (ours, theirs))
        rows.append(SegmentRow(segment, mine, other, difference, p, None))
    corrected = iter(holm([row.p for row in rows if row.p is not None]))
    return [
        row if row.p is None else SegmentRow(row.segment, row.a, row.b, row.difference, row.p, next(corrected))
        for row in rows
    ]
