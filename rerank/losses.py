"""Losses: pure functions of (scores, targets, weights) to a scalar.

Shapes: scores and targets [groups, n] (soft_cross_entropy: [groups, n, K]), weights [groups, n]; one row is one query.
Weights are one a label, ≥ 0; weight 0 marks padding, and nothing there influences value or gradient (padded scores and
targets must be finite). The pairwise and listwise losses average over the rows that have a pair to learn from; there a
weight is relative to its row. The pointwise ones average over all labels, weighted. With nothing to learn from a loss
is 0.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def margin_mse(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """All-pairs margin MSE on logits (Hofstätter et al. 2020, arXiv 2010.02666; over all pairs as in arXiv 2505.07105).

    Of each row `2/(n(n−1)) Σ_{i<j} ((s_i−s_j) − (t_i−t_j))²`; with weights, `Σ w_i w_j (…)² / Σ w_i w_j` over i<j.
    Computed in O(n) as `W·Σ w (d−m)² / Σ_{i<j} w_i w_j`, d = s − t, m its weighted mean, W = Σ w: a variance of d, so
    a shift of a query's scores costs nothing.
    """
    difference = scores - targets
    total = weights.sum(1, keepdim=True)
    mean = (weights * difference).sum(1, keepdim=True) / total.clamp_min(_TINY)
    spread = (total * weights * (difference - mean) ** 2).sum(1)
    pairs = (total.squeeze(1) ** 2 - (weights**2).sum(1)) / 2
    return _row_mean(spread, pairs, _has_pair(weights))


def pointwise_mse(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean of `w (s − t)²` over all labels, on logits."""
    return _label_mean((scores - targets) ** 2, weights)


def ranknet(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """RankNet (Burges et al. 2005): `log(1 + exp(−(s_i − s_j)))` over pairs with t_i > t_j, a pair weighing w_i w_j.

    Only the order of the targets matters; a row whose targets are all equal teaches nothing.
    """
    better = (targets.unsqueeze(2) > targets.unsqueeze(1)).to(scores.dtype)
    pair_weights = better * weights.unsqueeze(2) * weights.unsqueeze(1)
    costs = F.softplus(scores.unsqueeze(1) - scores.unsqueeze(2))
    total = pair_weights.sum((1, 2))
    return _row_mean((pair_weights * costs).sum((1, 2)), total, total > 0)


def listwise_kl(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """KL(softmax(targets) ‖ softmax(scores)) within each row (ListNet, Cao et al. 2007, on logits).

    A label's weight multiplies its share of both distributions: weight 2 counts as two copies of the label.
    """
    log_weights = torch.where(weights > 0, weights.clamp_min(_TINY).log(), -_FAR)
    wanted = F.log_softmax(targets + log_weights, dim=1)
    given = F.log_softmax(scores + log_weights, dim=1)
    rows = (wanted.exp() * (wanted - given)).masked_fill(weights <= 0, 0).sum(1)
    return _row_mean(rows, torch.ones_like(rows), _has_pair(weights))


def soft_bce(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean of `w (−t log σ(s) − (1−t) log(1−σ(s)))` over all labels; targets are probabilities in [0, 1]."""
    return _label_mean(F.binary_cross_entropy_with_logits(scores, targets, reduction="none"), weights)


def soft_cross_entropy(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean of `−w Σ_k t_k log softmax(s)_k` over all labels; targets [groups, n, K] are distributions over grades."""
    return _label_mean(-(targets * F.log_softmax(scores, dim=-1)).sum(-1), weights)


LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "margin_mse": margin_mse,
    "pointwise_mse": pointwise_mse,
    "ranknet": ranknet,
    "listwise_kl": listwise_kl,
    "soft_bce": soft_bce,
    "soft_cross_entropy": soft_cross_entropy,
}
"""Loss by the name a config uses."""

PAIRED = frozenset({"margin_mse", "ranknet", "listwise_kl"})
"""Losses that learn nothing from a query with a single product."""

_TINY = 1e-12
_FAR = 1e9


def _has_pair(weights: Tensor) -> Tensor:
    return (weights > 0).sum(1) >= 2


def _row_mean(values: Tensor, normalisers: Tensor, counts: Tensor) -> Tensor:
    """Mean over rows of values/normalisers where `counts`; rows without a pair have value 0 and are left out."""
    safe = torch.where(counts, normalisers, torch.ones_like(normalisers))
    return torch.where(counts, values / safe, torch.zeros_like(values)).sum() / counts.sum().clamp_min(1)


def _label_mean(values: Tensor, weights: Tensor) -> Tensor:
    return (weights * values).sum() / weights.sum().clamp_min(_TINY)
