"""How a cross-encoder is trained, and what came of it."""

from dataclasses import dataclass

from rerank.precision import Precision


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    `loss` names one of `rerank.losses.LOSSES`. `pairs_per_batch` bounds the pairs of one forward pass, a batch being
    several whole groups; groups larger than `group_size` are dealt at random into parts, anew every epoch. An optimiser
    step takes `accumulate` batches. `warmup` is the share of all steps with a rising learning rate; it falls linearly
    to 0 after. `patience` stops after that many epochs without a better validation (0: never). `freeze_embeddings`
    leaves the word embeddings as they are: half of a small model's weights. `dropout` replaces the model's own (None
    keeps it). `average`: the model that is validated and kept has the mean weights of the last so many epochs.
    """

    loss: str = "margin_mse"
    epochs: int = 3
    learning_rate: float = 5e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    pairs_per_batch: int = 64
    group_size: int = 16
    accumulate: int = 1
    patience: int = 0
    average: int = 1
    precision: Precision = "auto"
    freeze_embeddings: bool = False
    dropout: float | None = None
    checkpoint_seconds: float = 60.0
    gradient_norm: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class TrainResult:
    """What happened.

    `steps` taken, mean loss and validation of each epoch, the best epoch counted from 1 (the last one without
    validation), alarms in plain words.
    """

    steps: int
    losses: tuple[float, ...]
    validations: tuple[float, ...]
    best_epoch: int
    warnings: tuple[str, ...]
