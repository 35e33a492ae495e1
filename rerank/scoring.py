"""Logits of many pairs: tokenised in chunks, batched by length, answered in input order."""

import contextlib
from collections.abc import Callable, Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from rerank.inputs import PairEncoder
from rerank.packed_linear import packed_linears
from rerank.precision import Precision, forward_precision
from rerank.types import Pair
from retrieval.batching import length_sorted_batches
from retrieval.number_format import uses_bfloat16

_CHUNK = 16_384
_WORTH_PACKING = 256  # pairs from which packing the weights first pays


def predict(
    model: PreTrainedModel,
    pair_encoder: PairEncoder,
    pairs: Sequence[Pair],
    *,
    token_budget: int = 4096,
    precision: Precision = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """The model's logits, float32 [len(pairs), labels], in the order of `pairs`.

    Memory is bounded by a chunk of pairs, whatever their number. The batches are a pure function of `pairs` and
    `token_budget`, so that the same call gives the same bits. The model is left in the mode it was in.

    Args:
        token_budget: the most tokens of a forward pass, padding included.
        precision: "auto" takes bfloat16 where the hardware has it (logits within some 1 % of float32's).
        progress: called with (pairs done, all pairs).
    """
    device = next(model.parameters()).device
    logits = np.empty((len(pairs), int(model.config.num_labels or 1)), dtype=np.float32)
    was_training = model.training
    model.eval()
    done = 0
    packs = device.type == "cpu" and uses_bfloat16(precision, device) and len(pairs) >= _WORTH_PACKING
    try:
        with (
            torch.inference_mode(),
            forward_precision(model, precision),
            packed_linears(model) if packs else contextlib.nullcontext(),
        ):
            for start in range(0, len(pairs), _CHUNK):
                tokens = pair_encoder.encode(pairs[start : start + _CHUNK])
                for rows in length_sorted_batches(tokens.lengths, token_budget):
                    output = model(**tokens.batch(rows, device)).logits
                    logits[start + rows] = output.float().cpu().numpy()
                    done += len(rows)
                    if progress is not None:
                        progress(done, len(pairs))
    finally:
        model.train(was_training)
    return logits
