"""The configuration of queries that nobody typed."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from workflow.config.endpoint import EndpointSection
from workflow.config.section import Count, Section


class WriterSection(EndpointSection):
    """A large language model that writes queries, from products, from a description of the shop, or from both."""

    section: ClassVar[str] = "generate.llm"

    products: Annotated[int, Field(ge=0)] = 0
    """So many products, drawn at random, each with `per_product` queries."""
    per_product: Count = 4
    shop: str | None = None
    """The shop in plain words: what it sells, and to whom. It needs no log, and no catalogue either."""
    shop_queries: Count = 200
    limit_tokens: Count | None = None
    """What may be spent in all, over all restarts."""

    @model_validator(mode="after")
    def _has_something_to_write_of(self) -> "WriterSection":
        if not self.products and not (self.shop or "").strip():
            raise ValueError(
                "generate.llm has nothing to write of: set generate.llm.products to a number of products, or describe "
                "the shop in generate.llm.shop"
            )
        return self


class GenerateSection(Section):
    """Queries that nobody typed, mined beside the log's."""

    templates: Annotated[int, Field(ge=0)] = 0
    """At most so many, made from products without a model."""
    llm: WriterSection | None = None
