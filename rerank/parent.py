"""A student before training: layers of a parent under a one-logit head.

It must not know how a student is trained or saved.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

from eval.errors import MachineError
from rerank.layers import choose_layers, keep_layers, layer_stack
from retrieval.quiet import quiet_transformers


class Start(NamedTuple):
    """An untrained student: `layers` are the parent's, counted from 0, of `parent_layers`."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    layers: tuple[int, ...]
    parent_layers: int


def build_student(parent: str | Path, layers: Sequence[int] | int | None = None, *, seed: int = 0) -> Start:
    """A one-logit cross-encoder, float32, made of layers of `parent`.

    What the parent lacks (the classifier, often BERT's pooler) is drawn from `seed`; a parent that has a one-logit head
    keeps it.

    Args:
        parent: a model directory, or a hub name where the machine reaches a hub.
        layers: layer numbers, a count spread evenly with the first and the last among them, or None for all.
        seed: of the weights the parent lacks.

    Raises:
        InputError: when the parent has no such layers.
        MachineError: when the parent is no model, not of the BERT family, or lacks weights a head cannot replace.
    """
    config = _read_config(parent)
    kept = choose_layers(config.num_hidden_layers, layers)
    model, tokenizer, missing = read_encoder(parent)
    stack, _ = layer_stack(model)
    body = [key for key in missing if key.startswith(f"{stack}.") or "embedding" in key]
    if body:
        raise MachineError(
            f"{parent} lacks {len(body)} weights of its own layers ({body[0]} …): its config.json and its weights do "
            "not belong together; give a complete directory"
        )
    _draw(model, missing, seed)
    return Start(keep_layers(model, kept), tokenizer, kept, config.num_hidden_layers)


def is_encoder(parent: str | Path) -> bool:
    """Whether a model directory or hub name is of the BERT family.

    Raises:
        MachineError: when it is no model.
    """
    return _is_encoder(_load_config(parent))


def read_encoder(path: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """A one-logit classifier in float32, its tokenizer, and the names of the weights that `path` lacks.

    Raises:
        MachineError: when `path` does not load.
    """
    try:
        with quiet_transformers():
            model, info = AutoModelForSequenceClassification.from_pretrained(
                str(path), num_labels=1, ignore_mismatched_sizes=True, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(str(path))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise MachineError(
            f"{path} does not load as a model ({_one_line(error)}); give a complete directory"
        ) from error
    missing = {*info["missing_keys"], *(mismatch[0] for mismatch in info["mismatched_keys"])}
    return model.float(), tokenizer, sorted(missing)


def _load_config(parent: str | Path) -> PretrainedConfig:
    try:
        return AutoConfig.from_pretrained(str(parent))
    except (OSError, ValueError, KeyError) as error:
        raise MachineError(f"{parent} is no model ({_one_line(error)}); give a directory with a config.json") from error


def _is_encoder(config: PretrainedConfig) -> bool:
    known = MODEL_FOR_MASKED_LM_MAPPING_NAMES.keys() & MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.keys()
    return config.model_type in known and not config.is_encoder_decoder


def _read_config(parent: str | Path) -> PretrainedConfig:
    config = _load_config(parent)
    if not _is_encoder(config):
        raise MachineError(
            f"{parent} is a {config.model_type} model, a student needs an encoder of the BERT family "
            "(BERT, RoBERTa, XLM-R, DistilBERT, ELECTRA, ModernBERT)"
        )
    return config


def _draw(model: PreTrainedModel, names: Sequence[str], seed: int) -> None:
    """Fill the named parameters, in their order: matrices from a normal, biases with 0, norms with 1."""
    generator = torch.Generator().manual_seed(seed)
    spread = getattr(model.config, "initializer_range", 0.02)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name in names:
            parameter = parameters.get(name)
            if parameter is None:  # a buffer, such as position ids, which the model fills itself
                continue
            if parameter.dim() > 1:
                parameter.normal_(0.0, spread, generator=generator)
            else:
                parameter.fill_(0.0 if name.endswith("bias") else 1.0)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
