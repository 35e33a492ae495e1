"""How a model computes while it trains: with the dropout asked for, and the attention that is fastest there."""

import contextlib
from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel

_SHORT = 128  # tokens up to which plain attention is the faster one on a CPU


@contextlib.contextmanager
def training_mode(model: PreTrainedModel, dropout: float | None, longest: int) -> Iterator[None]:
    """Within it the model is in train mode, and after it in eval mode with its own dropout and attention again.

    On a CPU short inputs are trained with plain attention: the fused one's backward pass made training of pairs of some
    35 tokens slower by a third (MiniLM, two cores, bfloat16). Both compute the same.

    Args:
        dropout: the probability for every dropout layer but adapters' own, None for the model's. Soft targets of many
            pairs regularise by themselves, and on a CPU drawing the random masks takes a fifth of the time.
        longest: tokens of the longest input.
    """
    layers = [
        module for name, module in model.named_modules() if isinstance(module, nn.Dropout) and "lora_" not in name
    ]
    before = [layer.p for layer in layers]
    attention = model.config._attn_implementation
    plain = model.device.type == "cpu" and longest <= _SHORT and attention == "sdpa"
    try:
        if dropout is not None:
            for layer in layers:
                layer.p = dropout
        if plain:
            model.set_attn_implementation("eager")
        model.train()
        yield
    finally:
        for layer, p in zip(layers, before, strict=True):
            layer.p = p
        if plain:
            model.set_attn_implementation(attention)
        model.eval()
