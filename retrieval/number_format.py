"""Number formats: bfloat16 where the hardware multiplies it natively."""

import functools
from pathlib import Path
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def uses_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether to multiply in bfloat16; "auto" does where the device has instructions for it."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cpu":
        return _cpu_has_bfloat16()
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


@functools.cache
def _cpu_has_bfloat16() -> bool:
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16"})
