"""How much of everything one request may hold: one table, for the check and for the OpenAPI document.

The limits come from the settings, so they cannot stand in the shapes; they are fragments of JSON Schema by model and
field, checked here and merged into the document.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from serving.problems import invalid
from serving.schemas.embeddings import EmbeddingsRequest
from serving.schemas.products import ProductBody, PutOne
from serving.schemas.rerank import CohereRequest, TeiRequest
from serving.schemas.search import SearchRequest
from serving.settings import ServeSettings

Fragment = Mapping[str, Any]


class Limits:
    """The limits of all requests."""

    def __init__(self, settings: ServeSettings) -> None:
        query = {"maxLength": settings.max_query_characters}
        text = {"maxLength": settings.max_document_characters}
        texts = {"maxItems": settings.max_documents, "items": text}
        fields = {"additionalProperties": text}
        self._of: dict[type[BaseModel], dict[str, Fragment]] = {
            SearchRequest: {
                "query": query,
                "size": {"maximum": settings.max_size},
                "from": {"maximum": settings.max_from},
                "window": {"maximum": settings.max_window},
                "deadline_ms": {"maximum": settings.max_deadline_ms},
                "filters": {"additionalProperties": {"maxItems": settings.max_filter_values}},
                "facets": {"maxItems": settings.max_facets},
            },
            CohereRequest: {"query": query, "documents": texts},
            TeiRequest: {"query": query, "texts": texts},
            EmbeddingsRequest: {"input": texts | text},
            ProductBody: {"fields": fields},
            PutOne: {"fields": fields},
        }

    def check(self, body: BaseModel) -> None:
        """Refuse a request that holds too much.

        Raises:
            ProblemError: naming the field and its limit.
        """
        for name, info in type(body).model_fields.items():
            public = info.alias or name
            fragment = self._of[type(body)].get(public)
            if fragment is not None:
                _check(getattr(body, name), fragment, public)

    def document(self, schemas: dict[str, Any]) -> None:
        """Merge the limits into the OpenAPI document's `components.schemas`."""
        for model, fields in self._of.items():
            if model.__name__ in schemas:
                for name, fragment in fields.items():
                    _merge(schemas[model.__name__]["properties"][name], fragment)


def _check(value: Any, fragment: Fragment, name: str) -> None:
    most: int | None
    if isinstance(value, str):
        if (most := fragment.get("maxLength")) is not None and len(value) > most:
            raise invalid(f"{name} has {len(value)} characters; at most {most} are taken", name)
    elif isinstance(value, int):
        if (most := fragment.get("maximum")) is not None and value > most:
            raise invalid(f"{name} is {value}; at most {most} is taken", name)
    elif isinstance(value, list):
        if (most := fragment.get("maxItems")) is not None and len(value) > most:
            raise invalid(f"{name} has {len(value)} entries; at most {most} are taken", name)
        if "items" in fragment:
            for item in value:
                _check(item, fragment["items"], name)
    elif isinstance(value, dict) and "additionalProperties" in fragment:
        for item in value.values():
            _check(item, fragment["additionalProperties"], name)


def _merge(schema: dict[str, Any], fragment: Fragment) -> None:
    for options in schema.get("anyOf", ()):  # each keyword goes to the alternatives of its type
        _merge(options, fragment)
    kinds = {"maxLength": "string", "maximum": "integer", "maxItems": "array"}
    for keyword, value in fragment.items():
        if keyword == "items" and schema.get("type") == "array":
            _merge(schema["items"], value)
        elif keyword == "additionalProperties" and isinstance(schema.get(keyword), dict):
            _merge(schema[keyword], value)
        elif kinds.get(keyword) == schema.get("type"):
            schema[keyword] = value
