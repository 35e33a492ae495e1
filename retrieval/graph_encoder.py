"""The bi-encoder without torch: its whole pipeline as an ONNX graph, run by onnxruntime on the thread that asks.

A query has some eight tokens, too few for torch's threads to share: they spin, waiting for each other. Every text is
computed alone, without padding, so that its vector depends on nothing but the text.

    model.onnx, weights.bin   the graph; its weights apart, so that processes which map them share the memory
    tokenizer.json            the tokenizer, set to the encoder's maximal length
    manifest.json             of which encoder it is; or why there is none
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from eval.errors import MachineError
from eval.files import fingerprint, read_json
from retrieval.encoder import EncoderSource
from retrieval.onnx_session import open_session
from retrieval.types import TextEncoder

FORMAT = 1
MANIFEST, GRAPH, WEIGHTS, TOKENIZER = "manifest.json", "model.onnx", "weights.bin", "tokenizer.json"

_log = logging.getLogger("distilrank.retrieval")


class NoGraphError(MachineError):
    """There is no graph to use, as was decided on purpose."""


class GraphEncoder:
    """A `TextEncoder` over what `write_graph_encoder` wrote; any number of threads may ask it at once.

    Args:
        path: the graph's directory.
        source: the encoder that it must be of.

    Raises:
        NoGraphError: the encoder has no graph.
        MachineError: it is missing, damaged, of another encoder or another format; or onnxruntime is not installed.
    """

    def __init__(self, path: Path, source: EncoderSource) -> None:
        about = read_manifest(path)
        if about["source"] != source.fingerprint:
            raise MachineError(f"{path} is of another encoder; build the index again")
        if "why_torch" in about:
            raise NoGraphError(about["why_torch"])
        if about["files"] != graph_fingerprint(path):
            raise MachineError(f"{path} is damaged; build the index again")
        self.engine = "onnxruntime"
        self.dim: int = about["dimension"]
        self.fingerprint: str = about["encoder"]
        self._path = path
        self._query_prefix: str = about["query_prefix"]
        self._product_prefix: str = about["product_prefix"]
        self._tokenizer = Tokenizer.from_file(str(path / TOKENIZER))
        self._session = open_session(path / GRAPH, "build the index again")
        self._takes_types = len(self._session.get_inputs()) > 1
        self._workers = ThreadPoolExecutor(torch.get_num_threads(), "encoder")

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """float32 unit vectors [len(texts), dim] of queries, each the same whatever it is encoded with.

        Raises:
            MachineError: the model gives numbers that are not finite.
        """
        return self._encode(self._query_prefix, texts)

    def encode_products(self, texts: Sequence[str]) -> np.ndarray:
        """As `encode_queries`, of product texts."""
        return self._encode(self._product_prefix, texts)

    def _encode(self, prefix: str, texts: Sequence[str]) -> np.ndarray:
        whole = [prefix + text for text in texts]
        if len(whole) == 1:  # a search: on its own thread
            vectors = self._vector(whole[0])[None]
        else:
            vectors = np.array(list(self._workers.map(self._vector, whole)), np.float32).reshape(len(whole), self.dim)
        if not np.isfinite(vectors).all():
            raise MachineError(f"{self._path} gives vectors that are not finite; the encoder's weights are broken")
        return vectors

    def _vector(self, text: str) -> np.ndarray:
        encoded = self._tokenizer.encode(text)
        inputs = {"ids": np.array([encoded.ids], dtype=np.int64)}
        if self._takes_types:
            inputs["types"] = np.array([encoded.type_ids], dtype=np.int64)
        return self._session.run(["vectors"], inputs)[0][0]


def open_text_encoder(path: Path, source: EncoderSource) -> TextEncoder:
    """The encoder by its graph at `path`; by torch where there is a GPU, and where the graph cannot be used.

    `engine` of what is answered says which, and why.

    Raises:
        as `Encoder`, where torch has to load it.
    """
    try:
        if torch.cuda.is_available():
            raise NoGraphError("there is a GPU")
        return GraphEncoder(path, source)
    except MachineError as error:
        if not isinstance(error, NoGraphError):
            _log.warning("torch encodes texts, which takes longer: %s", error)
        encoder = source.load()
        encoder.engine = f"torch ({error})"
        return encoder


def read_manifest(path: Path) -> dict[str, Any]:
    """What `write_graph_encoder` said of a graph.

    Raises:
        MachineError: it is not there, broken or of another format.
    """
    about = read_json(path / MANIFEST)
    try:
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}, expected {FORMAT}")
    except (KeyError, TypeError, ValueError) as error:
        raise MachineError(f"{path} is no graph of this version ({error}); build the index again") from error
    return about


def graph_fingerprint(path: Path) -> str:
    """16 hex digits over the bytes of the graph, its weights and its tokenizer."""
    return fingerprint([path / name for name in (GRAPH, WEIGHTS, TOKENIZER) if (path / name).exists()])
