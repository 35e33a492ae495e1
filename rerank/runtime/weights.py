"""A student's weights in one form for all encoders whose arithmetic is BERT's: post-norm layers, GELU, a CLS head.

BERT, RoBERTa, XLM-R, ELECTRA and DistilBERT differ in names, in where positions start and in the head; nothing else.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from transformers import PreTrainedModel


class Linear(NamedTuple):
    """y = x · weight + bias; `weight` float32 [inputs, outputs], `bias` float32 [outputs]."""

    weight: np.ndarray
    bias: np.ndarray


class Norm(NamedTuple):
    """A layer norm's scale and shift, float32 [hidden]."""

    scale: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True)
class Layer:
    """One encoder layer: attention, then a feed-forward net, each followed by its residual sum and norm."""

    query: Linear
    key: Linear
    value: Linear
    output: Linear
    attention_norm: Norm
    inner: Linear
    outer: Linear
    outer_norm: Norm


@dataclass(frozen=True)
class Weights:
    """A one-logit encoder.

    `words` [vocabulary, width], `positions` [positions, width] (row 0 is the first token's) and `types` [types, width]
    are summed and normalised; `projection` leads from width to hidden where they differ (ELECTRA). The head reads the
    first token: `dense`, `activation` ("tanh", "gelu" or "relu"), `logit` [hidden, 1].
    """

    words: np.ndarray
    positions: np.ndarray
    types: np.ndarray
    norm: Norm
    projection: Linear | None
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    dense: Linear
    activation: str
    logit: Linear


_BERT_LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
_DISTILBERT_LAYER = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "output": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "inner": "ffn.lin1",
    "outer": "ffn.lin2",
    "outer_norm": "output_layer_norm",
}


@dataclass(frozen=True)
class _Family:
    """How one architecture names things."""

    body: str
    dense: str
    activation: str
    logit: str
    stack: str = "encoder.layer"
    layer: tuple[tuple[str, str], ...] = tuple(_BERT_LAYER.items())
    epsilon: float | None = None
    positions_after_pad: bool = False


_FAMILIES = {
    "bert": _Family("bert", "bert.pooler.dense", "tanh", "classifier"),
    "electra": _Family("electra", "classifier.dense", "gelu", "classifier.out_proj"),
    "roberta": _Family("roberta", "classifier.dense", "tanh", "classifier.out_proj", positions_after_pad=True),
    "xlm-roberta": _Family("roberta", "classifier.dense", "tanh", "classifier.out_proj", positions_after_pad=True),
    "distilbert": _Family(
        "distilbert",
        "pre_classifier",
        "relu",
        "classifier",
        stack="transformer.layer",
        layer=tuple(_DISTILBERT_LAYER.items()),
        epsilon=1e-12,
    ),
}


def has_graph(model: PreTrainedModel) -> bool:
    """Whether the model's architecture is one of these, with the activation and positions that they share."""
    config = model.config
    activation = getattr(config, "hidden_act", getattr(config, "activation", None))
    absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
    return config.model_type in _FAMILIES and activation == "gelu" and absolute


def read_weights(model: PreTrainedModel) -> Weights | None:
    """The weights of a student, copied; None for a model without a graph."""
    if not has_graph(model):
        return None
    config = model.config
    family = _FAMILIES[config.model_type]
    state = {name: value.float().numpy().copy() for name, value in model.state_dict().items()}

    def linear(name: str) -> Linear:
        return Linear(np.ascontiguousarray(state[f"{name}.weight"].T), state[f"{name}.bias"])

    def norm(name: str) -> Norm:
        return Norm(state[f"{name}.weight"], state[f"{name}.bias"])

    embeddings = f"{family.body}.embeddings"
    words = state[f"{embeddings}.word_embeddings.weight"]
    positions = state[f"{embeddings}.position_embeddings.weight"]
    types = state.get(f"{embeddings}.token_type_embeddings.weight", np.zeros((2, words.shape[1]), np.float32))
    projected = f"{family.body}.embeddings_project.weight" in state
    layers = []
    for number in range(config.num_hidden_layers):
        at = f"{family.body}.{family.stack}.{number}"
        parts = {part: (norm if part.endswith("norm") else linear)(f"{at}.{name}") for part, name in family.layer}
        layers.append(Layer(**parts))  # type: ignore[arg-type]
    return Weights(
        words=words,
        positions=positions[config.pad_token_id + 1 :] if family.positions_after_pad else positions,
        types=types,
        norm=norm(f"{embeddings}.LayerNorm"),
        projection=linear(f"{family.body}.embeddings_project") if projected else None,
        layers=tuple(layers),
        heads=config.num_attention_heads,
        epsilon=family.epsilon or config.layer_norm_eps,
        dense=linear(family.dense),
        activation=family.activation,
        logit=linear(family.logit),
    )
