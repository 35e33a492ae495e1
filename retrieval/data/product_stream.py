"""Products from the rows of a file: one pass that counts what is wrong, then as many clean passes as are asked for."""

import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from eval.errors import InputError
from retrieval.data.problems import Problems
from retrieval.types import Product

RawProduct = tuple[str, str | None, Mapping[str, str | None]]
"""Where the product stands, its id, and its fields; None is a missing value."""


@dataclass(frozen=True)
class ProductStream:
    """The products of `rows()`: no id twice, no missing value; a call starts a new pass.

    `clean` is applied to every field's text. Of products that share an id the first is kept.
    """

    rows: Callable[[], Iterable[RawProduct]]
    clean: Callable[[str], str]
    repeated: frozenset[str]

    def __call__(self) -> Iterator[Product]:
        seen: set[str] = set()  # only ids known to be repeated, so that a pass needs no memory
        for _, raw_id, values in self.rows():
            product_id = (raw_id or "").strip()
            if not product_id or product_id in seen:
                continue
            if product_id in self.repeated:
                seen.add(product_id)
            yield Product(product_id, _fields(values, self.clean))


def open_products(
    rows: Callable[[], Iterable[RawProduct]], clean: Callable[[str], str], problems: Problems, source: str
) -> tuple[ProductStream, set[str]]:
    """Read all products once, count their problems, and return the stream and the ids it will yield.

    Memory: an id and eight bytes of hash a product, freed with the returned ids.

    Raises:
        InputError: when there is no product; whatever `rows` raises.
    """
    digests: dict[str, int] = {}
    repeated: set[str] = set()
    titled = False
    for place, raw_id, values in rows():
        product_id = (raw_id or "").strip()
        if not product_id:
            problems.add("products without an id (left out)", place)
            continue
        fields = _fields(values, clean)
        digest = hash(tuple(fields.items()))
        if product_id in digests:
            repeated.add(product_id)
            same = digests[product_id] == digest
            how = "the same product again (one kept)" if same else "another product under a known id (the first kept)"
            problems.add(how, f"{product_id} at {place}")
            continue
        digests[product_id] = digest
        for name, value in values.items():
            if value is None:
                problems.add(f"products whose {name} is missing, null or NaN (taken as empty)", product_id)
        if "title" in fields:
            titled = True
            if not fields["title"].strip():
                problems.add("products with an empty title", product_id)
        note_id(product_id, "product", problems)
    if not digests:
        raise InputError(f"{source} holds no product; expected at least one row with an id")
    if not titled:
        problems.add("catalogues without a title field (name the fields that the models read)", source)
    return ProductStream(rows, clean, frozenset(repeated)), set(digests)


def note_id(any_id: str, of: str, problems: Problems) -> None:
    """Count an id that stands otherwise in TREC files (eval/trec.py), for those who join these by id."""
    if any(space in any_id for space in string.whitespace):
        problems.add(f"{of} ids with white space (escaped in TREC files, as %20)", repr(any_id))


def _fields(values: Mapping[str, str | None], clean: Callable[[str], str]) -> dict[str, str]:
    return {name: clean(value) if value else "" for name, value in values.items()}
