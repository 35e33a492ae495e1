"""Which unjudged products would change a comparison most: those that one system ranks high, the other does not, and
that may well be relevant."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eval.dcg import dcg, ideal_dcg
from eval.trec import Qrels


class Unjudged(NamedTuple):
    """A pair without a judgement.

    `place_a`, `place_b`: its ranks from 1, None beyond the cutoff. `relevance`: the expected soft target, in [0, 1].
    `effect`: what the mean nDCG difference a − b would move by if it were given the best grade, times `relevance`.
    """

    query_id: str
    product_id: str
    place_a: int | None
    place_b: int | None
    relevance: float
    effect: float


def worth_judging(
    a: Mapping[str, Sequence[str]],
    b: Mapping[str, Sequence[str]],
    qrels: Qrels,
    relevance: Mapping[str, Mapping[str, float]],
    *,
    best_gain: int,
    cutoff: int,
    limit: int,
) -> list[Unjudged]:
    """The `limit` unjudged pairs with the largest effect on nDCG@cutoff, a − b.

    Args:
        a, b: rankings by query, best first; `qrels` has all their queries.
        relevance: expected soft targets by query and product; a pair that is not there is taken for irrelevant.
        best_gain: gain of the best grade.
    """
    discounts = 1 / np.log2(np.arange(2, cutoff + 2))
    found: list[Unjudged] = []
    for query_id, judged in qrels.items():
        lists = [list(run[query_id][:cutoff]) for run in (a, b)]
        most, more = (ideal_dcg(gains, cutoff) for gains in (judged.values(), [*judged.values(), best_gain]))
        if not most:
            continue
        apart = _dcg(lists[0], judged, cutoff) - _dcg(lists[1], judged, cutoff)
        for product in dict.fromkeys([*lists[0], *lists[1]]):
            likely = relevance.get(query_id, {}).get(product, 0.0)
            if product in judged or not likely:
                continue
            places = [one.index(product) if product in one else None for one in lists]
            ours, theirs = (0.0 if place is None else float(discounts[place]) for place in places)
            moved = (apart + best_gain * (ours - theirs)) / more - apart / most
            place_a, place_b = (None if place is None else place + 1 for place in places)
            found.append(Unjudged(query_id, product, place_a, place_b, likely, likely * moved / len(qrels)))
    found.sort(key=lambda one: (-abs(one.effect), one.query_id, one.product_id))
    return found[:limit]


def _dcg(products: Sequence[str], judged: Mapping[str, int], cutoff: int) -> float:
    return dcg(np.array([judged.get(product, 0) for product in products], dtype=np.float64), cutoff)
