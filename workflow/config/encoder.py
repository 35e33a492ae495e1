"""The bi-encoder's part of the configuration."""

from typing import Annotated, Literal

from pydantic import Field

from workflow.config.section import Count, Positive, Section, Share

Weight = Annotated[float, Field(ge=0)]


class EncoderTrain(Section):
    """How the bi-encoder is trained, and on what."""

    labels: bool = True
    """The grades of `teacher.labels`, where it is given."""
    judgements: bool = False
    """The train queries' judgements; not with `data.dev: folds`, whose every query is measured."""
    targets: dict[str, Share] | None = None
    """The soft target of each grade, by name, for the bi-encoder alone; null: the scale's."""
    self_supervised: bool = True
    """Each product's title with its other texts, from the catalogue alone."""
    text_fields: tuple[str, ...] = ("bullets", "description", "features")
    """Those other texts: as many of these fields as the catalogue has."""
    pairs: Count = 20_000
    """At most so many products for self-supervision, drawn at random."""
    hard_negatives: Annotated[int, Field(ge=0)] = 2
    """Products that BM25 finds for a query with a match, taken as negatives unless they look like a match."""
    loss: Literal["listwise_kl", "margin_mse", "ranknet", "pointwise_mse"] = "listwise_kl"
    epochs: Count = 1
    learning_rate: Positive = 2e-5
    warmup: Share = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    temperature: Positive = 0.05
    target_scale: Positive = 4.0
    list_weight: Weight = 1.0
    contrastive_weight: Weight = 0.2
    pair_weight: Weight = 0.2
    list_size: Annotated[int, Field(ge=2)] = 16
    products_per_batch: Count = 128
    pairs_per_batch: Annotated[int, Field(ge=2)] = 64
    interpolate: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.25, 0.5, 0.75, 1.0)
    """Shares of the trained weights, the rest the untouched ones, that are tried on dev."""
    accumulate: Count = 1
    patience: Annotated[int, Field(ge=0)] = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    freeze_embeddings: bool = True
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    checkpoint_seconds: Positive = 60.0


class EncoderSection(Section):
    """The bi-encoder of the first stage: a sentence-transformers model."""

    model: str = "default"
    max_length: Count = 128
    query_prefix: str = ""
    product_prefix: str = ""
    batch_size: Count = 128
    train: EncoderTrain | None = None
    """null takes the model as it is."""
