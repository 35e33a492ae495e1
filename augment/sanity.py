"""A look at a journal before a student learns from it: do the scores vary, and do they fall with first-stage rank?

Constant scores are how a broken teacher looks; a teacher that varies between queries but not within them teaches no
ranking.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc

from augment.journal import Journal
from augment.pairs import Pairs
from eval.errors import InputError
from rerank.types import SCORE_LIMIT

EDGES = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, 17)
"""Edges of the histogram's bins, in logits; scores beyond them fall into the outermost bins."""

ALL = "all"
_CONSTANT = 1e-3


@dataclass
class StratumScores:
    """Scores of one stratum: `n`, mean and standard deviation (logits), and counts in the bins of `EDGES`."""

    n: int = 0
    mean: float = 0.0
    std: float = 0.0
    histogram: list[int] = field(default_factory=lambda: [0] * (len(EDGES) - 1))
    _squares: float = field(default=0.0, repr=False)

    def add(self, scores: np.ndarray) -> None:
        """Take in more scores, [n] (Chan et al. 1979: parallel updating of mean and sum of squares)."""
        if not len(scores):
            return
        values = scores.astype(np.float64)
        mean, total = float(values.mean()), self.n + len(values)
        shift = mean - self.mean
        self._squares += float(((values - mean) ** 2).sum()) + shift**2 * self.n * len(values) / total
        self.mean += shift * len(values) / total
        self.n = total
        self.std = math.sqrt(self._squares / total)
        clipped = np.clip(values, EDGES[0], EDGES[-1])
        self.histogram = [
            old + int(new) for old, new in zip(self.histogram, np.histogram(clipped, EDGES)[0], strict=True)
        ]


@dataclass
class Sanity:
    """`strata`: scores by stratum, "all" first. `within`: root mean square standard deviation within a query."""

    strata: dict[str, StratumScores]
    within: float

    @property
    def warnings(self) -> list[str]:
        """What is wrong with the labels, in words; empty when nothing is."""
        scores = self.strata[ALL]
        if scores.n < 2:
            return [f"only {scores.n} labels are ok: nothing to learn from"]
        if scores.std < _CONSTANT:
            return [f"the teacher's scores are constant ({scores.mean:.3f}): check its head, activation and training"]
        if self.within < _CONSTANT:
            return ["the teacher scores all products of a query alike: check that it reads the product text"]
        return []

    def to_json(self) -> dict[str, Any]:
        """Numbers for a report: edges of the bins, and n, mean, std and histogram of each stratum."""
        strata = {
            name: {"n": s.n, "mean": round(s.mean, 4), "std": round(s.std, 4), "histogram": s.histogram}
            for name, s in self.strata.items()
        }
        return {"edges": EDGES.tolist(), "strata": strata, "within": round(self.within, 4), "warnings": self.warnings}


def label_sanity(journal: Journal, pairs: Pairs) -> Sanity:
    """Summarise the labels that are ok, in one pass; a slice of the pairs is in memory.

    Raises:
        InputError: when the journal is of other pairs.
    """
    if journal.manifest["pairs_fingerprint"] != pairs.fingerprint:
        raise InputError(f"the label journal {journal.path} is not of the pairs in {pairs.path}")
    strata = {ALL: StratumScores(), **{name: StratumScores() for name in pairs.manifest["strata"]}}
    query_id, query = "", StratumScores()
    squares = labels = 0.0
    for number in range(journal.shards):
        if not journal.has(number):
            continue
        table = journal.read(number)
        table = table.append_column("stratum", pairs.table(*journal.bounds(number))["stratum"].combine_chunks())
        table = table.filter(pc.equal(table["status"], "ok"))
        scores = table["score"].to_numpy()
        names = np.array(table["stratum"].to_pylist(), dtype=object)
        ids = np.array(table["query_id"].to_pylist(), dtype=object)
        strata[ALL].add(scores)
        for name in dict.fromkeys(names):
            strata[name].add(scores[names == name])
        cuts = np.flatnonzero(ids[1:] != ids[:-1]) + 1
        for part, part_ids in zip(np.split(scores, cuts), np.split(ids, cuts), strict=True):
            if not len(part):
                continue
            if part_ids[0] != query_id:
                squares, labels = squares + query.n * query.std**2, labels + query.n
                query_id, query = part_ids[0], StratumScores()
            query.add(part)
    squares, labels = squares + query.n * query.std**2, labels + query.n
    return Sanity(strata, math.sqrt(squares / labels) if labels else 0.0)
