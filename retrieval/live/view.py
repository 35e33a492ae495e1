"""The catalogue at one moment: the index's products and those added since, without those retired. Never changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.filters import matching_rows, wanted_values
from retrieval.live.delta import Delta
from retrieval.types import Filter, Product, Retriever

_BATCH = 1024


class LiveCatalogue:
    """Products by id and row, as `Catalogue` has them, at one moment.

    A row is one version of one product: rows 0 … N − 1 are the index's, N and on those added since. A row that was
    replaced or deleted is retired; it can still be read, but neither its id nor a filter leads to it.

    Args:
        base: the index's catalogue.
        delta: what came since; its first `count` rows belong to this moment.
        alive: bool [len(base) + count], false for retired rows.
    """

    def __init__(self, base: Catalogue, delta: Delta, count: int, alive: np.ndarray) -> None:
        self.base = base
        self.delta = delta
        self.count = count
        self.alive = alive
        self.new_rows = np.flatnonzero(alive[len(base) :])
        """Rows (int64, ascending) of `delta` that are not retired, counted from 0."""
        self.retired_in_base = len(base) - int(np.count_nonzero(alive[: len(base)]))
        """How many of the index's rows are retired."""

    def __len__(self) -> int:
        """How many products there are (not rows)."""
        return len(self.base) - self.retired_in_base + len(self.new_rows)

    def __contains__(self, product_id: object) -> bool:
        return isinstance(product_id, str) and self._find(product_id) is not None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the product fields: the index's, whatever came since."""
        return self.base.fields

    @cached_property
    def ids(self) -> Sequence[str]:
        """Ids of the products there are, in row order."""
        return self.ids_of(np.flatnonzero(self.alive).tolist())

    def ids_of(self, rows: Sequence[int]) -> list[str]:
        """The ids of rows."""
        ids, size, products = self.base.ids, len(self.base), self.delta.products
        return [ids[row] if row < size else products[row - size].id for row in rows]

    def row(self, product_id: str) -> int:
        """The row of a product.

        Raises:
            InputError: when there is no such product (any more).
        """
        row = self._find(product_id)
        if row is None:
            raise InputError(
                f"the catalogue {self.base.path} and its live changes have no product {product_id!r}; give the id of "
                "one they hold"
            )
        return row

    def product(self, product_id: str) -> Product:
        """The product with this id; errors as `row`."""
        return self.products([self.row(product_id)])[0]

    def products(self, rows: Sequence[int]) -> list[Product]:
        """The products of the given rows, in the given order, all fields.

        Raises:
            IndexError: a row that is none.
        """
        size = len(self.base)
        if len(rows) and (min(rows) < 0 or max(rows) >= len(self.alive)):
            raise IndexError(f"rows {min(rows)} to {max(rows)} asked of a catalogue of {len(self.alive)} rows")
        old = iter(self.base.products([row for row in rows if row < size]))
        return [next(old) if row < size else self.delta.products[row - size] for row in rows]

    def stream(self) -> Iterator[Product]:
        """All products there are, in row order, read a batch at a time."""
        rows = np.flatnonzero(self.alive)
        for start in range(0, len(rows), _BATCH):
            yield from self.products(rows[start : start + _BATCH].tolist())

    def matching(self, where: Filter) -> np.ndarray:
        """Rows (int64, ascending) of the products whose fields all match, as `retrieval.filters.matching_rows`.

        Raises:
            InputError: a field the catalogue lacks, or a wanted value that is no text.
        """
        old = matching_rows(self.base, where)
        new = np.ones(self.count, dtype=bool)
        for field, wanted in where.items():
            new &= self.delta.matching(field, wanted_values(field, wanted), self.count)
        rows = np.concatenate([old, np.flatnonzero(new) + len(self.base)])
        return rows[self.alive[rows]]

    def _find(self, product_id: str) -> int | None:
        row = self.delta.newest(product_id, self.count)
        if row is not None:
            row += len(self.base)
        elif product_id in self.base:
            row = self.base.row(product_id)
        return row if row is not None and self.alive[row] else None


@dataclass(frozen=True)
class View:
    """What a request searches from its beginning to its end.

    Args:
        retriever: the first stage over exactly these products.
        catalogue: the products.
        version: sequence number of the last change that is in; 0 before the first.
        products: how many products can be found.
        delta_rows: rows that live changes have added to the index.
        retired: rows, of the index and added, that live changes have taken out.
        generation: which index: 0 for the run's own, then one more with each merge. Rows mean something within one.
        directory: where the generation's files are; None for the run's own.
        attached: what `LiveShop.open`'s `attach` made of the generation.
    """

    retriever: Retriever
    catalogue: LiveCatalogue
    version: int
    products: int
    delta_rows: int
    retired: int
    generation: int
    directory: Path | None
    attached: object
