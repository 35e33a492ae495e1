"""The teacher's part of the configuration."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from retrieval.first_stages import FirstStage
from workflow.config.api import ApiSection
from workflow.config.section import Count, Section
from workflow.config.train import LabelsTrain, LoraSection, TeacherTrain

FIRST_STAGES: tuple[FirstStage, ...] = get_args(FirstStage)
"""The names of a run's retrievers."""


class TeacherSection(Section):
    """Who reads the judgements and labels the mined pairs."""

    kind: Literal["model", "ensemble", "api", "file"] = "model"
    """ "model": one cross-encoder; "ensemble": several, and first stages, weighed by the judgements; "api": a large
    language model behind an endpoint, which is not trained; "file": the labels of `labels` are the journal, and there
    is no model."""
    model: str = "default"
    ensemble: tuple[str, ...] = ()
    """The members of an ensemble: "bm25", "dense", "hybrid", and cross-encoders by directory, hub name or "default",
    each trained as the section says (the same name twice: two seeds). Weighed by the judgements, or, where `train` is
    null, by a tenth of the given labels, which no member learns."""
    ensemble_folds: Annotated[int, Field(ge=2)] = 3
    """Judged queries are dealt into so many folds, on whose out-of-fold scores the members are weighed."""
    labels: str | None = None
    """A file of labels another judge has given (query, product_id, grade, and p_GRADE for shares of the grades); learnt
    before the judgements."""
    labels_train: LabelsTrain = LabelsTrain()
    api: ApiSection | None = None
    head: Literal["soft", "grades"] = "soft"
    max_length: Count = 128
    lora: LoraSection | None = None
    spread: bool = False
    """Deal the model's layers over all GPUs (accelerate), where one is too small."""
    recompute: bool = False
    """Gradient checkpointing: less memory, some four fifths of the speed."""
    train: TeacherTrain | None = TeacherTrain()
    """How the judgements are learnt; null leaves the teacher as the given labels made it."""

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that are trained to label a chain's pairs."""
        if self.kind == "ensemble":
            return tuple(name for name in self.ensemble if name not in FIRST_STAGES)
        return (self.model,) if self.kind == "model" else ()

    @model_validator(mode="after")
    def _labels_need_full_weights(self) -> "TeacherSection":
        if self.kind == "file" and self.labels is None:
            raise ValueError("teacher.kind is 'file' and teacher.labels is missing, expected the file of labels")
        if self.train is None and (self.labels is None or self.kind not in ("model", "ensemble")):
            raise ValueError(
                "teacher.train is null, which leaves nothing to learn: expected teacher.labels and teacher.kind 'model'"
                " or 'ensemble' with it, so that the teacher learns the labels alone"
            )
        if self.labels is not None and self.lora is not None:
            raise ValueError(
                "teacher.labels and teacher.lora cannot go together: adapters cannot be trained on adapters"
            )
        return self

    @model_validator(mode="after")
    def _members_make_an_ensemble(self) -> "TeacherSection":
        if self.kind == "ensemble" and len(self.ensemble) < 2:
            raise ValueError(
                f"teacher.kind is 'ensemble' and teacher.ensemble has {len(self.ensemble)} members, expected two or "
                "more: for instance [bm25, dense, default]"
            )
        if self.kind != "ensemble" and self.ensemble:
            raise ValueError(f"teacher.ensemble is given and teacher.kind is {self.kind!r}: set teacher.kind: ensemble")
        return self

    @model_validator(mode="after")
    def _the_api_is_known(self) -> "TeacherSection":
        if self.kind == "api" and self.api is None:
            raise ValueError("teacher.kind is 'api' and teacher.api is missing, expected base_url and model in it")
        if self.kind != "api" and self.api is not None:
            raise ValueError(f"teacher.api is given and teacher.kind is {self.kind!r}: set teacher.kind: api")
        if self.kind == "api" and self.labels is not None:
            raise ValueError(
                "teacher.labels is given and teacher.kind is 'api', which learns nothing: leave labels out"
            )
        return self
