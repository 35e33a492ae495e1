"""How much each of a query's labels counts, after DLLM2Rec (Cui et al., RecSys 2024, arXiv 2405.00338).

    w = a · position / Σ position + b · confidence / Σ confidence + c · consistency / Σ consistency, scaled to mean 1

over the n labels of one query. Pure functions of the teacher's scores float32 [n] (logits), its distributions over
grades [n, K] where it has grades, and the first stage's own scores [n] of the same products.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy
from scipy.stats import rankdata


@dataclass(frozen=True)
class WeightShares:
    """The shares a, b and c ≥ 0 (not all 0; the defaults are the paper's), and by how many places in the teacher's
    order `position` falls by a factor e (the paper's λ)."""

    position: float = 0.3
    confidence: float = 0.5
    consistency: float = 0.1
    decay: float = 4.0


def position(scores: np.ndarray, decay: float) -> np.ndarray:
    """exp(−r / decay), r the place from 0 in the teacher's order: the head of a ranking is what is seen. Equal scores
    share their mean place."""
    return np.exp(-(rankdata(-scores) - 1) / decay)


def uncertainty(scores: np.ndarray, distributions: np.ndarray | None) -> np.ndarray:
    """The entropy of what the teacher said, as a share of the largest possible, in [0, 1].

    Of its distribution over grades; without one, of its expected soft target σ(score) as if that were a probability. (A
    soft target between two grades then reads as doubt, even where the teacher is sure of a grade in the middle.)
    """
    if distributions is None:
        chance = expit(scores.astype(np.float64))
        shares = np.stack([chance, 1 - chance], axis=1)
    else:
        shares = distributions.astype(np.float64)
    return -xlogy(shares, shares).sum(axis=1) / np.log(shares.shape[1])


def confidence(scores: np.ndarray, distributions: np.ndarray | None) -> np.ndarray:
    """exp(−uncertainty), in [1/e, 1]."""
    return np.exp(-uncertainty(scores, distributions))


def consistency(scores: np.ndarray, first_stage: np.ndarray) -> np.ndarray:
    """1 − |r − f| / (n − 1), r and f the places in the teacher's and the first stage's order: 1 where they agree, 0
    where one's best is the other's worst. (The paper asks whether the conventional model's best K hold the item.)"""
    if len(scores) < 2:
        return np.ones(len(scores))
    return 1 - np.abs(rankdata(-scores) - rankdata(-first_stage)) / (len(scores) - 1)


def label_weights(
    shares: WeightShares, scores: np.ndarray, distributions: np.ndarray | None, first_stage: np.ndarray
) -> np.ndarray:
    """The weight of each label of one query, float32 [n] ≥ 0 with mean 1."""
    parts = (
        (shares.position, position(scores, shares.decay)),
        (shares.confidence, confidence(scores, distributions)),
        (shares.consistency, consistency(scores, first_stage)),
    )
    total = np.zeros(len(scores))
    for share, values in parts:
        total += share * values / values.sum() if values.sum() else share / len(values)
    return (total / total.mean()).astype(np.float32)
