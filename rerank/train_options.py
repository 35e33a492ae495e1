"""How a cross-encoder is trained, and what came of it."""

from dataclasses import dataclass

from retrieval.loop_options import LoopOptions


@dataclass(frozen=True, kw_only=True)
class TrainOptions(LoopOptions):
    """How to train a cross-encoder.

    `loss` names one of `rerank.losses.LOSSES`. `pairs_per_batch` bounds the pairs of one forward pass, a batch being
    several whole groups; groups larger than `group_size` are dealt at random into parts, anew every epoch. `average`:
    the model that is validated and kept has the mean weights of the last so many epochs.
    """

    loss: str = "margin_mse"
    epochs: int = 3
    learning_rate: float = 5e-5
    pairs_per_batch: int = 64
    group_size: int = 16
    average: int = 1


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
