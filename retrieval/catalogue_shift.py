"""What changed between the catalogue that was indexed and a newer one."""

from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Product

_BATCH = 4096


@dataclass(frozen=True)
class CatalogueShift:
    """Products of the newer catalogue: how many there are, came new, or have another text; and how many are gone.

    `new_words` is the share in [0, 1] of the words of new and changed products that no product had before.
    """

    products: int
    new: int
    changed: int
    removed: int
    new_words: float

    @property
    def share(self) -> float:
        """New and changed products, as a share of the newer catalogue."""
        return (self.new + self.changed) / max(self.products, 1)


def catalogue_shift(base: Catalogue, newer: Iterable[Product], template: ProductTemplate) -> CatalogueShift:
    """Compare by id and by the text that `template` composes; one pass over each, a hash a product in memory."""
    texts: dict[str, int] = {}
    known: set[str] = set()
    for start in range(0, len(base), _BATCH):
        stop = min(start + _BATCH, len(base))
        for product_id, text in zip(base.ids[start:stop], base.texts(template, start, stop), strict=True):
            texts[product_id] = hash(text)
            known.update(tokenize(text))
    before = len(texts)
    products = new = changed = words = unknown = 0
    for product in newer:
        products += 1
        text = template.text(product)
        was = texts.pop(product.id, None)
        if was == hash(text):
            continue
        new, changed = (new + 1, changed) if was is None else (new, changed + 1)
        tokens = tokenize(text)
        words += len(tokens)
        unknown += sum(token not in known for token in tokens)
    stayed = products - new
    return CatalogueShift(products, new, changed, before - stayed, unknown / max(words, 1))
