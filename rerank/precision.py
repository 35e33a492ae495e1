"""A classifier's arithmetic: in bfloat16 where that is wanted, its logits always in float32."""

import contextlib
import functools
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

from retrieval.number_format import Precision, uses_bfloat16

__all__ = ["Precision", "forward_precision"]


@contextlib.contextmanager
def forward_precision(model: PreTrainedModel, precision: Precision) -> Iterator[None]:
    """Within it `model` computes in the given precision, but for its last layer: logits are float32.

    Logits rounded to bfloat16 have 8 bits, so that close products tie: rankings need float32 ones.
    """
    device = next(model.parameters()).device
    outputs = model.config.num_labels
    heads = [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == outputs and "lora_" not in name
    ]
    for head in heads:
        head.forward = functools.partial(_float32_linear, head)  # type: ignore[method-assign]
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(precision, device)):
            yield
    finally:
        for head in heads:
            del head.forward


def _float32_linear(layer: torch.nn.Linear, inputs: torch.Tensor) -> torch.Tensor:
    with torch.autocast(inputs.device.type, enabled=False):
        bias = None if layer.bias is None else layer.bias.float()
        return F.linear(inputs.float(), layer.weight.float(), bias)
