"""Losses against values worked out by hand, finite differences and explicit sums over pairs."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from rerank.losses import LOSSES, PAIRED


def _random(name: str, groups: int = 3, n: int = 5, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (groups, n, 4) if name == "soft_cross_entropy" else (groups, n)
    scores = torch.randn(shape, generator=generator, dtype=torch.float64)
    targets = torch.randn(shape, generator=generator, dtype=torch.float64)
    if name == "soft_bce":
        targets = targets.sigmoid()
    if name == "soft_cross_entropy":
        targets = targets.softmax(-1)
    return scores, targets, torch.rand((groups, n), generator=generator, dtype=torch.float64) + 0.1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # scores (1, 3), targets (0, 1): the margins are −2 and −1, so 2/(2·1) · (−2 − −1)² = 1
        ("margin_mse", 1.0),
        # ((1−0)² + (3−1)²) / 2
        ("pointwise_mse", 2.5),
        # the second should beat the first, by 2: log(1 + e^−2)
        ("ranknet", math.log1p(math.exp(-2))),
        # p = (1, e)/(1+e), q = (1, e²)/(1+e²)
        (
            "listwise_kl",
            (1 / (1 + math.e)) * math.log((1 + math.e**2) / (1 + math.e))
            + (math.e / (1 + math.e)) * math.log((math.e / (1 + math.e)) / (math.e**2 / (1 + math.e**2))),
        ),
        # −log(1−σ(1)) and −log σ(3)
        ("soft_bce", (math.log1p(math.exp(1)) + math.log1p(math.exp(-3))) / 2),
    ],
)
def test_value_of_two_products(name: str, expected: float) -> None:
    loss = LOSSES[name](torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 1.0]]), torch.ones(1, 2))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_value_of_soft_bce_with_a_half_target() -> None:
    loss = LOSSES["soft_bce"](torch.tensor([[0.0]]), torch.tensor([[0.5]]), torch.ones(1, 1))
    assert loss.item() == pytest.approx(math.log(2))


def test_value_of_soft_cross_entropy() -> None:
    scores = torch.tensor([[[0.0, math.log(3.0)]]])  # probabilities 1/4 and 3/4
    loss = LOSSES["soft_cross_entropy"](scores, torch.tensor([[[0.5, 0.5]]]), torch.ones(1, 1))
    assert loss.item() == pytest.approx(-(math.log(0.25) + math.log(0.75)) / 2)


def test_gradient_of_margin_mse_by_hand() -> None:
    # d = s − t = (1, 2, 4): loss = 2/(3·2) Σ_{i<j} (d_i − d_j)², so its gradient is 2/3 · (3 d_i − Σ d)
    scores = torch.tensor([[1.0, 2.0, 4.0]], requires_grad=True)
    LOSSES["margin_mse"](scores, torch.zeros(1, 3), torch.ones(1, 3)).backward()
    assert scores.grad is not None
    assert scores.grad[0].tolist() == pytest.approx([2 / 3 * (3 - 7), 2 / 3 * (6 - 7), 2 / 3 * (12 - 7)])


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_the_finite_differences(name: str) -> None:
    scores, targets, weights = _random(name)
    assert torch.autograd.gradcheck(lambda s: LOSSES[name](s, targets, weights), scores.requires_grad_())


def test_margin_mse_is_the_explicit_sum_over_pairs() -> None:
    scores, targets, weights = _random("margin_mse", groups=4, n=7)
    rows = []
    for s, t, w in zip(scores, targets, weights, strict=True):
        pairs = list(itertools.combinations(range(7), 2))
        total = sum(w[i] * w[j] * ((s[i] - s[j]) - (t[i] - t[j])) ** 2 for i, j in pairs)
        rows.append(total / sum(w[i] * w[j] for i, j in pairs))
    assert LOSSES["margin_mse"](scores, targets, weights).item() == pytest.approx(float(sum(rows)) / 4)
    equal = torch.ones_like(weights)
    plain = [
        2 / (7 * 6) * sum(((s[i] - s[j]) - (t[i] - t[j])) ** 2 for i, j in itertools.combinations(range(7), 2))
        for s, t in zip(scores, targets, strict=True)
    ]
    assert LOSSES["margin_mse"](scores, targets, equal).item() == pytest.approx(float(sum(plain)) / 4)


def test_ranknet_is_the_explicit_sum_over_ordered_pairs() -> None:
    scores, targets, weights = _random("ranknet", groups=1, n=6)
    targets[0, 3] = targets[0, 1]  # a tie teaches nothing
    s, t, w = scores[0], targets[0], weights[0]
    pairs = [(i, j) for i in range(6) for j in range(6) if t[i] > t[j]]
    total = sum(float(w[i] * w[j] * torch.log1p(torch.exp(s[j] - s[i]))) for i, j in pairs)
    expected = total / sum(float(w[i] * w[j]) for i, j in pairs)
    assert LOSSES["ranknet"](scores, targets, weights).item() == pytest.approx(expected)


@pytest.mark.parametrize("name", ["listwise_kl", "pointwise_mse", "soft_bce", "soft_cross_entropy"])
def test_weight_two_is_two_copies(name: str) -> None:
    scores, targets, weights = _random(name, groups=1, n=3)
    doubled = weights.clone()
    doubled[0, 2] *= 2
    twice = [torch.cat([x, x[:, 2:]], dim=1) for x in (scores, targets, weights)]
    assert LOSSES[name](scores, targets, doubled).item() == pytest.approx(LOSSES[name](*twice).item())


@pytest.mark.parametrize("name", LOSSES)
def test_padding_influences_neither_value_nor_gradient(name: str) -> None:
    scores, targets, weights = _random(name)
    alone = scores.clone().requires_grad_()
    bare = LOSSES[name](alone, targets, weights)
    bare.backward()
    tail = scores.shape[2:]
    junk = torch.full((3, 2, *tail), 50.0, dtype=torch.float64)
    wide = torch.cat([scores, junk], dim=1).requires_grad_()
    padded = LOSSES[name](
        wide,
        torch.cat([targets, -junk], dim=1),
        torch.cat([weights, torch.zeros(3, 2, dtype=torch.float64)], dim=1),
    )
    padded.backward()
    assert padded.item() == pytest.approx(bare.item(), rel=1e-9)
    assert wide.grad is not None
    assert alone.grad is not None
    assert torch.allclose(wide.grad[:, :5], alone.grad, atol=1e-9)
    assert (wide.grad[:, 5:] == 0).all()


@pytest.mark.parametrize("name", sorted(PAIRED))
def test_a_query_with_one_product_neither_teaches_nor_dilutes(name: str) -> None:
    scores, targets, weights = _random(name, groups=2)
    weights[1, 1:] = 0
    both = scores.clone().requires_grad_()
    loss = LOSSES[name](both, targets, weights)
    loss.backward()
    assert loss.item() == pytest.approx(LOSSES[name](scores[:1], targets[:1], weights[:1]).item())
    assert both.grad is not None
    assert (both.grad[1] == 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_to_learn_is_zero_with_a_finite_gradient(name: str) -> None:
    scores, targets, weights = _random(name)
    scores.requires_grad_()
    loss = LOSSES[name](scores, targets, torch.zeros_like(weights))
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert (scores.grad == 0).all()


@pytest.mark.parametrize("name", sorted(PAIRED))
def test_a_shift_of_a_querys_scores_costs_nothing(name: str) -> None:
    scores, targets, weights = _random(name)
    shifted = scores + torch.tensor([[100.0], [-7.0], [0.0]], dtype=torch.float64)
    plain = LOSSES[name](scores, targets, weights).item()
    assert LOSSES[name](shifted, targets, weights).item() == pytest.approx(plain)
