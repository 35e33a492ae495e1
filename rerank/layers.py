"""Which of its parent's layers a student keeps, for any encoder of the BERT family.

A model's stack of layers is found by its shape, not by its name: the one outermost `ModuleList` that holds as many
modules as the config says it has layers. A smaller model is then built from the smaller config and filled with the
parent's weights, so what is saved is what loads again.
"""

import copy
import itertools
import re
from collections.abc import Sequence

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from eval.errors import InputError, MachineError


def choose_layers(total: int, layers: Sequence[int] | int | None) -> tuple[int, ...]:
    """The parent's layer numbers to keep, rising, counted from 0.

    Args:
        total: how many layers the parent has.
        layers: the numbers themselves; or how many, spread evenly with the first and the last among them (a single one
            is the first, which alone reads the embeddings); or None for all.

    Raises:
        InputError: when there is no such layer, or the numbers do not rise.
    """
    if layers is None:
        return tuple(range(total))
    if isinstance(layers, int):
        if not 1 <= layers <= total:
            raise InputError(f"the student cannot keep {layers} layers: its parent has {total}; choose 1 to {total}")
        steps = layers - 1
        return tuple((2 * i * (total - 1) + steps) // (2 * steps) for i in range(layers)) if steps else (0,)
    chosen = tuple(layers)
    rising = all(a < b for a, b in itertools.pairwise(chosen))
    if not chosen or not rising or chosen[0] < 0 or chosen[-1] >= total:
        raise InputError(
            f"the student cannot keep layers {list(chosen)}: list rising numbers from 0 to {total - 1} "
            f"(its parent has {total} layers)"
        )
    return chosen


def layer_stack(model: PreTrainedModel) -> tuple[str, nn.ModuleList]:
    """The name and the list of a model's layers.

    Raises:
        MachineError: when there is not exactly one such list (ALBERT shares one layer, a Funnel has blocks).
    """
    depth = model.config.num_hidden_layers
    found: list[tuple[str, nn.ModuleList]] = []
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer, _ in found)
        if isinstance(module, nn.ModuleList) and len(module) == depth and not inside:
            found.append((name, module))
    if len(found) != 1:
        raise MachineError(
            f"{type(model).__name__} has {len(found)} lists of {depth} layers where one was expected; "
            "take a BERT, RoBERTa, XLM-R, DistilBERT, ELECTRA or ModernBERT parent"
        )
    return found[0]


def keep_layers(model: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """A model of the same class with only these layers of `model`, its other weights equal; `model` is left as it was.

    Raises:
        InputError: when a ModernBERT's layers would mix global and local attention in an order its config cannot say.
        MachineError: when the parent's weights do not fit (a ModernBERT without its first layer).
    """
    name, stack = layer_stack(model)
    kept = choose_layers(len(stack), list(layers))
    if len(kept) == len(stack):
        return model
    config = _smaller_config(model.config, kept)
    # Building draws random weights; all are overwritten below, and the caller's random state stays as it was.
    with torch.random.fork_rng(devices=[]):
        smaller = type(model)(config)
    position = {old: new for new, old in enumerate(kept)}
    number = re.compile(rf"{re.escape(name)}\.(\d+)\.")
    weights = {}
    for key, value in model.state_dict().items():
        match = number.match(key)
        if match is None:
            weights[key] = value
        elif (old := int(match.group(1))) in position:
            weights[f"{name}.{position[old]}.{key[match.end() :]}"] = value
    try:
        smaller.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        why = " ".join(str(error).split())[:200]
        raise MachineError(f"layers {list(kept)} do not make a {type(model).__name__} ({why}); keep layer 0") from error
    return nn.Module.to(smaller, model.dtype).train(model.training)


def _smaller_config(config: PretrainedConfig, kept: Sequence[int]) -> PretrainedConfig:
    smaller = copy.deepcopy(config)
    smaller.num_hidden_layers = len(kept)
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        return smaller
    chosen = [kinds[layer] for layer in kept]
    smaller.layer_types = chosen
    # Older transformers know one number only, "every n-th layer is global", and ignore `layer_types`: without a number
    # that says the same they would load the student and score it wrongly.
    for every in range(1, len(kept) + 1):
        if chosen == ["sliding_attention" if i % every else "full_attention" for i in range(len(kept))]:
            smaller.global_attn_every_n_layers = every
            return smaller
    everywhere = [layer for layer, kind in enumerate(kinds) if kind == "full_attention"]
    raise InputError(
        f"layers {list(kept)} mix global and local attention in an order the model's config cannot say; "
        f"choose among its global layers {everywhere}, or the first layers without a gap"
    )
