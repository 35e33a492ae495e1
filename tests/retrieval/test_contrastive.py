"""InfoNCE against values worked out by hand, and its gradient."""

import math

import pytest
import torch

from retrieval.contrastive import info_nce

SCORES = [[2.0, 1.0, 0.0, 3.0], [0.5, -1.0, 1.5, 0.0], [1.0, 1.0, 1.0, 1.0]]
POSITIVE = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.bool)
IGNORED = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=torch.bool)


def _cost(positive: float, negatives: list[float]) -> float:
    return -math.log(math.exp(positive) / (math.exp(positive) + sum(math.exp(score) for score in negatives)))


def test_value_by_hand() -> None:
    first = (_cost(2.0, [0.0]) + _cost(1.0, [0.0])) / 2  # two positives, one negative, one ignored
    second = _cost(1.5, [0.5, -1.0, 0.0])
    found = info_nce(torch.tensor(SCORES), POSITIVE, IGNORED)  # the third row has no positive: it does not count
    assert found.item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_gradient_is_that_of_finite_differences_and_none_where_nothing_is_learnt() -> None:
    scores = torch.tensor(SCORES, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: info_nce(s, POSITIVE, IGNORED), scores)
    info_nce(scores, POSITIVE, IGNORED).backward()
    assert scores.grad is not None
    assert scores.grad[0, 3] == 0  # ignored
    assert (scores.grad[2] == 0).all()
    assert (scores.grad[POSITIVE] < 0).all()


def test_nothing_to_learn_from_is_zero() -> None:
    scores = torch.tensor([[3.0]], requires_grad=True)
    alone = info_nce(scores, torch.ones(1, 1, dtype=torch.bool), torch.zeros(1, 1, dtype=torch.bool))
    alone.backward()
    assert alone.item() == 0
    assert scores.grad is not None
    assert scores.grad.item() == 0
