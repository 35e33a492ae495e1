"""The catalogue on disk: a memory-mapped Hugging Face data set, one text column a field, addressed by row or by id.

Rows keep the order in which products were written. A field that a product lacks is the empty text.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from datasets import Dataset

from eval.errors import InputError, MachineError
from eval.files import atomic_path, read_json, write_json
from retrieval.data.tables import nearest
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

ID = "product_id"
_PRODUCTS, _MANIFEST = "products.arrow", "catalogue.json"
_BATCH = 1024
"""Products a record batch: small enough that one row costs little to reach, large enough that batches stay few."""


class Catalogue:
    """The products of `path`. Open it with `load`; it is read-only.

    Memory: the texts stay on disk; ids, and their rows once `row` is asked for, are held (≈ 200 MB a million).
    """

    def __init__(self, path: Path, dataset: Dataset) -> None:
        self.path = path
        self._dataset = dataset.with_format("arrow")

    @classmethod
    def write(cls, products: Iterable[Product], path: Path) -> "Catalogue":
        """Write the products in a stream to the directory `path`, whole or not at all, and open it.

        Fields are those of all products together, in order of first appearance.

        Raises:
            InputError: when there is no product, an id comes twice, or a field is called product_id.
            MachineError: when the directory cannot be written.
        """
        path = Path(path)
        with atomic_path(path) as temporary:
            temporary.mkdir(parents=True)
            parts, count = _write_parts(products, temporary)
            if not count:
                raise InputError(f"no product for the catalogue {path}; expected at least one")
            fields = list(parts.values())[-1]
            if len(parts) == 1:
                next(iter(parts)).rename(temporary / _PRODUCTS)
            else:
                _unite(list(parts), fields, temporary / _PRODUCTS)
            write_json(temporary / _MANIFEST, {"products": count, "fields": fields})
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> "Catalogue":
        """Open what `write` wrote; takes milliseconds.

        Raises:
            MachineError: when it is missing or broken.
        """
        path = Path(path)
        manifest = read_json(path / _MANIFEST)
        try:
            dataset = Dataset.from_file(str(path / _PRODUCTS))
        except (OSError, pa.ArrowException) as error:
            raise MachineError(
                f"{path / _PRODUCTS} cannot be opened ({error}); remove it and run its stage again"
            ) from None
        expected = manifest.get("products") if isinstance(manifest, dict) else None
        if len(dataset) != expected:
            raise MachineError(
                f"{path} holds {len(dataset)} products, not {expected}; remove it and run its stage again"
            )
        return cls(path, dataset)

    def __len__(self) -> int:
        return len(self._dataset)

    def __contains__(self, product_id: object) -> bool:
        return product_id in self._rows

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the product fields."""
        return tuple(name for name in self._dataset.column_names if name != ID)

    @cached_property
    def ids(self) -> Sequence[str]:
        """Product ids by row."""
        return self._column(ID).to_pylist()

    def row(self, product_id: str) -> int:
        """The row of a product.

        Raises:
            InputError: when the catalogue has no such product.
        """
        row = self._rows.get(product_id)
        if row is None:
            raise InputError(f"the catalogue {self.path} has no product {product_id!r}; give the id of one it holds")
        return row

    def product(self, product_id: str) -> Product:
        """The product with this id.

        Raises:
            InputError: when the catalogue has no such product.
        """
        return self.products([self.row(product_id)])[0]

    def products(self, rows: Sequence[int]) -> list[Product]:
        """The products of the given rows, in the given order, all fields.

        Raises:
            IndexError: when a row is not in 0 … len − 1.
        """
        if not len(rows):
            return []
        if min(rows) < 0 or max(rows) >= len(self):
            raise IndexError(f"rows {min(rows)} to {max(rows)} asked of a catalogue of {len(self)} products")
        return _products(self._dataset[[int(row) for row in rows]], self.fields)

    def texts(self, template: ProductTemplate, start: int, stop: int) -> list[str]:
        """The product texts of the rows `start` … `stop` − 1 (as a slice: what lies outside is left out).

        Raises:
            InputError: when the template names a field that the catalogue lacks.
        """
        self.require(template.fields)
        rows = range(len(self))[start:stop]
        if not rows:
            return []
        return [template.text(product) for product in _products(self._dataset[rows.start : rows.stop], template.fields)]

    def require(self, fields: Iterable[str]) -> None:
        """Check that the fields are there: a text made without one that was meant to be in it is silently worse.

        Raises:
            InputError: naming the first that is missing, with the nearest one there is.
        """
        for name in fields:
            if name not in self.fields:
                known = ", ".join(self.fields)
                raise InputError(
                    f"the catalogue {self.path} has no field {name!r}; {nearest(name, self.fields)}(fields: {known})"
                )

    def column(self, field: str) -> pa.ChunkedArray:
        """All values of a field, by row: an Arrow string array on the memory-mapped file.

        Raises:
            InputError: when the catalogue lacks the field.
        """
        self.require([field])
        return self._column(field)

    def _column(self, name: str) -> pa.ChunkedArray:
        return self._dataset.data.table.column(name)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {product_id: row for row, product_id in enumerate(self.ids)}


def _products(table: pa.Table, fields: Sequence[str]) -> list[Product]:
    columns = [table.column(name).to_pylist() for name in fields]
    values = zip(*columns, strict=True) if columns else itertools.repeat(())
    return [
        Product(product_id, dict(zip(fields, row, strict=True)))
        for product_id, row in zip(table.column(ID).to_pylist(), values, strict=False)
    ]


def _write_parts(products: Iterable[Product], folder: Path) -> tuple[dict[Path, list[str]], int]:
    """Write record batches; a batch that brings a new field starts a new file. Returns files with their fields."""
    parts: dict[Path, list[str]] = {}
    fields: list[str] = []
    writer: pa.RecordBatchStreamWriter | None = None
    seen: set[str] = set()
    try:
        for batch in _batches(products):
            new = list(dict.fromkeys(name for product in batch for name in product.fields if name not in fields))
            if ID in new:
                raise InputError(f"a product field is called {ID!r}; give it another name")
            if new or writer is None:
                if writer is not None:
                    writer.close()
                fields = [*fields, *new]
                part = folder / f"part-{len(parts)}.arrow"
                writer = pa.ipc.new_stream(str(part), _schema(fields))
                parts[part] = fields
            for product in batch:
                if product.id in seen:
                    raise InputError(f"product id {product.id!r} comes twice; ids must be unique")
                seen.add(product.id)
            columns = [[product.id for product in batch], *([product[name] for product in batch] for name in fields)]
            writer.write_batch(pa.record_batch([pa.array(column, pa.string()) for column in columns], _schema(fields)))
    finally:
        if writer is not None:
            writer.close()
    return parts, len(seen)


def _unite(parts: Sequence[Path], fields: Sequence[str], path: Path) -> None:
    """Copy the parts into one file with all fields, batch by batch, and remove them."""
    schema = _schema(fields)
    with pa.ipc.new_stream(str(path), schema) as writer:
        for part in parts:
            with pa.memory_map(str(part)) as source, pa.ipc.open_stream(source) as batches:
                for batch in batches:
                    empty = pa.array([""] * len(batch), pa.string())
                    columns = [batch.column(name) if name in batch.schema.names else empty for name in schema.names]
                    writer.write_batch(pa.record_batch(columns, schema))
            part.unlink()


def _schema(fields: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in (ID, *fields)])


def _batches(products: Iterable[Product]) -> Iterator[list[Product]]:
    stream = iter(products)
    while batch := list(itertools.islice(stream, _BATCH)):
        yield batch
