"""What the teacher is asked about at a budget: which queries, and which of their candidates.

Everything is a pure function of its arguments and a seeded generator.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

RANDOM = "random"
NEIGHBOUR = "neighbour"


class Stratum(NamedTuple):
    """Take `take` candidates whose first-stage rank lies in `first`..`last` (1 is the best)."""

    first: int
    last: int
    take: int

    @property
    def name(self) -> str:
        return f"{self.first}-{self.last}"


class Candidate(NamedTuple):
    """A product that some source found for a query; `rank` is its first-stage rank from 1, None if not found there.

    `ranks` are its ranks in the sources to compare, None where one did not find it (see `strategies.disagreement`).
    """

    product_id: str
    sources: tuple[str, ...]
    rank: int | None
    ranks: tuple[int | None, ...] = ()


class Chosen(NamedTuple):
    """A selected candidate and what it was taken for: a stratum's name, a strategy's, "neighbour" or "random"."""

    candidate: Candidate
    stratum: str


def sample(
    indices: np.ndarray, size: int, generator: np.random.Generator, weights: np.ndarray | None = None
) -> np.ndarray:
    """`size` of the `indices`, without replacement, with probabilities proportional to `weights` (uniform without).

    Weighted: the smallest of exponential variates with rates `weights` (Efraimidis and Spirakis 2006).
    """
    arrivals = generator.exponential(size=len(indices))
    if weights is not None:
        arrivals = arrivals / weights
    return indices[np.argsort(arrivals, kind="stable")[:size]]


def select_queries(
    coverage: np.ndarray,
    frequency: np.ndarray,
    budget: int,
    *,
    well_covered: float,
    uncovered_share: float,
    by_frequency: bool,
    seed: int,
) -> np.ndarray:
    """Places (ascending, int64) of at most `budget` queries, mostly well covered ones.

    `coverage` in [0, 1] and `frequency` ≥ 1, both of shape [n]. A share `uncovered_share` of the budget is drawn
    uniformly from queries below `well_covered`, so that the student sees what irrelevance looks like; the rest from
    those at or above it, in proportion to the square root of the frequency with `by_frequency` (heads count, tails are
    still seen), else uniformly. Where too few are well covered, the next best covered ones fill up; where too few are
    not, well covered ones do.
    """
    generator = np.random.default_rng([seed, 1])
    covered = np.flatnonzero(coverage >= well_covered)
    poor = np.flatnonzero(coverage < well_covered)
    poor_budget = min(round(budget * uncovered_share), len(poor))
    budget -= poor_budget
    fill = poor[np.argsort(-coverage[poor], kind="stable")[: max(0, budget - len(covered))]]
    left = np.setdiff1d(poor, fill, assume_unique=True)
    weights = np.sqrt(frequency[covered].astype(np.float64)) if by_frequency else None
    taken = sample(covered, budget, generator, weights)
    return np.sort(np.concatenate([taken, fill, sample(left, poor_budget, generator)]))


def select_products(
    ranked: Sequence[Candidate],
    neighbours: Sequence[Candidate],
    catalogue_ids: Sequence[str],
    strata: Sequence[Stratum],
    *,
    take_neighbours: int,
    take_random: int,
    generator: np.random.Generator,
    picked: Sequence[Chosen] | None = None,
) -> list[Chosen]:
    """Distinct products for one query, stratified by first-stage rank, or those `picked` in place of the strata.

    `ranked` are the candidates that retrievers found; those without a first-stage rank belong to the deepest stratum.
    Within a stratum the choice is uniform. What a stratum cannot fill is taken from the next deeper one, and in the end
    at random from the catalogue; fewer come back only when the catalogue is smaller than what was asked. The budget is
    the same however the candidates are chosen.
    """
    chosen = {one.candidate.product_id: one for one in picked or ()}

    def take(candidates: Sequence[Candidate], size: int, stratum: str) -> int:
        fresh = [candidate for candidate in candidates if candidate.product_id not in chosen]
        picked = sample(np.arange(len(fresh)), size, generator)
        chosen.update((fresh[place].product_id, Chosen(fresh[place], stratum)) for place in np.sort(picked))
        return size - len(picked)

    missing = 0 if picked is None else sum(stratum.take for stratum in strata) - len(chosen)
    for stratum in strata if picked is None else ():
        deepest = stratum is strata[-1]
        inside = [c for c in ranked if (deepest if c.rank is None else stratum.first <= c.rank <= stratum.last)]
        missing = take(inside, stratum.take + missing, stratum.name)
    missing += take(neighbours, take_neighbours, NEIGHBOUR)
    wanted = min(len(chosen) + missing + take_random, len(catalogue_ids))
    found = {candidate.product_id: candidate for candidate in ranked}
    while len(chosen) < wanted:
        product_id = catalogue_ids[int(generator.integers(len(catalogue_ids)))]
        if product_id not in chosen:
            known = found.get(product_id)
            sources = tuple(sorted({*(known.sources if known else ()), RANDOM}))
            chosen[product_id] = Chosen(Candidate(product_id, sources, known.rank if known else None), RANDOM)
    return list(chosen.values())
