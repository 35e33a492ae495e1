"""How anything is trained: the options that bi-encoder, teacher and student have in common."""

from dataclasses import dataclass

from retrieval.number_format import Precision


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """How to train.

    An optimiser step takes `accumulate` batches. `warmup` is the share of all steps with a rising learning rate; it
    falls linearly to 0 after. `patience` stops after that many epochs without a better validation (0: never).
    `freeze_embeddings` leaves the word embeddings as they are: half of a small model's weights. `dropout` replaces the
    model's own (None keeps it). Gradients are clipped to `gradient_norm`; a checkpoint is written every
    `checkpoint_seconds`.
    """

    epochs: int
    learning_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.01
    accumulate: int = 1
    patience: int = 0
    precision: Precision = "auto"
    freeze_embeddings: bool = False
    dropout: float | None = None
    checkpoint_seconds: float = 60.0
    gradient_norm: float = 1.0
    seed: int = 0
