"""Packed weights multiply to what torch's own bfloat16 linear gives."""

import torch
from torch import nn

from rerank.packed_linear import can_pack, packed_linears


def test_packed_layers_multiply_as_plain_ones_and_are_plain_again() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 16, bias=False)).eval()
    inputs = torch.randn(5, 7, 32)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected = model(inputs)
        with packed_linears(model):
            assert ("forward" in vars(model[0])) == can_pack()
            packed = model(inputs)
    assert packed.dtype == torch.bfloat16
    torch.testing.assert_close(packed, expected, atol=0.02, rtol=0.02)
    assert "forward" not in vars(model[0])
    torch.testing.assert_close(model(inputs), expected.float(), atol=0.02, rtol=0.02)


def test_a_layer_with_a_forward_of_its_own_keeps_it() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].forward = lambda inputs: inputs * 2  # type: ignore[method-assign]
    own = model[1].forward
    with torch.inference_mode(), packed_linears(model):
        assert model[1].forward is own
    assert model[1].forward is own
