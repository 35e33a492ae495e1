"""The configuration of a run: every option with its default, checked before any hour is spent.

What can be known from the options alone is refused here; what needs the data or a model, `distilrank doctor` looks at.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from augment import selection
from augment.mine_options import MineOptions
from eval.errors import InputError
from eval.files import write_text
from eval.grades import ESCI, WANDS, Grade, GradeScale
from retrieval.product_text import ProductTemplate
from workflow.load_config import read_options

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of the configuration; unknown options are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ShopSection(Section):
    """The size of the embedded synthetic shop."""

    products: Count = 5000
    train: Count = 150
    dev: Count = 100
    test: Count = 600
    log: Count = 8000
    judged: Count = 20
    seed: int = 1
    world: Literal["main", "second"] = "main"


class Columns(Section):
    """Column names of the plain form, ours to yours."""

    product_id: str = "product_id"
    fields: dict[str, str] = {}
    query_id: str = "query_id"
    query: str = "query"
    grade: str = "grade"
    split: str = "split"


class DataSection(Section):
    """Where catalogue, judgements and query log come from."""

    format: Literal["auto", "shop", "esci", "wands", "beir", "plain"] = "auto"
    path: str | None = None
    products: str | None = None
    queries: str | None = None
    judgements: str | None = None
    log: str | None = None
    columns: Columns = Columns()
    scale: Literal["esci", "wands"] | dict[str, tuple[int, float]] | None = None
    locale: str = "us"
    shop: ShopSection = ShopSection()
    dev: Literal["given", "folds", "holdout"] = "given"
    folds: Annotated[int, Field(ge=2)] = 4
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.1

    def grade_scale(self) -> GradeScale | None:
        """The scale that is named or spelt out here, best grade first; None leaves it to the reader.

        Raises:
            ValueError: when there are fewer than two grades, or two grades share a gain.
        """
        if self.scale is None:
            return None
        if isinstance(self.scale, str):
            return {"esci": ESCI, "wands": WANDS}[self.scale]
        if len(self.scale) < 2:
            raise ValueError(
                f"data.scale has {len(self.scale)} grades, expected two or more; write one line a grade, "
                "name: [gain, soft target]"
            )
        ordered = sorted(self.scale.items(), key=lambda item: -item[1][0])
        grades = tuple(Grade(name, gain, target) for name, (gain, target) in ordered)
        try:
            return GradeScale("own", grades, grades[0].name)
        except InputError as error:
            raise ValueError(f"data.scale: {error}") from None

    @model_validator(mode="after")
    def _scale_is_one(self) -> "DataSection":
        self.grade_scale()
        return self


class FieldsSection(Section):
    """Which product fields the models read, in this order; the teacher may read more."""

    student: tuple[str, ...] = ("title", "brand", "colour")
    teacher: tuple[str, ...] = ("title", "brand", "colour")

    @model_validator(mode="after")
    def _fields_make_a_text(self) -> "FieldsSection":
        for who, fields in (("student", self.student), ("teacher", self.teacher)):
            try:
                ProductTemplate(fields)
            except InputError as error:
                raise ValueError(f"fields.{who}: {error}") from None
        return self


class EncoderSection(Section):
    """The bi-encoder of the first stage: a sentence-transformers model."""

    model: str = "default"
    max_length: Count = 128
    query_prefix: str = ""
    product_prefix: str = ""
    batch_size: Count = 128


class IndexSection(Section):
    """How the catalogue is searched."""

    kind: Literal["flat", "hnsw"] = "flat"
    first_stage: Literal["dense", "bm25", "hybrid"] = "hybrid"


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
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    freeze_embeddings: bool = False
    checkpoint_seconds: Positive = 60.0


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


class TeacherSection(Section):
    """The model that reads the judgements and labels the mined pairs."""

    model: str = "default"
    labels: str | None = None
    """A file of labels another judge has given (query, product_id, grade or p_GRADE); learnt before the judgements."""
    labels_train: LabelsTrain = LabelsTrain()
    head: Literal["soft", "grades"] = "soft"
    max_length: Count = 128
    lora: LoraSection | None = None
    train: TeacherTrain = TeacherTrain()

    @model_validator(mode="after")
    def _labels_need_full_weights(self) -> "TeacherSection":
        if self.labels is not None and self.lora is not None:
            raise ValueError(
                "teacher.labels and teacher.lora cannot go together: adapters cannot be trained on adapters"
            )
        return self


class Stratum(Section):
    """Take `take` candidates whose first-stage rank lies in `first`..`last` (1 is the best)."""

    first: Count
    last: Count
    take: Count


class MineSection(Section):
    """Which unlabelled pairs the teacher is asked about."""

    queries: Count = 2000
    strata: tuple[Stratum, ...] = (
        Stratum(first=1, last=4, take=4),
        Stratum(first=5, last=20, take=3),
        Stratum(first=21, last=80, take=2),
    )
    random: Annotated[int, Field(ge=0)] = 1
    neighbours: Annotated[int, Field(ge=0)] = 2
    depth: Count = 80
    uncovered_share: Share = 0.1
    well_covered: Share = 0.7
    by_frequency: bool = True
    pool: Count = 50_000
    category_field: str | None = "category"
    judged: bool = True

    def options(self) -> MineOptions:
        """What augment.mining takes.

        Raises:
            InputError: when the strata overlap, reach below `depth`, or nothing is asked for.
        """
        strata = tuple(selection.Stratum(**stratum.model_dump()) for stratum in self.strata)
        return MineOptions(**self.model_dump(exclude={"strata"}), strata=strata)

    @model_validator(mode="after")
    def _can_be_mined(self) -> "MineSection":
        try:
            self.options()
        except InputError as error:
            raise ValueError(str(error)) from None
        return self


class LabelSection(Section):
    """The teacher's bulk labelling."""

    shard_pairs: Count = 2048
    failed_share: Share = 0.01


class StudentSection(Section):
    """The cross-encoder that is served."""

    parent: str = "default"
    """A model's directory or hub name, "default" (the embedded MiniLM), or "teacher": layers of the teacher itself,
    where it is an encoder."""
    layers: Count | tuple[int, ...] | None = None
    max_length: Count = 64
    loss: Literal["margin_mse", "pointwise_mse", "ranknet", "listwise_kl", "soft_bce"] = "margin_mse"
    train: StudentTrain = StudentTrain()
    final_train: FinalTrain | None = None
    """A last pass over the judgements, with `final_loss`; null leaves it out."""
    final_loss: Literal["soft_bce", "ranknet", "listwise_kl", "margin_mse", "pointwise_mse"] = "soft_bce"
    judgements_train: JudgementsTrain | None = JudgementsTrain()
    """How the student that learns from the judgements alone is trained, for comparison; null leaves it out."""


class MeasureSection(Section):
    """What the table says."""

    cutoff: Count = 10
    recall: Count = 100
    window: Count = 50
    min_judged: Annotated[int, Field(ge=2)] = 2
    timed_queries: Count = 30


class BudgetSection(Section):
    """Minutes a stage may take before it stops with what it has (exit code 5); running again goes on.

    Prepare and measure keep nothing until they are whole, so a budget could only waste them: they have none.
    """

    prepare: ClassVar[None] = None
    measure: ClassVar[None] = None
    index: Positive | None = None
    mine: Positive | None = None
    teacher: Positive | None = None
    label: Positive | None = None
    student: Positive | None = None


class Config(Section):
    """A whole run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: int = 7
    threads: Annotated[int, Field(ge=1)] | None = None
    data: DataSection = DataSection()
    fields: FieldsSection = FieldsSection()
    encoder: EncoderSection = EncoderSection()
    index: IndexSection = IndexSection()
    teacher: TeacherSection = TeacherSection()
    mine: MineSection = MineSection()
    label: LabelSection = LabelSection()
    student: StudentSection = StudentSection()
    measure: MeasureSection = MeasureSection()
    budget_minutes: BudgetSection = BudgetSection()

    @model_validator(mode="after")
    def _the_parent_has_layers(self) -> "Config":
        if self.student.parent == "teacher" and self.teacher.lora is not None:
            raise ValueError(
                "student.parent is 'teacher' and teacher.lora is set, expected a teacher with weights of its own: "
                "give student.parent an encoder's directory or hub name, or leave teacher.lora out"
            )
        return self


def load_config(path: Path, overrides: dict[str, Any] | None = None) -> Config:
    """Read a YAML config; `overrides` maps dotted option names to values and wins over the file.

    Raises:
        InputError: when the file is missing, is not YAML, or has an unknown or ill-typed option (every one is named).
    """
    return read_options(Config, path, overrides or {})


def save_config(config: Config, path: Path) -> None:
    """Write the resolved config, every default spelt out."""
    write_text(path, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True))
