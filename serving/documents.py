"""Documents of a rerank request, as the reranker reads products."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from retrieval.product_text import SEPARATOR, ProductTemplate
from retrieval.types import Product
from serving.problems import invalid

Document = str | dict[str, JsonValue]


def as_products(
    documents: Sequence[Document], template: ProductTemplate, rank_fields: Sequence[str] | None = None
) -> list[Product]:
    """One product a document.

    A text is what the reranker reads. An object is read by `rank_fields` in their order; without them like a product of
    the catalogue where it has one of the template's fields, and else by its `text`.

    Raises:
        ProblemError: for an object that has none of these.
    """
    first = template.fields[0]
    products = []
    for place, document in enumerate(documents):
        if isinstance(document, str):
            fields = {first: document}
        elif rank_fields:
            texts = (_text(document, name) for name in rank_fields)
            fields = {first: SEPARATOR.join(text for text in texts if text)}
        elif any(name in document for name in template.fields):
            fields = {name: _text(document, name) for name in template.fields}
        elif "text" in document:
            fields = {first: _text(document, "text")}
        else:
            known = ", ".join(template.fields)
            raise invalid(f"document {place} has neither a text nor one of the fields {known}", "documents")
        products.append(Product(str(place), fields))
    return products


def _text(document: Mapping[str, JsonValue], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return str(value)
