"""The student: a BERT-family cross-encoder with one logit, small enough to answer in milliseconds.

It starts from the layers it keeps of a parent, learns a teacher's scores, and is saved so that
`sentence_transformers.CrossEncoder(path)` gives the very scores that `Student.score` gives. It must not know where its
labels come from, nor how it is served.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from eval.errors import InputError, MachineError
from eval.files import read_json
from rerank.classifier import move
from rerank.inputs import PairEncoder
from rerank.parent import build_student, read_encoder
from rerank.precision import Precision
from rerank.scoring import predict
from rerank.student_files import STUDENT_FILE, check_length, save_student
from rerank.training import Group, TrainOptions, TrainResult, train
from rerank.types import Pair
from retrieval.product_text import ProductTemplate

__all__ = ["Student", "build_student", "save_student", "train_student"]


class Student:
    """A trained student; a `rerank.types.Reranker`.

    Args:
        template: how product texts are composed.
        max_length: tokens of query and product together.
        facts: what else is known of it (parent, layers, training), as `student.json` tells it.
        token_budget: tokens in one batch, padding included.
        precision: of the arithmetic. "float32" gives what other loaders give; "auto" is faster where the hardware has
            bfloat16, with logits within some 1 % of these.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        template: ProductTemplate,
        *,
        max_length: int,
        facts: Mapping[str, Any] | None = None,
        token_budget: int = 4096,
        precision: Precision = "float32",
    ) -> None:
        self.model = model
        self.template = template
        self.max_length = max_length
        self.facts = dict(facts or {})
        self.token_budget = token_budget
        self.precision: Precision = precision
        self.pair_encoder = PairEncoder(tokenizer, "encoder", template, max_length)

    @classmethod
    def load(
        cls, path: str | Path, *, device: str | None = None, token_budget: int = 4096, precision: Precision = "float32"
    ) -> "Student":
        """Read what `save_student` wrote, in float32, onto `device` (None: a GPU where there is one).

        Raises:
            MachineError: when the directory is missing or is no student's.
        """
        path = Path(path)
        if not path.is_dir():
            raise MachineError(f"{path} is no directory; train a student first")
        about = read_json(path / STUDENT_FILE)
        try:
            stored = about.pop("template")
            template = ProductTemplate(tuple(stored["fields"]), stored["max_characters"])
            max_length = int(about.pop("max_length"))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise MachineError(f"{path / STUDENT_FILE} is not a student's ({error!r}); train it again") from error
        model, tokenizer, missing = read_encoder(path)
        if missing:
            raise MachineError(f"{path} lacks {len(missing)} of the student's weights ({missing[0]} …); train it again")
        move(model.eval(), device)
        return cls(
            model,
            tokenizer,
            template,
            max_length=max_length,
            facts=about,
            token_budget=token_budget,
            precision=precision,
        )

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 logits of shape [len(pairs)]; only their order within one query means anything."""
        if not pairs:
            return np.zeros(0, dtype=np.float32)
        logits = predict(self.model, self.pair_encoder, pairs, token_budget=self.token_budget, precision=self.precision)
        return logits[:, 0]


def train_student(
    parent: str | Path,
    groups: Sequence[Group],
    options: TrainOptions,
    path: Path,
    template: ProductTemplate,
    *,
    layers: Sequence[int] | int | None = None,
    max_length: int = 128,
    checkpoints: Path | None = None,
    validate: Callable[[Student], float] | None = None,
    progress: Callable[[int, int], None] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Student, TrainResult]:
    """Build a student from `parent`, train it on labelled groups, save it at `path`, and return it loaded from there.

    Args:
        groups: one query each, with products and targets (teacher logits for most losses, `rerank.losses` says which).
        options: the loss by name, and how to train; its seed also draws the head.
        layers: as in `build_student`.
        checkpoints: where an interrupted run resumes from, and goes on to the same weights.
        validate: a number on dev, higher is better, of the student as it stands after each epoch.
        progress: called with (steps done, steps in all).
        facts: more for `student.json` (teacher version, data …).

    Raises:
        InputError: when there is nothing to train on, or the parent has too few layers or positions.
        MachineError: when the parent is no model of the BERT family, or training ends in NaN.
    """
    if not groups:
        raise InputError("no labelled query to train the student on; label pairs first")
    start = build_student(parent, layers, seed=options.seed)
    check_length(start.model.config, max_length)
    move(start.model, None)
    in_training = Student(start.model, start.tokenizer, template, max_length=max_length, precision=options.precision)

    result = train(
        start.model,
        in_training.pair_encoder,
        groups,
        options,
        checkpoints=checkpoints,
        validate=None if validate is None else lambda _: validate(in_training),
        progress=progress,
    )
    about = {
        "parent": str(parent),
        "layers": list(start.layers),
        "parent_layers": start.parent_layers,
        "training": {
            "options": asdict(options),
            "result": asdict(result),
            "queries": len(groups),
            "pairs": sum(len(group.products) for group in groups),
        },
        **(facts or {}),
    }
    save_student(start.model, start.tokenizer, path, template, max_length=max_length, facts=about)
    return Student.load(path), result
