"""Which pairs of a request share a forward pass: a pure function of their lengths, chosen by measurement at export.

A pair is padded to a width that its own length decides, and batches hold one width only: so what a pair is computed
with never depends on its neighbours. Nor, on a CPU, on the plan: no pair is padded at all, since sums over a wider row
end in other last bits, and how many pairs a batch holds changes none.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Batch(NamedTuple):
    """Pairs (int64 places in the request) that are padded to `width` tokens."""

    rows: np.ndarray
    width: int


@dataclass(frozen=True)
class BatchPlan:
    """Pairs are padded to a multiple of `pad_to` tokens; a batch holds at most `token_budget` of them, or one pair."""

    pad_to: int = 1
    token_budget: int = 256

    def batches(self, lengths: np.ndarray, max_length: int) -> list[Batch]:
        """All pairs, each in one batch, the batches with most tokens first (the best order to share them out in).

        No pair is padded beyond `max_length`, for which the model may have no position.
        """
        widths = np.minimum(-(-np.asarray(lengths, dtype=np.int64) // self.pad_to) * self.pad_to, max_length)
        order = np.argsort(-widths, kind="stable")
        found: list[Batch] = []
        for width in np.unique(widths)[::-1].tolist():
            rows = order[widths[order] == width]
            pieces = -(-len(rows) // max(self.token_budget // width, 1))
            found += [Batch(part, width) for part in np.array_split(rows, pieces)]
        return sorted(found, key=lambda batch: -len(batch.rows) * batch.width)


PLANS = tuple(BatchPlan(1, budget) for budget in (128, 256, 512, 1024))
"""What is measured. All give the same bits, or an export made anew would rank by other scores than the one before."""


def fastest_plan(
    run: Callable[[BatchPlan], object], plans: Sequence[BatchPlan] = PLANS, *, rounds: int = 5
) -> tuple[BatchPlan, dict[BatchPlan, float]]:
    """The fastest plan, and each plan's milliseconds: the least of all rounds, which what else runs disturbs least.

    Args:
        run: ranks one typical request by a plan.
        rounds: how often each plan is timed, in turn with the others, after one round that is not counted.
    """
    times: dict[BatchPlan, list[float]] = {plan: [] for plan in plans}
    for _ in range(rounds + 1):
        for plan, seconds in times.items():
            started = time.perf_counter()
            run(plan)
            seconds.append(time.perf_counter() - started)
    least = {plan: 1000 * min(seconds[1:]) for plan, seconds in times.items()}
    return min(least, key=lambda plan: least[plan]), least
