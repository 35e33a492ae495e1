"""Writes the bi-encoder as a graph: transformer, pooling and whatever follows them, traced as they are.

Which models trace nobody can tell beforehand, so what was written is asked the same as torch before it counts. A model
that does not trace, or answers otherwise, stays with torch, and the manifest says why.
"""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from eval.errors import MachineError
from eval.files import atomic_path, write_json
from retrieval.encoder import Encoder, EncoderSource, load_model, model_directory
from retrieval.graph_encoder import FORMAT, GRAPH, MANIFEST, TOKENIZER, WEIGHTS, GraphEncoder, graph_fingerprint
from retrieval.quiet import quiet_transformers

TOLERANCE = 1e-5
"""How far a component of a unit vector may be from torch's."""

PROBES = (
    "shoe",
    "Red cotton shirt, without logo for men: size 42",
    "  USB-C Kabel 2m, für Tür & Tor  10–20 € 電気 ",
    "acme wooden table 120 x 80 cm with steel legs | acme | natural oak | for kitchen, dining room and office " * 3,
    "longer than any model reads " * 2000,
)
"""Texts that graph and torch must give the same vector: few tokens and many, beyond any maximal length."""


def write_graph_encoder(source: EncoderSource, encoder: Encoder, path: Path) -> dict[str, Any]:
    """Write the directory `path`, whole or not at all: the graph of `encoder`, or why there is none.

    Args:
        source: what `encoder` was loaded from.

    Returns:
        The manifest: "largest_difference" from torch in any component over `PROBES`, or "why_torch".

    Raises:
        MachineError: the disk is full, or cannot be written.
    """
    about = {
        "format": FORMAT,
        "source": source.fingerprint,
        "encoder": encoder.fingerprint,
        "dimension": encoder.dim,
        "query_prefix": encoder.query_prefix,
        "product_prefix": encoder.product_prefix,
    }
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        try:
            _write(source, encoder, temporary)
            about["files"] = graph_fingerprint(temporary)
            write_json(temporary / MANIFEST, about)  # so that it opens as it will
            difference = _largest_difference(GraphEncoder(temporary, source), encoder)
            if not difference <= TOLERANCE:
                raise MachineError(f"the graph's vectors differ from torch's by {difference:.1g}")
            about["largest_difference"] = float(f"{difference:.1g}")
        except OSError:  # not the model's fault
            raise
        except Exception as error:  # whatever a model raises that cannot be traced
            for name in (GRAPH, WEIGHTS, TOKENIZER):
                (temporary / name).unlink(missing_ok=True)
            about.pop("files", None)
            about["why_torch"] = _line(error)
        write_json(temporary / MANIFEST, about)
    return about


class _Traced(torch.nn.Module):
    """Token ids (and types) [1, tokens] of one text to its unit vector [1, dim]."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, types: torch.Tensor | None = None) -> torch.Tensor:
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if types is not None:
            inputs["token_type_ids"] = types
        return F.normalize(self.model(inputs)["sentence_embedding"].float(), dim=1)


def _write(source: EncoderSource, encoder: Encoder, directory: Path) -> None:
    try:
        import onnx
    except ImportError:
        raise MachineError("onnx is not installed; run: pip install 'distilrank[serve]'") from None
    tokenizer = encoder.model.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise MachineError(f"{type(tokenizer).__name__} is no fast tokenizer")
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_padding()
    backend.no_truncation()
    if (longest := encoder.model.max_seq_length) is not None:
        backend.enable_truncation(longest, direction=tokenizer.truncation_side)
    backend.save(str(directory / TOKENIZER))
    # Fused attention does not trace; onnxruntime fuses what it can by itself.
    model = load_model(model_directory(source.path), device="cpu", model_kwargs={"attn_implementation": "eager"})
    example = tokenizer(PROBES[1], return_tensors="pt")
    inputs = {"ids": example["input_ids"]}
    if "token_type_ids" in example:
        inputs["types"] = example["token_type_ids"]
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        trace = str(Path(scratch) / GRAPH)
        with warnings.catch_warnings(), quiet_transformers(), torch.no_grad():
            warnings.simplefilter("ignore")  # of shapes that a trace takes as fixed: the comparison with torch tells
            torch.onnx.export(
                _Traced(model).eval(),
                tuple(inputs.values()),
                trace,
                input_names=list(inputs),
                output_names=["vectors"],
                dynamic_axes={name: {1: "tokens"} for name in inputs},
                dynamo=False,
            )
        whole = onnx.load(trace)
    onnx.save_model(whole, str(directory / GRAPH), save_as_external_data=True, location=WEIGHTS)
    shutil.copymode(directory / GRAPH, directory / WEIGHTS)  # written for its owner alone; servers have other users


def _largest_difference(graph: GraphEncoder, encoder: Encoder) -> float:
    """In any component of the probes' vectors, as queries and as products, each encoded alone."""
    asked = [(graph.encode_queries, encoder.encode_queries), (graph.encode_products, encoder.encode_products)]
    found = [np.abs(ours([text]) - theirs([text])).max() for ours, theirs in asked for text in PROBES]
    return float(np.max(found))


def _line(error: Exception) -> str:
    said = " ".join(str(error).split())[:200]
    return said if isinstance(error, MachineError) else f"{type(error).__name__}: {said}"
