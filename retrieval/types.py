"""The nouns of search: queries, products and hits, and what a first stage is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

Filter = Mapping[str, str | Sequence[str]]
"""Field name to the value, or the values, a product may have there; all fields must match, exactly."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a shopper typed."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Product:
    """One entry of the catalogue; `fields` maps a field's name to its text (an absent field is the empty text)."""

    id: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


class Hit(NamedTuple):
    """A product found for a query; higher scores rank first."""

    product_id: str
    score: float


@runtime_checkable
class Retriever(Protocol):
    """A first stage: finds the candidates for a query in the whole catalogue."""

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order; `where` keeps products whose fields match."""
        ...

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """This stage's own score of each given product, in the given order (judged-only evaluation needs it)."""
        ...


class TextEncoder(Protocol):
    """Texts to unit vectors: `retrieval.encoder.Encoder`, or `retrieval.graph_encoder.GraphEncoder`."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def engine(self) -> str:
        """What computes the vectors, and why where that needs a word."""
        ...

    @property
    def fingerprint(self) -> str:
        """Differs when a vector could."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [len(texts), dim] of queries."""
        ...

    def encode_products(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [len(texts), dim] of product texts."""
        ...


class Products(Protocol):
    """Where products are looked up by id or row; `retrieval.catalogue.Catalogue` is one."""

    def row(self, product_id: str) -> int:
        """The product's row."""
        ...

    def products(self, rows: Sequence[int]) -> list[Product]:
        """The products of these rows, in their order."""
        ...
