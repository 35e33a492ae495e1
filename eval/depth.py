"""Quality by depth: how a ranking changes when only the first few candidates are reranked.

Reranking deeper is not always better: a reranker meets more candidates that fool it, and what the first stage knew is
lost ("Drowning in Documents", Jacob et al., arXiv 2411.11767).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eval.dcg import dcg, ideal_dcg

Final = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""The final scores [n] of a query's candidates from their first-stage [n] and reranker scores [n]."""


class ScoredList(NamedTuple):
    """A query's candidates in first-stage order: their gains, and both stages' scores of the first of them, the window.

    `ideal` is the query's ideal DCG, which is above 0.
    """

    gains: np.ndarray
    first: np.ndarray
    second: np.ndarray
    ideal: float


def scored_list(
    product_ids: Sequence[str], first: np.ndarray, second: np.ndarray, judged: Mapping[str, int], cutoff: int
) -> ScoredList | None:
    """A query's list from its candidates' ids; None where no judged product gains anything, so nDCG is not defined."""
    ideal = ideal_dcg(judged.values(), cutoff)
    if not ideal:
        return None
    gains = np.array([judged.get(product, 0) for product in product_ids], dtype=np.float64)
    return ScoredList(gains, first, second, ideal)


def depths_up_to(window: int) -> list[int]:
    """1, 2, 3, 5, 7, 10, 15 and so on up to the window, which is the last."""
    steps = [base * 10**power for power in range(7) for base in (1, 1.5, 2, 3, 5, 7)]
    return [*(int(step) for step in steps if step == int(step) and step < window), window]


def ndcg_at_depth(of: ScoredList, depth: int, final: Final, cutoff: int) -> float:
    """nDCG@cutoff once the first `depth` candidates (of the window) are ordered by `final`, ties as they were."""
    depth = min(depth, len(of.second))
    scores = np.asarray(final(of.first[:depth], of.second[:depth]), dtype=np.float32)
    order = np.argsort(-scores, kind="stable")[:cutoff]
    ranked = np.concatenate([of.gains[order], of.gains[depth : depth + cutoff - len(order)]])
    return dcg(ranked, cutoff) / of.ideal
