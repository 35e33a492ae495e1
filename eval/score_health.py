"""Signs of a broken or too coarse scorer: ties, and scores that do not vary within a query."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

CONSTANT = 1e-3
"""A standard deviation within a query below this is no ranking."""


class ScoreHealth(NamedTuple):
    """Shares over `queries` lists of two products or more.

    `ties`: of the products, those whose score another product of the query has too (as float32). `constant`: of the
    queries, those whose scores are all but alike. `spread`: the median standard deviation within a query.
    """

    queries: int
    ties: float
    constant: float
    spread: float

    @property
    def alarm(self) -> bool:
        """Whether most queries are scored alike: the model reads nothing, or a wrong activation flattens it."""
        return self.constant > 0.5


def score_health(lists: Iterable[np.ndarray]) -> ScoreHealth:
    """Look at each query's scores; zeros when no list has two."""
    tied, products, deviations = 0, 0, []
    for scores in lists:
        values = np.asarray(scores, dtype=np.float32)
        if len(values) < 2:
            continue
        _, counts = np.unique(values, return_counts=True)
        tied += int(counts[counts > 1].sum())
        products += len(values)
        deviations.append(float(values.astype(np.float64).std()))
    if not deviations:
        return ScoreHealth(0, 0.0, 0.0, 0.0)
    spread = np.array(deviations)
    return ScoreHealth(len(spread), tied / products, float((spread < CONSTANT).mean()), float(np.median(spread)))
