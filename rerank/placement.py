"""How a large teacher's weights are held: as 4-bit numbers (QLoRA, Dettmers et al. 2023), over several devices."""

import importlib.util
from dataclasses import dataclass
from typing import Any

import torch

from eval.errors import MachineError


@dataclass(frozen=True)
class Placement:
    """`four_bit`: frozen weights as NormalFloat4, adapters train beside them; a GPU's alone. `spread`: layers dealt
    over all devices that there are, by accelerate; each batch passes through them in turn.
    """

    four_bit: bool = False
    spread: bool = False

    def load_options(self) -> dict[str, Any]:
        """What `from_pretrained` is told.

        Raises:
            MachineError: when the machine lacks the GPU or the package that it takes.
        """
        options: dict[str, Any] = {}
        if self.four_bit:
            options = {"quantization_config": _four_bits(), "device_map": {"": 0}}
        if self.spread:
            if importlib.util.find_spec("accelerate") is None:
                raise MachineError("teacher.spread needs accelerate: pip install 'distilrank[llm]'")
            options["device_map"] = "auto"
        return options

    @property
    def is_final(self) -> bool:
        """Whether a loaded model lies where it runs, and must not be moved."""
        return self.four_bit or self.spread


def _four_bits() -> Any:
    if not torch.cuda.is_available():
        raise MachineError(
            "lora.four_bit needs an NVIDIA GPU, and this machine shows none; leave it out (LoRA runs without, in "
            "bfloat16 on a GPU and float32 on a CPU) or go where there is one"
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MachineError("lora.four_bit needs bitsandbytes: pip install 'distilrank[four-bit]'")
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=["score", "classifier"],  # the head is trained
    )
