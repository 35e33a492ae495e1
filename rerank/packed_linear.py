"""Linear layers with their weights packed for bfloat16 multiplication on a CPU."""

import contextlib
import functools
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def packed_linears(model: nn.Module) -> Iterator[None]:
    """Within it the model's linear layers multiply in bfloat16 with weights packed once, where torch can.

    Torch's own bfloat16 linear brings the weights into the order that the hardware wants anew in every call. This is
    for inference on a CPU, under autocast; layers with a forward of their own already (`rerank.precision`) keep it.
    """
    layers = [
        layer
        for layer in model.modules()
        if type(layer) is nn.Linear and "forward" not in vars(layer) and layer.weight.dtype == torch.float32
    ]
    if not can_pack():
        layers = []
    try:
        for layer in layers:
            layer.forward = functools.partial(_multiply, *_packed(layer))  # type: ignore[method-assign]
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


@functools.cache
def can_pack() -> bool:
    """Whether torch can on this processor: packing needs AVX-512 or later, plain bfloat16 multiplication does not."""
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        _packed(nn.Linear(1, 1))
    except RuntimeError:
        return False
    return True


def _packed(layer: nn.Linear) -> tuple[torch.Tensor, torch.Tensor | None]:
    weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach().bfloat16(), None)
    return weight, None if layer.bias is None else layer.bias.detach().bfloat16()


def _multiply(weight: torch.Tensor, bias: torch.Tensor | None, inputs: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(inputs.bfloat16(), weight, bias, "none", [], "")
