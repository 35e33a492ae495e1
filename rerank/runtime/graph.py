"""A student's arithmetic as an ONNX graph for onnxruntime, in float32 or with int8 linear layers.

Written node by node rather than traced, for what a tracer does not know: the score reads the first token alone, so the
last layer is computed for it alone (keys and values of all tokens, the rest of one); attention, norms and the residual
sums are onnxruntime's fused operators; the scales of activations are constants, so that a pair's score does not depend
on its neighbours.

Inputs: `ids` and `types` int32 [batch, tokens], `lengths` int32 [batch]. Output: `scores` float32 [batch].
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rerank.runtime.quantise import Scale, quantise_weight
from rerank.runtime.weights import Layer, Linear, Norm, Weights

_CONTRIB = "com.microsoft"


def build_graph(
    weights: Weights, scales: Mapping[str, Scale] | None = None, *, watched: bool = False
) -> onnx.ModelProto:
    """The student's graph.

    Args:
        scales: how the linear layers' inputs are quantised, by the names that `watched` gives them; None for float32.
        watched: make these inputs outputs as well ("0.attention", "0.output", "0.inner", "0.outer", "1.attention" …),
            for calibration.
    """
    return _Graph(weights, scales or {}, watched).build()


class _Graph:
    def __init__(self, weights: Weights, scales: Mapping[str, Scale], watched: bool) -> None:
        self.weights = weights
        self.scales = scales
        self.watched: dict[str, str] | None = {} if watched else None
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.quantised: dict[str, str] = {}

    def build(self) -> onnx.ModelProto:
        weights = self.weights
        hidden = self.embeddings()
        mask = self.mask()
        last = len(weights.layers) - 1
        for number, layer in enumerate(weights.layers):
            hidden = self.layer(str(number), layer, hidden, mask, first_only=number == last)
        dense = self.linear("head", weights.dense, hidden)
        active = {"tanh": ("Tanh", ""), "gelu": ("Gelu", _CONTRIB), "relu": ("Relu", "")}[weights.activation]
        logit = self.linear("logit", weights.logit, self.add(active[0], [dense], domain=active[1]))
        self.add("Reshape", [logit, self.constant("flat", np.array([-1], np.int64))], outputs=["scores"])
        graph = helper.make_graph(
            self.nodes,
            "student",
            [
                helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "tokens"]),
                helper.make_tensor_value_info("types", TensorProto.INT32, ["batch", "tokens"]),
                helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
            ],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch"]), *self.watches()],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="distilrank")

    def watches(self) -> list[onnx.ValueInfoProto]:
        for site, value in (self.watched or {}).items():
            self.add("Identity", [value], outputs=[site])
        return [helper.make_tensor_value_info(site, TensorProto.FLOAT, None) for site in self.watched or {}]

    def embeddings(self) -> str:
        weights = self.weights
        tables = [
            self.constant("words", weights.words),
            self.constant("positions", weights.positions),
            self.constant("segments", weights.types),
            self.constant("embeddings.scale", weights.norm.scale),
            self.constant("embeddings.shift", weights.norm.shift),
        ]
        hidden = self.add(
            "EmbedLayerNormalization",
            ["ids", "types", *tables],
            domain=_CONTRIB,
            outputs=["embedded", "unused"],
            epsilon=weights.epsilon,
        )
        return self.linear("projection", weights.projection, hidden) if weights.projection else hidden

    def mask(self) -> str:
        """1 for the tokens of a pair and 0 for padding, int32 [batch, tokens]."""
        width = self.add("Gather", [self.add("Shape", ["ids"]), self.constant("one", np.array(1, np.int64))], axis=0)
        begin, step = self.constant("begin", np.array(0, np.int64)), self.constant("step", np.array(1, np.int64))
        place = self.add("Cast", [self.add("Range", [begin, width, step])], to=TensorProto.INT32)
        length = self.add("Unsqueeze", ["lengths", self.constant("last", np.array([1], np.int64))])
        return self.add("Cast", [self.add("Less", [place, length])], to=TensorProto.INT32)

    def layer(self, name: str, layer: Layer, hidden: str, mask: str, *, first_only: bool) -> str:
        query_from = hidden
        if first_only:
            first = self.constant("first", np.array([0], np.int64))
            query_from = self.add("Gather", [hidden, first], axis=1)
        site = f"{name}.attention"
        # The last layer's one query a pair is worth full precision: its error would reach the score undiluted.
        query = self.linear(f"{name}.query", layer.query, query_from, "" if first_only else site)
        key = self.linear(f"{name}.key", layer.key, hidden, site)
        value = self.linear(f"{name}.value", layer.value, hidden, site)
        context = self.add(
            "MultiHeadAttention", [query, key, value, "", mask], domain=_CONTRIB, num_heads=self.weights.heads
        )
        attended = self.linear(f"{name}.output", layer.output, context, f"{name}.output")
        hidden = self.norm(f"{name}.attention_norm", layer.attention_norm, attended, query_from)
        inner = self.linear(f"{name}.inner", layer.inner, hidden, f"{name}.inner")
        active = self.add("Gelu", [inner], domain=_CONTRIB)
        outer = self.linear(f"{name}.outer", layer.outer, active, f"{name}.outer")
        return self.norm(f"{name}.outer_norm", layer.outer_norm, outer, hidden)

    def linear(self, name: str, linear: Linear, inputs: str, site: str = "") -> str:
        """One linear layer, whose input is quantised as at `site`."""
        if site and self.watched is not None:
            self.watched.setdefault(site, inputs)
        scale = self.scales.get(site)
        bias = self.constant(f"{name}.bias", linear.bias)
        if scale is None:
            return self.add("Add", [self.add("MatMul", [inputs, self.constant(f"{name}.weight", linear.weight)]), bias])
        weight, steps = quantise_weight(linear.weight * scale.divisors[:, None])
        operands = [
            self.quantise(inputs, site, scale),
            self.constant(f"{name}.weight", weight),
            self.constant(f"{site}.step", np.array(scale.step, np.float32)),
            self.constant(f"{name}.steps", steps),
            self.constant(f"{site}.zero", np.array(scale.zero, np.uint8)),
            "",
            bias,
        ]
        return self.add("MatMulIntegerToFloat", operands, domain=_CONTRIB)

    def quantise(self, inputs: str, site: str, scale: Scale) -> str:
        """The activations at a site as uint8, once for all the layers that read them."""
        if site not in self.quantised:
            if (scale.divisors != 1.0).any():
                inputs = self.add("Mul", [inputs, self.constant(f"{site}.factors", 1.0 / scale.divisors)])
            step = self.constant(f"{site}.step", np.array(scale.step, np.float32))
            zero = self.constant(f"{site}.zero", np.array(scale.zero, np.uint8))
            self.quantised[site] = self.add("QuantizeLinear", [inputs, step, zero])
        return self.quantised[site]

    def norm(self, name: str, norm: Norm, inputs: str, residual: str) -> str:
        """The layer norm of `inputs` + `residual`: onnxruntime's one operator for it takes five times these two."""
        total = self.add("Add", [inputs, residual])
        scale, shift = self.constant(f"{name}.scale", norm.scale), self.constant(f"{name}.shift", norm.shift)
        return self.add("LayerNormalization", [total, scale, shift], epsilon=self.weights.epsilon)

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = np.ascontiguousarray(value) if value.ndim else value
        return name

    def add(
        self,
        operator: str,
        inputs: list[str],
        *,
        domain: str = "",
        outputs: list[str] | None = None,
        **attributes: Any,
    ) -> str:
        """Append a node; the name of its first output."""
        outputs = outputs or [f"{operator}.{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]
