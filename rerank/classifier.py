"""Loading sequence classifiers: encoders and decoders alike, without transformers' chatter."""

from pathlib import Path
from typing import NamedTuple, cast

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from eval.errors import MachineError
from rerank.inputs import ModelKind
from rerank.placement import Placement
from retrieval.quiet import quiet_transformers


class Classifier(NamedTuple):
    """A model with its tokenizer; `kind` says how pairs are presented to it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    kind: ModelKind


def load_classifier(
    base: str | Path,
    outputs: int,
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    placement: Placement | None = None,
) -> Classifier:
    """A classifier with `outputs` logits on the CPU; a head that `base` lacks is drawn from `seed`.

    Args:
        base: a model directory, or a hub name where the machine reaches a hub.
        placement: where else its weights are to lie, and how.

    Raises:
        MachineError: when `base` is no model that transformers can classify with, or the placement is beyond the
            machine.
    """
    placed = {} if placement is None else placement.load_options()
    try:
        with quiet_transformers(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = AutoModelForSequenceClassification.from_pretrained(
                str(base), num_labels=outputs, dtype=dtype, ignore_mismatched_sizes=True, **placed
            )
            tokenizer = AutoTokenizer.from_pretrained(str(base))
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise MachineError(
            f"{base} does not load as a classifier ({reason}); give a directory with config.json, weights and tokenizer"
        ) from error
    kind: ModelKind = "encoder" if model.config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES else "decoder"
    return Classifier(model, tokenizer, kind)


def move(model: PreTrainedModel, device: str | None) -> PreTrainedModel:
    """`model` on `device`; None is a GPU where there is one."""
    cast(torch.nn.Module, model).to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    return model
