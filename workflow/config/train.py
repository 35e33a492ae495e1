"""The training parts of the configuration: one section a use, each with its own defaults."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from workflow.config.section import Count, Positive, Section, Share


class TrainSection(Section):
    """How a cross-encoder is trained.

    Each use is a subclass with its own defaults, so that setting one option leaves the others as they are.
    """

    epochs: Count = 2
    learning_rate: Positive = 5e-5
    warmup: Share = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    pairs_per_batch: Count = 64
    group_size: Annotated[int, Field(ge=2)] = 16
    accumulate: Count = 1
    patience: Annotated[int, Field(ge=0)] = 0
    average: Count = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    freeze_embeddings: bool = True
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = 0.0
    checkpoint_seconds: Positive = 60.0


class PretrainTrain(TrainSection):
    """How the first stage's order is learnt."""

    epochs: Count = 1
    learning_rate: Positive = 1e-4


class LabelsTrain(TrainSection):
    """How the teacher learns given labels."""


class TeacherTrain(TrainSection):
    """How the teacher learns the judgements."""

    epochs: Count = 3


class StudentTrain(TrainSection):
    """How the student learns the teacher's labels."""

    epochs: Count = 3
    learning_rate: Positive = 1e-4


class FinalTrain(TrainSection):
    """How the student's last pass over the judgements goes."""


class JudgementsTrain(TrainSection):
    """How the student that learns from the judgements alone is trained."""

    epochs: Count = 8
    learning_rate: Positive = 1e-4


class LoraSection(Section):
    """Low-rank adapters instead of full fine-tuning, for decoder teachers."""

    rank: Count = 16
    alpha: Count = 32
    dropout: Share = 0.05
    targets: tuple[str, ...] = ("q_proj", "v_proj")
    four_bit: bool = False
    """Hold the frozen weights as 4-bit numbers (bitsandbytes, an NVIDIA GPU)."""


class WeightsSection(Section):
    """How much each of the teacher's labels counts, see augment/label_weights.py."""

    position: Annotated[float, Field(ge=0)] = 0.3
    confidence: Annotated[float, Field(ge=0)] = 0.5
    consistency: Annotated[float, Field(ge=0)] = 0.1
    decay: Positive = 4.0

    @model_validator(mode="after")
    def _something_counts(self) -> "WeightsSection":
        if not self.position + self.confidence + self.consistency:
            raise ValueError("position, confidence and consistency are all 0, expected one above; or weights: null")
        return self


class PruneSection(Section):
    """Which of the teacher's labels are dropped, see augment/pruning.py."""

    uncertain: Share | None = None
    contradicted: Share | None = None
