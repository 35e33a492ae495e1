"""Live changes of the catalogue: request and answer."""

from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from serving.schemas.base import Shape


def _plain(text: str) -> str:
    if not text.strip() or any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("an id is not blank and has no control characters")
    return text


ProductId = Annotated[
    str,
    Field(min_length=1, max_length=512, json_schema_extra={"pattern": r"^[^\x00-\x1f\x7f]*[!-~][^\x00-\x1f\x7f]*$"}),
    AfterValidator(_plain),
]
Fields = Annotated[
    dict[str, str],
    Field(
        description="The product's fields, among those of the catalogue; one that is left out is the empty text.",
        examples=[{"title": "Red leather shoe", "brand": "Acme", "colour": "red"}],
    ),
]


class ProductBody(Shape):
    """A product, whole: it replaces the one with its id."""

    fields: Fields


class ProductAnswer(Shape):
    """A product as it is searched."""

    id: str
    fields: dict[str, str]


class PutOne(Shape):
    """A product to add or to replace."""

    id: ProductId
    fields: Fields


class PutChange(Shape):
    """Add or replace a product."""

    put: PutOne


class DeleteChange(Shape):
    """Take a product out."""

    delete: ProductId


def _kind(value: Any) -> str:
    return "delete" if isinstance(value, dict) and "delete" in value else "put"


Change = Annotated[Annotated[PutChange, Tag("put")] | Annotated[DeleteChange, Tag("delete")], Discriminator(_kind)]
"""One change of a bulk request."""


class Changed(Shape):
    """The change is durable, and searched on this replica; on the others within a second."""

    changes: int = Field(description="How many products were put or deleted.")
    version: int = Field(description="The first live version that holds the change.")
