"""The teacher's part of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from workflow.section import Count, Section
from workflow.train_sections import LabelsTrain, LoraSection, TeacherTrain

FIRST_STAGES = ("bm25", "dense", "hybrid")
"""The names of a run's retrievers."""


class TeacherSection(Section):
    """Who reads the judgements and labels the mined pairs."""

    kind: Literal["model", "ensemble"] = "model"
    """ "model": one cross-encoder; "ensemble": several, and first stages, weighed by the judgements."""
    model: str = "default"
    ensemble: tuple[str, ...] = ()
    """The members of an ensemble: "bm25", "dense", "hybrid", and cross-encoders by directory, hub name or "default",
    each trained as the section says (the same name twice: two seeds)."""
    ensemble_folds: Annotated[int, Field(ge=2)] = 3
    """Judged queries are dealt into so many folds, on whose out-of-fold scores the members are weighed."""
    labels: str | None = None
    """A file of labels another judge has given (query, product_id, grade); learnt before the judgements."""
    labels_train: LabelsTrain = LabelsTrain()
    head: Literal["soft", "grades"] = "soft"
    max_length: Count = 128
    lora: LoraSection | None = None
    train: TeacherTrain = TeacherTrain()

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that are trained to label a chain's pairs."""
        if self.kind == "ensemble":
            return tuple(name for name in self.ensemble if name not in FIRST_STAGES)
        return (self.model,)

    @model_validator(mode="after")
    def _labels_need_full_weights(self) -> "TeacherSection":
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
