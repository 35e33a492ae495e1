"""How alike two systems rank the same queries, whatever is relevant."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau


class Agreement(NamedTuple):
    """Over `queries` queries and their first `cutoff` products.

    `same`: share of queries with the same products in the same order. `overlap`: mean share of the products that both
    have. `kendall_tau`: mean over the `tau_queries` queries whose rankings share two products or more, of the order of
    all products they share; NaN where there is none.
    """

    queries: int
    cutoff: int
    same: float
    overlap: float
    kendall_tau: float
    tau_queries: int


def agreement(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]], cutoff: int) -> Agreement:
    """Compare rankings (product ids, best first) by query; a query that one of them lacks has no products there."""
    queries = sorted(one.keys() | other.keys())
    pairs = [(list(one.get(query, ())), list(other.get(query, ()))) for query in queries]
    overlaps = [_overlap(a[:cutoff], b[:cutoff]) for a, b in pairs]
    taus = [tau for a, b in pairs if (tau := _tau(a, b)) is not None]
    return Agreement(
        queries=len(queries),
        cutoff=cutoff,
        same=float(np.mean([a[:cutoff] == b[:cutoff] for a, b in pairs])) if pairs else 1.0,
        overlap=float(np.mean(overlaps)) if pairs else 1.0,
        kendall_tau=float(np.mean(taus)) if taus else float("nan"),
        tau_queries=len(taus),
    )


def _overlap(a: list[str], b: list[str]) -> float:
    longer = max(len(a), len(b))
    return len(set(a) & set(b)) / longer if longer else 1.0


def _tau(a: list[str], b: list[str]) -> float | None:
    places = {product: place for place, product in enumerate(b)}
    shared = [places[product] for product in a if product in places]
    return float(kendalltau(range(len(shared)), shared).statistic) if len(shared) >= 2 else None
