"""The API teacher's part of the configuration."""

import re
from typing import Annotated, Any

from pydantic import Field, model_validator

from workflow.section import Count, Positive, Section

NotNegative = Annotated[float, Field(ge=0)]


class ApiSection(Section):
    """A model behind an OpenAI-compatible endpoint (vLLM, Ollama, a vendor), asked for one grade a pair."""

    base_url: str
    """Mostly ends in /v1; "chat/completions" is put behind it."""
    model: str
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the key (no config does); where it is not set, none is sent."""
    prompt: str | None = None
    """A file with the grading guide, {grades} in it where the grades are listed; null: distilrank's own."""
    guide: dict[str, str] = Field(default_factory=dict)
    """What a grade means, by its name."""
    request: dict[str, Any] = Field(default_factory=dict)
    """Fields of the request beside model and messages; null takes a default one out (temperature 0, max_tokens 8)."""
    concurrency: Count = 8
    timeout_s: Positive = 60.0
    retries: Annotated[int, Field(ge=0)] = 6
    price_in: NotNegative = 0.0
    """Money for a million tokens sent; price_out: received."""
    price_out: NotNegative = 0.0
    limit_money: Positive | None = None
    """What the run may spend in all, over all its restarts."""
    limit_tokens: Count | None = None
    measured: bool = False
    """Whether the final table has the teacher's line: it asks about every query's judged products and window."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> "ApiSection":
        if not re.match(r"https?://[^/@\s]+(/[^@\s]*)?$", self.base_url):
            raise ValueError(
                f"teacher.api.base_url is not an address such as http://127.0.0.1:8000/v1 (a key belongs into "
                f"the environment variable {self.key_variable}, not into the address)"
            )
        if self.limit_money is not None and not (self.price_in or self.price_out):
            raise ValueError(
                "teacher.api.limit_money is given without prices, expected teacher.api.price_in and price_out "
                "(for a million tokens)"
            )
        return self
