"""The one place where a product becomes text: what BM25, the bi-encoder, the teacher and the student read.

The order of the fields is part of the model: shuffling unchanged attributes moves products in and out of the top of a
ranking, so the order comes from the configuration and from nowhere else.
"""

from dataclasses import dataclass

from eval.errors import InputError
from retrieval.types import Product

SEPARATOR = " | "
"""Between fields: one word piece in BERT's vocabulary, and rare within fields."""


@dataclass(frozen=True)
class ProductTemplate:
    """The ordered fields of a product's text, and the longest text in characters.

    `times` says how often each field stands in the text, once each when empty: a weight for BM25, which counts words
    (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004).
    """

    fields: tuple[str, ...]
    max_characters: int = 2000
    times: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.fields:
            raise InputError("the product text has no fields; name at least one, such as title")
        repeated = sorted({name for name in self.fields if self.fields.count(name) > 1})
        if repeated:
            raise InputError(f"the product text names {', '.join(repeated)} twice; name each field once")
        if self.times and (len(self.times) != len(self.fields) or min(self.times) < 1):
            raise InputError(
                f"the fields {', '.join(self.fields)} are to stand {list(self.times)} times in the product text; give "
                "one whole number from 1 for each field"
            )
        if self.max_characters < 1:
            raise InputError(f"max_characters is {self.max_characters}; expected at least 1")

    def text(self, product: Product) -> str:
        """The product's text: its non-empty fields in order, whitespace folded, at most `max_characters` long.

        A text that is too long is cut after a whole word where there is one. A product whose fields are all empty has
        the empty text.
        """
        times = self.times or (1,) * len(self.fields)
        folded = [" ".join(product[name].split()) for name in self.fields]
        text = SEPARATOR.join(value for value, count in zip(folded, times, strict=True) if value for _ in range(count))
        if len(text) <= self.max_characters:
            return text
        cut = text[: self.max_characters + 1].rpartition(" ")[0] or text[: self.max_characters]
        return cut.removesuffix(SEPARATOR.rstrip()).rstrip()
