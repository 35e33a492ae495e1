"""A simulated teacher for the synthetic shop: it knows the true grade, and is unsure as a person is.

A real teacher costs hours that say nothing about how its labels are best used. This one has an error that is known: the
grades lie on a line, one step apart; it perceives a product's place on it with a normal error of `SPREAD` steps, and
says how likely each grade then is (an ordered probit with equal priors). Its most likely grade is the true one for some
three quarters of the pairs, as it is for a large language model on real queries.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from benchmarks.shop_truth import ShopTruth
from rerank.heads import GradeHead
from rerank.types import Label, Pair, label_scores
from retrieval.shop.intents import Intent

SPREAD = 0.6


class Rater:
    """Labels pairs of logged queries; the same pair under the same seed gets the same label.

    Args:
        meant: what the texts of the log mean; a text that is not there is a query of nothing, all irrelevant.
        noise: the share of pairs, in [0, 1], whose true grade is replaced by one drawn at random before it is rated.
    """

    def __init__(self, truth: ShopTruth, meant: dict[str, Intent], *, seed: int, noise: float = 0.0) -> None:
        self.truth = truth
        self.meant = meant
        self.seed = seed
        self.noise = noise
        self.head = GradeHead(truth.scale)

    def label(self, pairs: Sequence[Pair]) -> list[Label]:
        """One label a pair, in order."""
        places = np.arange(self.head.outputs - 1, -1, -1, dtype=np.float64)  # of the grades, best first
        logits = np.empty((len(pairs), self.head.outputs))
        for row, (query, product) in enumerate(pairs):
            draws = self._draws(query.text, product.id)
            grade = self.head.scale.index(self.truth.gain(self.meant[query.text], product.id))
            if draws.random() < self.noise:
                grade = int(draws.integers(self.head.outputs))
            perceived = places[grade] + SPREAD * draws.standard_normal()
            logits[row] = -((perceived - places) ** 2) / (2 * SPREAD**2)
        return self.head.labels(logits)

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 label scores [len(pairs)]."""
        return label_scores(self.label(pairs))

    def _draws(self, query: str, product: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.seed}\0{query}\0{product}".encode()).digest()
        return np.random.default_rng(list(digest[:8]))
