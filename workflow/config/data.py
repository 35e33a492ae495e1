"""The data part of the configuration: where catalogue, judgements and log come from."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from eval.errors import InputError
from eval.grades import ESCI, WANDS, Grade, GradeScale
from workflow.config.section import Count, Section


class ShopSection(Section):
    """The size of the embedded synthetic shop."""

    products: Count = 5000
    train: Count = 400
    dev: Count = 80
    test: Count = 600
    log: Count = 6000
    judged: Count = 16
    seed: int = 1
    world: Literal["main", "second"] = "main"


class Columns(Section):
    """Column names of the plain form, ours to yours."""

    product_id: str = "product_id"
    fields: dict[str, str] = Field(default_factory=dict)
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
    ratings: str | None = None
    """Ratings in Quepid's CSV (query, docid, rating), joined with the judgements; they win over them."""
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
