"""The gate: a model that is clearly worse than its baseline on dev goes no further.

It stops bulk labelling by a bad teacher and the export of a bad student; whoever calls it decides whether the user has
overridden it by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from eval.bootstrap import Interval, paired_interval


@dataclass(frozen=True)
class GateDecision:
    """Whether the candidate passed, the paired interval of its difference to the baseline, and both in plain words."""

    passed: bool
    interval: Interval
    reason: str


def gate(
    candidate: Mapping[str, float], baseline: Mapping[str, float], seed: int, *, baseline_name: str = "the first stage"
) -> GateDecision:
    """Refuse the candidate when the paired 95 % interval of candidate − baseline lies wholly below 0.

    An interval that holds 0 passes: dev sets are small, and "not shown to be worse" must not stop a first run.

    Args:
        candidate: a measure's value by query id, on dev queries.
        baseline: the same for the baseline, over the same queries; `baseline_name` says in the reason what it is.
        seed: of the bootstrap.

    Raises:
        InputError: when the two do not have the same queries, or none.
    """
    difference = paired_interval(candidate, baseline, seed=seed)
    shown = f"{difference.mean:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] over {difference.n} dev queries"
    if difference.high < 0:
        return GateDecision(False, difference, f"clearly worse than {baseline_name}: {shown}")
    if difference.low > 0:
        return GateDecision(True, difference, f"clearly better than {baseline_name}: {shown}")
    return GateDecision(True, difference, f"not clearly different from {baseline_name}: {shown}")
