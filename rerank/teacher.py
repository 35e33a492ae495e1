"""The teacher: a transformers classifier, trained with soft targets on judgements, that labels pairs.

Encoders and decoders take one code path; they differ in how a pair is presented (rerank.inputs). It must not know which
pairs it is asked about, nor where its labels go.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from eval.errors import InputError, MachineError
from eval.files import atomic_path, fingerprint, read_json, write_json
from eval.grades import Grade, GradeScale, Shares
from rerank.classifier import load_classifier, move
from rerank.heads import Head, head_named
from rerank.inputs import PairEncoder
from rerank.lora import LoraOptions, add_adapters, load_adapters, save_adapters
from rerank.placement import Placement
from rerank.precision import Precision
from rerank.scoring import predict
from rerank.training import TrainOptions, TrainResult, train
from rerank.training_data import Group
from rerank.types import Label, Pair, label_scores
from retrieval.product_text import ProductTemplate
from retrieval.quiet import quiet_transformers
from retrieval.types import Product, Query

TEACHER_FILE = "teacher.json"


@dataclass(frozen=True)
class JudgedQuery:
    """A query with its judged products and the gains of their grades, in the same order.

    `shares` holds, of a judge that says how sure it is, what falls to each grade, best first, 1 in all; None of a
    product without, or for all of them.
    """

    query: Query
    products: Sequence[Product]
    gains: Sequence[int]
    shares: Sequence[Shares | None] | None = None


class Teacher:
    """A trained teacher; a `rerank.types.Reranker` that also labels.

    Attributes:
        version: changes whenever a label could: a hash over weights, tokenizer, head, scale, template and length.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        pair_encoder: PairEncoder,
        head: Head,
        version: str,
        *,
        token_budget: int = 4096,
        precision: Precision = "auto",
    ) -> None:
        self.model = model
        self.pair_encoder = pair_encoder
        self.head = head
        self.version = version
        self.token_budget = token_budget
        self.precision: Precision = precision

    @classmethod
    def load(cls, path: str | Path, device: str | None = None, *, precision: Precision = "auto") -> "Teacher":
        """Read what `train_teacher` wrote; `device` None is a GPU where there is one.

        Raises:
            MachineError: when the directory is none, is not a teacher's, or its base model or peft is missing.
        """
        path = Path(path)
        if not (path / TEACHER_FILE).is_file():
            raise MachineError(f"{path} is no teacher ({TEACHER_FILE} is missing); train one first")
        about = read_json(path / TEACHER_FILE)
        try:
            grades = tuple(Grade(name, gain, target) for name, gain, target in about["scale"]["grades"])
            scale = GradeScale(about["scale"]["name"], grades, about["scale"]["relevant_from"])
            template = ProductTemplate(tuple(about["template"]["fields"]), about["template"]["max_characters"])
            head, base, max_length, version = (about[key] for key in ("head", "base", "max_length", "version"))
            lora = about["lora"]
        except (KeyError, TypeError, ValueError) as error:
            raise MachineError(f"{path / TEACHER_FILE} is damaged ({error!r}); train the teacher again") from error
        made = head_named(head, scale)
        dtype = _base_dtype(device, lora=lora is not None)
        placement = Placement(four_bit=bool(lora and lora.get("four_bit")), spread=bool(about.get("spread")))
        model, tokenizer, kind = load_classifier(base if lora else path, made.outputs, dtype=dtype, placement=placement)
        pair_encoder = PairEncoder(tokenizer, kind, template, max_length)
        _pad(model, pair_encoder)
        if lora:
            model = load_adapters(model, path, merge=not placement.four_bit)
        model = model if placement.is_final else move(model, device)
        return cls(model.eval(), pair_encoder, made, version, precision=precision)

    def label(self, pairs: Sequence[Pair], progress: Callable[[int, int], None] | None = None) -> list[Label]:
        """One label a pair, in order; a pair whose logits are not finite gets a failed label."""
        return self.head.labels(self._logits(pairs, progress))

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 label scores [len(pairs)], within ±8; a pair whose label failed ranks last (−8)."""
        return label_scores(self.label(pairs))

    def _logits(self, pairs: Sequence[Pair], progress: Callable[[int, int], None] | None) -> np.ndarray:
        return predict(
            self.model,
            self.pair_encoder,
            pairs,
            token_budget=self.token_budget,
            precision=self.precision,
            progress=progress,
        )


def train_teacher(
    base: str | Path,
    head: str,
    judged: Sequence[JudgedQuery],
    scale: GradeScale,
    template: ProductTemplate,
    path: Path,
    options: TrainOptions,
    *,
    max_length: int = 256,
    lora: LoraOptions | None = None,
    spread: bool = False,
    recompute: bool = False,
    checkpoints: Path | None = None,
    validate: Callable[[Teacher], float] | None = None,
    progress: Callable[[int, int], None] | None = None,
    device: str | None = None,
) -> tuple[Teacher, TrainResult]:
    """Train a teacher on judgements, save it at `path` (whole or not at all) and return it loaded from there.

    Args:
        base: a model directory or hub name: an encoder (BERT family) or a decoder (Llama, Qwen, Mistral, Gemma …).
        head: "soft" (one logit) or "grades" (one logit a grade); it decides the loss, `options.loss` is not read.
        options: how to train; the seed also draws the new head and the adapters.
        max_length: tokens of a pair, prompt included.
        lora: train low-rank adapters instead of all weights; the directory then holds these, and needs `base` to load.
        spread: deal the layers over all devices (`rerank.placement`).
        recompute: compute activations again in the backward pass instead of keeping them (gradient checkpointing):
            some four fifths of the speed in a fraction of the memory.
        checkpoints, validate, progress: as in `rerank.training.train`; `validate` gets the teacher as it stands.

    Raises:
        InputError: on an unknown head, a gain outside the scale, LoRA targets the model lacks, no judgements.
        MachineError: when `base` is no model, peft is missing, training diverges or the disk is full.
    """
    made = head_named(head, scale)
    if not judged:
        raise InputError("no judged query to train the teacher on; give judgements")
    placement = Placement(four_bit=lora is not None and lora.four_bit, spread=spread)
    model, tokenizer, kind = load_classifier(
        base,
        made.outputs,
        seed=options.seed,
        dtype=_base_dtype(device, lora=lora is not None),
        placement=placement,
    )
    pair_encoder = PairEncoder(tokenizer, kind, template, max_length)
    _pad(model, pair_encoder)
    if lora is not None:
        model = add_adapters(model, lora, options.seed)
    if recompute:
        model.config.use_cache = False
        model.enable_input_require_grads()  # else nothing is computed again where the embeddings are frozen
        enable = getattr(model, "activation_checkpointing_enable", None)  # the newer name
        (enable or model.gradient_checkpointing_enable)({"use_reentrant": False})
    if not placement.is_final:
        move(model, device)
    teacher = Teacher(model, pair_encoder, made, "in training", precision=options.precision)
    result = train(
        model,
        pair_encoder,
        [Group(entry.query, entry.products, made.targets(entry.gains, entry.shares)) for entry in judged],
        replace(options, loss=made.loss),
        checkpoints=checkpoints,
        validate=None if validate is None else lambda _: validate(teacher),
        progress=progress,
    )
    about = {
        "base": str(base),
        "head": made.name,
        "kind": kind,
        "lora": None if lora is None else asdict(lora),
        "spread": spread,
        "max_length": max_length,
        "template": {"fields": list(template.fields), "max_characters": template.max_characters},
        "scale": {
            "name": scale.name,
            "grades": [[grade.name, grade.gain, grade.target] for grade in scale.grades],
            "relevant_from": scale.relevant_from,
        },
    }
    _save(teacher, about, path)
    return Teacher.load(path, device, precision=options.precision), result


def _base_dtype(device: str | None, *, lora: bool) -> torch.dtype:
    """Frozen weights on a GPU may be bfloat16; weights that are trained, or run on a CPU, are float32."""
    on_gpu = (device or ("cuda" if torch.cuda.is_available() else "cpu")).startswith("cuda")
    return torch.bfloat16 if lora and on_gpu else torch.float32


def _pad(model: PreTrainedModel, pair_encoder: PairEncoder) -> None:
    """Tell the model its pad token: a decoder's classifier reads the last token that is not one."""
    model.config.pad_token_id = pair_encoder.pad_id
    model.config.get_text_config().pad_token_id = pair_encoder.pad_id


def _save(teacher: Teacher, about: dict[str, Any], path: Path) -> None:
    with atomic_path(path) as temporary, quiet_transformers():
        temporary.mkdir(parents=True)
        if about["lora"] is None:
            teacher.model.save_pretrained(temporary)
        else:
            save_adapters(teacher.model, temporary)
        backend = getattr(teacher.pair_encoder.tokenizer, "backend_tokenizer", None)
        if backend is not None:  # else the last call's truncation would be saved with it
            backend.no_truncation()
            backend.no_padding()
        teacher.pair_encoder.tokenizer.save_pretrained(temporary)
        # A copy of the same model elsewhere is the same teacher, so where its base lies does not count; adapters know
        # their base by name only.
        counted = {name: value for name, value in about.items() if name != "base" or about["lora"]}
        counted.pop("spread")
        digest = hashlib.sha256(json.dumps(counted, sort_keys=True).encode())
        digest.update(fingerprint(sorted(temporary.glob("*.safetensors"))).encode())
        digest.update(fingerprint(sorted(temporary.glob("token*"))).encode())
        write_json(temporary / TEACHER_FILE, {**about, "version": digest.hexdigest()[:16]})
