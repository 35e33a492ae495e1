"""Where judges differ most: pairs to look at, each judge's order of a query's products beside the others'.

Judges (a teacher, a student, a first stage, people) score on scales of their own, so what is compared is a product's
place in a judge's order: 0 for the worst of the list, 1 for the best, equal scores sharing their mean place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata


class Opinions(NamedTuple):
    """What judges say of one query's products: `scores` maps a judge to product to score, of those it has seen."""

    query: str
    scores: Mapping[str, Mapping[str, float]]


class Disputed(NamedTuple):
    """A pair, each judge's place for it in [0, 1], and the two judges furthest apart; `gap` is their distance."""

    query: str
    product_id: str
    gap: float
    higher: str
    lower: str
    places: dict[str, float]


def disputed(lists: Iterable[Opinions]) -> list[Disputed]:
    """Every pair that two judges or more have seen, the largest gap first; of equal ones, by query and product."""
    found = []
    for query, scores in lists:
        places = {judge: _places(own) for judge, own in scores.items() if len(own) > 1}
        for product_id in dict.fromkeys(product for own in places.values() for product in own):
            own = {judge: said[product_id] for judge, said in places.items() if product_id in said}
            if len(own) > 1:
                higher, lower = max(own, key=lambda judge: own[judge]), min(own, key=lambda judge: own[judge])
                found.append(Disputed(query, product_id, own[higher] - own[lower], higher, lower, own))
    return sorted(found, key=lambda pair: (-pair.gap, pair.query, pair.product_id))


def diverse(ordered: Sequence[Disputed], pairs: int, per_query: int, key: Callable[[str], str] = str) -> list[Disputed]:
    """The first `pairs`, no pair twice and at most `per_query` of a query; queries of one `key` are one query."""
    taken: dict[str, set[str]] = {}
    found: list[Disputed] = []
    for pair in ordered:
        own = taken.setdefault(key(pair.query), set())
        if len(own) < per_query and pair.product_id not in own and len(found) < pairs:
            own.add(pair.product_id)
            found.append(pair)
    return found


def _places(scores: Mapping[str, float]) -> dict[str, float]:
    ranks = rankdata(list(scores.values()))
    return dict(zip(scores, ((ranks - 1) / (len(ranks) - 1)).tolist(), strict=True)) if np.ptp(ranks) else {}
