"""Number formats: bfloat16 where the hardware multiplies it natively, logits always in float32."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

Precision = Literal["auto", "float32", "bfloat16"]


@functools.cache
def _cpu_has_bfloat16() -> bool:
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16"})


def uses_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether to multiply in bfloat16; "auto" does where the device has instructions for it."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cpu":
        return _cpu_has_bfloat16()
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


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
