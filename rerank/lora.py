"""Low-rank adapters (Hu et al. 2021, arXiv 2106.09685) through peft, which is imported only when they are asked for."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import cast

import torch
from transformers import PreTrainedModel

from eval.errors import InputError, MachineError


@dataclass(frozen=True)
class LoraOptions:
    """Adapters of `rank` on the modules whose names end in one of `targets`, scaled by alpha/rank.

    `four_bit` holds the frozen weights as 4-bit numbers (`rerank.placement`).
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "v_proj")
    four_bit: bool = False


def add_adapters(model: PreTrainedModel, options: LoraOptions, seed: int) -> PreTrainedModel:
    """`model` frozen, with trainable adapters (drawn from `seed`) and a trainable classification head.

    Raises:
        InputError: when the model has no such modules.
        MachineError: when peft is not installed.
    """
    peft = _peft()
    config = peft.LoraConfig(
        task_type="SEQ_CLS",
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(options.targets),
    )
    names = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    unknown = [target for target in options.targets if not any(name.split(".")[-1] == target for name in names)]
    if unknown:
        known = ", ".join(sorted({name.split(".")[-1] for name in names}))
        raise InputError(f"lora targets {', '.join(unknown)}: the model has no such layers; it has {known}")
    with _quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if options.four_bit:
            model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        adapted = peft.get_peft_model(model, config)
    for weight in adapted.parameters():
        if weight.requires_grad:  # small steps vanish in bfloat16 weights
            weight.data = weight.data.float()
    return cast(PreTrainedModel, adapted)


def save_adapters(model: PreTrainedModel, path: Path) -> None:
    """Write the adapters and the head of a model from `add_adapters` into the directory `path`."""
    # "auto" would ask a hub whether the base's vocabulary has changed.
    with _quiet():
        model.save_pretrained(str(path), save_embedding_layers=False)
    (path / "README.md").unlink(missing_ok=True)  # peft's empty model card


def load_adapters(model: PreTrainedModel, path: Path, *, merge: bool = True) -> PreTrainedModel:
    """`model` with the adapters and the head saved at `path`, merged into its weights or (4-bit ones) beside them.

    Raises:
        MachineError: when peft is not installed, or `path` holds no adapters for this model.
    """
    peft = _peft()
    try:
        with _quiet():
            adapted = peft.PeftModel.from_pretrained(model, str(path))
    except (OSError, ValueError, RuntimeError) as error:
        raise MachineError(
            f"{path} has no adapters for its base model ({' '.join(str(error).split())[:200]})"
        ) from error
    return cast(PreTrainedModel, adapted.merge_and_unload() if merge else adapted)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """peft calls names that newer transformers deprecate, which no user of ours can mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _peft() -> ModuleType:
    try:
        import peft  # optional: the extra `llm`
    except ImportError as error:
        raise MachineError("LoRA needs peft, which is not installed: pip install 'distilrank[llm]'") from error
    return peft
