"""The configuration of a run: every option with its default, checked before any hour is spent.

What can be known from the options alone is refused here; what needs the data or a model, `distilrank doctor` looks at.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import Field, model_validator

from augment import selection
from augment.mine_options import MineOptions
from eval.errors import InputError
from eval.files import write_text
from retrieval.expansion import Expansion
from retrieval.fusion import Fusion
from retrieval.index_kinds import Kind
from retrieval.product_text import ProductTemplate
from serving.server_settings import ServerSettings
from workflow.config.data import DataSection
from workflow.config.elastic import ElasticSection
from workflow.config.encoder import EncoderSection
from workflow.config.generate import GenerateSection
from workflow.config.read import read_options
from workflow.config.section import Count, Positive, Section, Share
from workflow.config.teacher import TeacherSection
from workflow.config.train import FinalTrain, JudgementsTrain, PretrainTrain, PruneSection, StudentTrain, WeightsSection


class FieldsSection(Section):
    """Which product fields the models read, in this order; the teacher may read more."""

    student: tuple[str, ...] = ("title", "brand", "colour")
    teacher: tuple[str, ...] = ("title", "brand", "colour")
    words: dict[str, Count] | None = None
    """The fields whose words BM25 counts, and how often each; null for the student's, once each."""

    @model_validator(mode="after")
    def _fields_make_a_text(self) -> "FieldsSection":
        for who, fields in (("student", self.student), ("teacher", self.teacher)):
            try:
                ProductTemplate(fields)
            except InputError as error:
                raise ValueError(f"fields.{who}: {error}") from None
        return self


class ExpansionSection(Section):
    """What the hybrid first stage looks for when it looks again, see retrieval/expansion.py."""

    products: Count = 10
    """The first search's best, whose words are looked for."""
    words: Count = 10
    weight: Positive = 0.25
    """All of these words together, beside the query's own."""


class IndexSection(Section):
    """How the catalogue is searched."""

    kind: Kind | Literal["auto"] = "auto"
    """auto: by the number of products."""
    gpu: bool = True
    """Build an index with cells, and mine and measure, on a GPU where one works; the server uses the CPU."""
    first_stage: Literal["dense", "bm25", "hybrid", "elasticsearch"] = "hybrid"
    fusion: Fusion = "scores"
    """How hybrid fuses its two parts: by their scores, or by their ranks alone (reciprocal rank fusion)."""
    expansion: ExpansionSection | None = ExpansionSection()
    """How hybrid, and no other first stage, looks twice, the second time for words of the first search's best products
    too; null for once."""

    @property
    def in_cluster(self) -> bool:
        """Whether the catalogue is searched in a cluster, and not by indexes in the run."""
        return self.first_stage == "elasticsearch"

    def expansion_options(self) -> Expansion | None:
        """What retrieval.first_stages takes."""
        return None if self.expansion is None else Expansion(**self.expansion.model_dump())


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
    selection: Literal["rank", "random", "score", "length", "diversity", "difficulty"] = "rank"
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


class PretrainSection(Section):
    """What every encoder that ranks learns before it sees a label: the first stage's own scores of pairs of the log."""

    queries: Count = 1000
    train: PretrainTrain = PretrainTrain()

    def options(self) -> MineOptions:
        """What augment.mining takes."""
        return MineOptions(queries=self.queries)


class LabelSection(Section):
    """The teacher's bulk labelling."""

    shard_pairs: Count = 2048
    failed_share: Share = 0.01


class RaySection(Section):
    """Where labelling and encoding are spread over workers, and over how many."""

    address: str | None = None
    """A Ray cluster's address, "auto" for the one this machine is in, "local" for workers on this machine, null: no
    Ray. All workers must see the run's directory at the same path."""
    workers: Count = 2
    gpus: Annotated[float, Field(ge=0)] = 0
    """GPUs of a worker; each worker takes one core otherwise."""


class StudentSection(Section):
    """The cross-encoder that is served."""

    parent: str = "auto"
    """A model's directory or hub name, "default" (the embedded MiniLM), or "teacher": layers of the teacher itself,
    where it is an encoder, of an ensemble its first model's. auto: of the teacher where that is the default model."""
    layers: Count | tuple[int, ...] | None = None
    max_length: Count = 64
    loss: Literal["listwise_kl", "margin_mse", "pointwise_mse", "ranknet", "soft_bce"] = "listwise_kl"
    weights: WeightsSection | None = None
    """How much each label counts; null: all the same."""
    prune: PruneSection = PruneSection()
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
    shortlist: Count | None = None
    """Measure the blended student with a `serve.shortlist` of so many products, too; null for not."""
    min_judged: Annotated[int, Field(ge=2)] = 2
    timed_queries: Count = 30
    runtime: Literal["auto", "torch"] = "auto"
    """Measure the students as they are served, exported, where the machine has the runtime; or in torch."""


class BudgetSection(Section):
    """Minutes a stage may take before it stops with what it has (exit code 5); running again goes on.

    Prepare and measure keep nothing until they are whole, so a budget could only waste them: they have none.
    """

    prepare: ClassVar[None] = None
    measure: ClassVar[None] = None
    encoder: Positive | None = None
    index: Positive | None = None
    mine: Positive | None = None
    pretrain: Positive | None = None
    teacher: Positive | None = None
    label: Positive | None = None
    round: Positive | None = None
    student: Positive | None = None


class Config(Section):
    """A whole run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: int = 7
    threads: Annotated[int, Field(ge=1)] | None = None
    rounds: Count = 1
    """How often pairs are mined and labelled: from the second round on, what the student finds hardest."""
    data: DataSection = DataSection()
    fields: FieldsSection = FieldsSection()
    encoder: EncoderSection = EncoderSection()
    index: IndexSection = IndexSection()
    elastic: ElasticSection = ElasticSection()
    pretrain: PretrainSection | None = PretrainSection()
    """null: teacher and student start from bare language models."""
    teacher: TeacherSection = TeacherSection()
    generate: GenerateSection = GenerateSection()
    mine: MineSection = MineSection()
    label: LabelSection = LabelSection()
    ray: RaySection = RaySection()
    student: StudentSection = StudentSection()
    measure: MeasureSection = MeasureSection()
    serve: ServerSettings = ServerSettings()
    budget_minutes: BudgetSection = BudgetSection()

    @model_validator(mode="after")
    def _the_encoder_can_be_trained(self) -> "Config":
        train = self.encoder.train
        if train is None:
            return self
        if train.judgements and self.data.dev == "folds":
            raise ValueError(
                "encoder.train.judgements is true and data.dev is folds: one encoder serves all folds, so it would "
                "learn from the queries that measure; set data.dev to holdout, or encoder.train.judgements to false"
            )
        if not (train.judgements or train.self_supervised or (train.labels and self.teacher.labels)):
            raise ValueError(
                "encoder.train has nothing to learn from: give teacher.labels, or set encoder.train.self_supervised or "
                "encoder.train.judgements to true, or encoder.train to null"
            )
        return self

    @model_validator(mode="after")
    def _the_proxy_reads_what_the_student_does(self) -> "Config":
        for name in self.serve.proxy.fields:
            if name not in self.fields.student:
                raise ValueError(
                    f"serve.proxy.fields names the product field {name!r}, which the student does not read; it reads "
                    f"{', '.join(self.fields.student)} (fields.student)"
                )
        return self

    @model_validator(mode="after")
    def _generated_queries_are_labelled(self) -> "Config":
        if self.teacher.kind == "file" and (self.generate.templates or self.generate.llm is not None):
            raise ValueError(
                "generate asks for queries and teacher.kind is 'file', whose labels are all there is: leave generate "
                "out, or set teacher.kind to model"
            )
        return self

    @property
    def student_parent(self) -> str:
        """Whose layers the student has: "teacher", "default", or a model's directory or hub name."""
        if self.student.parent != "auto":
            return self.student.parent
        known = self.teacher.models[:1] == ("default",) and self.teacher.lora is None
        return "teacher" if known else "default"

    @property
    def student_model(self) -> str:
        """The name of the model that the student's layers come from in the end, as the config has it."""
        return self.teacher.models[0] if self.student_parent == "teacher" else self.student_parent

    @model_validator(mode="after")
    def _the_parent_has_layers(self) -> "Config":
        if self.teacher.kind == "file" and (self.rounds > 1 or self.mine.selection == "score"):
            raise ValueError(
                "teacher.kind is 'file', which knows no pairs but its own, expected rounds: 1 and a mine.selection "
                "other than score"
            )
        if self.student.parent == "teacher" and not self.teacher.models:
            raise ValueError(
                f"student.parent is 'teacher' and teacher.kind is {self.teacher.kind!r} without a model of its own: "
                "give student.parent an encoder's directory or hub name, or 'default'"
            )
        if self.student.parent == "teacher" and self.teacher.lora is not None:
            raise ValueError(
                "student.parent is 'teacher' and teacher.lora is set, expected a teacher with weights of its own: "
                "give student.parent an encoder's directory or hub name, or leave teacher.lora out"
            )
        return self

    @model_validator(mode="after")
    def _no_teacher_chooses_for_queries_it_saw(self) -> "Config":
        if self.mine.selection == "score" and self.data.dev == "folds":
            raise ValueError(
                "mine.selection is 'score' and data.dev is 'folds', but the teacher whose scores would choose has seen "
                "the folds' queries: set data.dev to holdout, or mine.selection to another"
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
