"""Facets: how often each value of a field comes among the retrieved products."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.types import Product


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A field's value and the number of retrieved products that have it."""

    value: str
    count: int


def count_facets(products: Sequence[Product], fields: Sequence[str], most: int) -> dict[str, list[FacetCount]]:
    """For each field its `most` frequent values, ties by value; products without a value are not counted."""
    facets = {}
    for name in fields:
        counts = Counter(value for product in products if (value := product[name]))
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        facets[name] = [FacetCount(value, count) for value, count in ordered[:most]]
    return facets
