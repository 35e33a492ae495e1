"""Which row of the catalogue holds a text: for requests that bring products' texts and not their ids."""

import hashlib
from collections.abc import Sequence

import numpy as np

from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

_CHUNK = 4096


class TextRows:
    """A hash of each product's text, and its row: 16 bytes a product.

    Reads all texts once, when it is made. Two texts have the same hash of 64 bits once in 10^13 or so among a million.

    Raises:
        InputError: when the catalogue lacks a field of the template.
    """

    def __init__(self, catalogue: Catalogue, template: ProductTemplate) -> None:
        self._template = template
        starts = range(0, len(catalogue), _CHUNK)
        hashes = [_hashes(catalogue.texts(template, start, start + _CHUNK)) for start in starts]
        every = np.concatenate(hashes) if hashes else np.zeros(0, dtype=np.uint64)
        self._rows = np.argsort(every, kind="stable")
        self._hashes = every[self._rows]

    def __len__(self) -> int:
        """How many rows."""
        return len(self._rows)

    def rows(self, products: Sequence[Product]) -> np.ndarray:
        """int64 [len(products)]: the first row with the same text as each product, -1 where there is none."""
        wanted = _hashes([self._template.text(product) for product in products])
        places = np.minimum(np.searchsorted(self._hashes, wanted), len(self) - 1)
        return np.where(self._hashes[places] == wanted, self._rows[places], -1)


def _hashes(texts: Sequence[str]) -> np.ndarray:
    """uint64 [len(texts)]."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), dtype="<u8")
