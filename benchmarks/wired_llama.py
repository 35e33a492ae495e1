"""A small Llama whose attention compares a query's words with a product's before it has learnt anything.

Language models learn from billions of words to look back for a word like the one at hand (induction heads, Olsson et
al. 2022, arXiv 2209.11895). Some ten thousand pairs do not teach it to a small one, so it is written into the first
weights: layer 1 marks the tokens from the prompt's "product" on; in layer 2 each of these looks among the query's
tokens for one like it, or at the first token of all where there is none; layer 3 gives the classifier the share that
found one. How alike two words are is what their embeddings say. Further weights are small and random, and training
changes them all.
"""

import math
from collections.abc import Mapping

import torch
from transformers import LlamaConfig, LlamaForSequenceClassification
from transformers.models.llama.modeling_llama import LlamaAttention

HEAD = 64
"""Dimensions of a head."""
LAYERS = 3
"""The fewest layers."""
_FLAGS = 16  # dimensions that no word uses
_SCALE = 0.3  # a word's root mean square
_RANDOM = 0.01  # standard deviation of the weights that are not written; at .05 they drown the others
_THETA = 1e6  # slow rotations: a word is like itself at any distance
_LIKENESS = 1.7
_MARK, _FIRST = 20.0, 10.0  # logits in layer 1: of "product", and of the first token, which is looked at before it
_UNMARKED, _NONE = -20.0, 5.0  # in layer 2: of what is marked, and of the first token (a word finds itself at some 13)
_AVERAGED = 8.0  # in layer 3: of what is marked


def word_width(hidden: int) -> int:
    """Dimensions of a word in a model with states of `hidden` dimensions."""
    return hidden - _FLAGS


def wired_llama(
    words: torch.Tensor, *, first: int, end: int, pad: int, product: int, layers: int = LAYERS
) -> LlamaForSequenceClassification:
    """A classifier with one logit, on the CPU; random weights are drawn from torch's generator.

    Args:
        words: embeddings [vocabulary, `word_width(hidden)`], centred, of any length; `hidden` is a multiple of `HEAD`.
        first, end, pad, product: ids of the tokens that open a text, end one and fill it up, and of the word "product".
        layers: `LAYERS` or more.
    """
    width = words.shape[1]
    hidden = width + _FLAGS
    if hidden % HEAD or layers < LAYERS:
        raise ValueError(f"{hidden} dimensions, {layers} layers; expected a multiple of {HEAD}, {LAYERS} or more")
    constant, is_first, is_product, marked, found, share = range(width, width + 6)
    size = _SCALE * math.sqrt(width)  # of a word and of a flag; the constant is half as large
    model = LlamaForSequenceClassification(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=hidden // HEAD,
            num_key_value_heads=hidden // HEAD,
            intermediate_size=hidden * 8 // 3 // 8 * 8,
            max_position_embeddings=256,
            rope_parameters={"rope_type": "default", "rope_theta": _THETA},
            initializer_range=_RANDOM,
            bos_token_id=first,
            eos_token_id=end,
            pad_token_id=pad,
            num_labels=1,
        )
    )
    flag = size * math.sqrt(hidden / (1.25 * size**2))  # a flag, and the constant, after the layer's norm
    one = flag / 2
    with torch.no_grad():
        table = model.model.embed_tokens.weight.zero_()
        table[:, :width] = words / words.norm(dim=1, keepdim=True).clamp_min(1e-9) * size
        table[:, constant] = size / 2
        table[first, :width] = 0
        table[first, is_first] = table[product, is_product] = size
        marking, matching, averaging = (layer.self_attn for layer in model.model.layers[:3])
        _look(marking, 0, constant, one, {is_product: _MARK / flag, is_first: _FIRST / flag})
        _carry(marking, 0, {is_product: 1 / flag}, marked, size)
        for head in range(hidden // HEAD):
            _look(matching, head, constant, one, {marked: _UNMARKED / flag, is_first: _NONE / flag})
            _match(matching, head, width)
            _carry(matching, head, {constant: 1 / one, is_first: -1 / flag}, found, size * HEAD / hidden)
        _look(averaging, 0, constant, one, {marked: _AVERAGED / flag})
        _carry(averaging, 0, {found: 1 / flag}, share, 3 * size)
        model.score.weight.zero_()[0, share] = 1
    return model


def _look(attention: LlamaAttention, head: int, constant: int, one: float, logits: Mapping[int, float]) -> None:
    """Every token looks for flags: so much logit for one of each, whatever the distance."""
    rows = slice(head * HEAD, (head + 1) * HEAD)
    attention.q_proj.weight[rows] = 0
    attention.k_proj.weight[rows] = 0
    slowest = head * HEAD + HEAD // 2 - 1
    attention.q_proj.weight[slowest, constant] = 1 / one
    for dimension, logit in logits.items():
        attention.k_proj.weight[slowest, dimension] = logit * math.sqrt(HEAD)


def _match(attention: LlamaAttention, head: int, width: int) -> None:
    """Every token looks for a word like its own, by a random projection of words onto what rotates slowly."""
    half = HEAD // 2
    slow = [head * HEAD + side * half + i for side in (0, 1) for i in range(half * 5 // 16, half - 1)]
    projection = torch.linalg.qr(torch.randn(width, len(slow)))[0].T * _LIKENESS
    for weight in (attention.q_proj.weight, attention.k_proj.weight):
        weight[slow, :width] = projection


def _carry(attention: LlamaAttention, head: int, read: Mapping[int, float], to: int, size: float) -> None:
    """What is looked at gives a weighed sum of its dimensions, which `to` gains `size` times."""
    row = head * HEAD
    attention.v_proj.weight[row] = 0
    for dimension, weight in read.items():
        attention.v_proj.weight[row, dimension] = weight
    attention.o_proj.weight[:, row] = 0
    attention.o_proj.weight[to, row] = size
