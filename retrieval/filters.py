"""Which products of the catalogue match a filter."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.types import Filter


def matching_rows(catalogue: Catalogue, where: Filter) -> np.ndarray:
    """Rows (int64, ascending) of the products whose fields all match `where`.

    A field matches when its text equals one of the wanted values, exactly; an absent field is the empty text. A field
    with no wanted value matches nothing; an empty filter matches everything.

    Raises:
        InputError: a field the catalogue lacks, or a wanted value that is no text.
    """
    keep = np.ones(len(catalogue), dtype=bool)
    for field, wanted in where.items():
        if field not in catalogue.fields:
            raise InputError(
                f"filter field {field!r} is not in the catalogue; its fields are {', '.join(sorted(catalogue.fields))}"
            )
        values = wanted_values(field, wanted)
        column = pc.fill_null(catalogue.column(field), "")
        found = pc.is_in(column, value_set=pa.array(values, type=column.type))
        keep &= found.to_numpy()
    return np.flatnonzero(keep)


def wanted_values(field: str, wanted: str | Sequence[str]) -> list[str]:
    """The values that a filter wants of a field, as a list.

    Raises:
        InputError: one that is no text.
    """
    values = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else list(wanted)
    for value in values:
        if not isinstance(value, str):
            raise InputError(f"filter on {field!r} asks for {value!r}; expected a text or a list of texts")
    return values
