"""The API teacher's part of the configuration."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from workflow.config.endpoint import EndpointSection
from workflow.config.section import Count, Positive

NotNegative = Annotated[float, Field(ge=0)]


class ApiSection(EndpointSection):
    """An endpoint that is asked for one grade a pair."""

    section: ClassVar[str] = "teacher.api"

    prompt: str | None = None
    """A file with the grading guide, {grades} in it where the grades are listed; null: distilrank's own."""
    guide: dict[str, str] = Field(default_factory=dict)
    """What a grade means, by its name."""
    price_in: NotNegative = 0.0
    """Money for a million tokens sent; price_out: received."""
    price_out: NotNegative = 0.0
    limit_money: Positive | None = None
    """What the run may spend in all, over all its restarts."""
    limit_tokens: Count | None = None
    measured: bool = False
    """Whether the final table has the teacher's line: it asks about every query's judged products and window."""

    @model_validator(mode="after")
    def _can_be_counted(self) -> "ApiSection":
        if self.limit_money is not None and not (self.price_in or self.price_out):
            raise ValueError(
                "teacher.api.limit_money is given without prices, expected teacher.api.price_in and price_out "
                "(for a million tokens)"
            )
        return self
