"""What the configuration says of an OpenAI-compatible endpoint, whatever is asked of it."""

import os
import re
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from rerank.api.client import Endpoint
from workflow.config.section import Count, Positive, Section


class EndpointSection(Section):
    """A model behind an OpenAI-compatible endpoint: vLLM, Ollama, a vendor. `section` is where it stands."""

    section: ClassVar[str]

    base_url: str
    """Mostly ends in /v1; "chat/completions" is put behind it."""
    model: str
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the key (no config does); where it is not set, none is sent."""
    request: dict[str, Any] = Field(default_factory=dict)
    """Fields of the request beside model and messages; null takes a default one out."""
    concurrency: Count = 8
    timeout_s: Positive = 60.0
    retries: Annotated[int, Field(ge=0)] = 6

    def endpoint(self, **defaults: Any) -> Endpoint:
        """Where and how to ask; `defaults` are fields of the request that `request` may replace."""
        return Endpoint(
            self.base_url.rstrip("/") + "/",
            self.model,
            os.environ.get(self.key_variable) or None,
            {**defaults, **self.request},
            self.timeout_s,
            self.retries,
            section=self.section,
        )

    @model_validator(mode="after")
    def _is_an_address(self) -> "EndpointSection":
        if not re.match(r"https?://[^/@\s]+(/[^@\s]*)?$", self.base_url):
            raise ValueError(
                f"{self.section}.base_url is not an address such as http://127.0.0.1:8000/v1 (a key belongs into "
                f"the environment variable {self.key_variable}, not into the address)"
            )
        return self
