"""Which products a live catalogue takes."""

from collections.abc import Sequence

from eval.errors import InputError
from retrieval.types import Product


def accepted(product: Product, fields: Sequence[str]) -> Product:
    """The product with all of the catalogue's `fields`; those it does not give are empty.

    Raises:
        InputError: an id that is empty or no text, a field that the catalogue lacks, or a value that is no text.
    """
    if not isinstance(product.id, str) or not product.id:
        raise InputError(f"a product has the id {product.id!r}; expected a text that is not empty")
    for name, value in product.fields.items():
        if name not in fields:
            raise InputError(
                f"product {product.id!r} has a field {name!r}, which the catalogue lacks; its fields are "
                f"{', '.join(fields)}"
            )
        if not isinstance(value, str):
            raise InputError(f"product {product.id!r} has {value!r} as its {name}; expected a text")
    for text in (product.id, *product.fields.values()):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"product {product.id!r} holds text that is no Unicode ({error.reason})") from None
    return Product(product.id, {name: product[name] for name in fields})
