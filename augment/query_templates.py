"""Queries made from products by template: what a shopper who wants this very product might type.

From whatever fields the catalogue has: a brand, a colour, a category (its last part names the type of product), and
the title, of which numbers with units, sizes, purposes ("for …") and qualities are read. Without a category the type is
read off the title. A query with a negation leaves out what another product of the type has and this one lacks.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from retrieval.query_key import fold
from retrieval.types import Product

_ROLES: Mapping[str, tuple[str, ...]] = {
    "brand": ("brand", "manufacturer", "vendor"),
    "colour": ("colour", "color"),
    "category": ("product_type", "class", "category", "categories"),
}
"""The names under which catalogues keep them, the first that is there counts."""

_PARTS = re.compile(r"[,;|()\[\]]|\s[-–—]\s")
_FOR = re.compile(r"\bfor\s+((?:[^\W\d_][\w'’]*\s*){1,3})", re.I)
_SIZE = re.compile(r"\bsize\s+([\w.]+)", re.I)
_NUMBER = re.compile(
    r"\b(\d+(?:\.\d+)?)[\s-]?(inch(?:es)?|ft|feet|foot|oz|ounces?|lbs?|pounds?|gallons?|packs?|pieces?|pcs|count|ct|watts?"
    r"|volts?|mm|cm|m|mg|g|kg|ml|l|gb|tb|mah|qt|w|v)\b",
    re.I,
)
_PACK = re.compile(r"\bpack of (\d+)\b", re.I)
_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?:['’-][^\W\d_]+)*(?![\w-])")
_LINKS = frozenset(["a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without", "w"])


class Described(NamedTuple):
    """What templates read of a product; empty where it says nothing of it. `words` are those of all its fields."""

    product_id: str
    kind: str
    brand: str
    colour: str
    purpose: str
    size: str
    number: str
    qualities: tuple[str, ...]
    title: str
    words: frozenset[str]


class TemplateQuery(NamedTuple):
    """A query, the template it came by, and the product it was made from."""

    text: str
    template: str
    product_id: str


def describe(product: Product) -> Described:
    """Read a product."""
    title = " ".join(product["title"].split())
    brand, colour, category = (_first(product, names) for names in _ROLES.values())
    head = _without(_PARTS.split(title)[0], brand)
    kind = _lower(re.split(r"[>/|]", category)[-1]) if category else _kind_of(head)
    number = _NUMBER.search(title)
    pack = _PACK.search(title)
    purpose = _FOR.search(title)
    size = _SIZE.search(title)
    taken = {*fold(kind), *fold(brand), *fold(colour)}
    rest = title
    for other in (_FOR, _SIZE, _PACK, _NUMBER):
        rest = other.sub(" ", rest)
    words = [word for word in _WORD.findall(rest) if not taken & {*fold(word)}]
    qualities = tuple(dict.fromkeys(_lower(word) for word in words if len(word) > 2 and _lower(word) not in _LINKS))
    every = frozenset(word for value in product.fields.values() for word in fold(value))
    return Described(
        product.id,
        kind,
        _lower(brand),
        _lower(colour),
        _trimmed(purpose[1]) if purpose else "",
        _lower(size[1]) if size else "",
        _lower(number[0]) if number else f"{pack[1]} pack" if pack else "",
        qualities[:6],
        title,
        every,
    )


Template = Callable[[Described, Sequence[Described], np.random.Generator], str]
"""Of a product, others of its type, and a generator: a query, or the empty text where the product gives none."""


def _needs(*names: str) -> Template:
    """The named parts joined, if all are there."""

    def write(product: Described, alike: Sequence[Described], generator: np.random.Generator) -> str:
        values = [getattr(product, name) for name in names]
        return " ".join(values) if all(values) else ""

    return write


def _attribute(product: Described, alike: Sequence[Described], generator: np.random.Generator) -> str:
    if not product.kind or not product.qualities:
        return ""
    return f"{product.qualities[int(generator.integers(len(product.qualities)))]} {product.kind}"


def _purpose(product: Described, alike: Sequence[Described], generator: np.random.Generator) -> str:
    return f"{product.kind} for {product.purpose}" if product.kind and product.purpose else ""


def _size(product: Described, alike: Sequence[Described], generator: np.random.Generator) -> str:
    return f"{product.kind} size {product.size}" if product.kind and product.size else ""


def _negation(product: Described, alike: Sequence[Described], generator: np.random.Generator) -> str:
    others = sorted({q for other in alike for q in other.qualities if not product.words & {*fold(q)}})
    if not product.kind or not others:
        return ""
    return f"{product.kind} without {others[int(generator.integers(len(others)))]}"


def _title(product: Described, alike: Sequence[Described], generator: np.random.Generator) -> str:
    words = product.title.split()
    return _trimmed(" ".join(words[: int(generator.integers(3, 6))])) if len(words) >= 3 else ""


TEMPLATES: Mapping[str, Template] = {
    "type": _needs("kind"),
    "brand-type": _needs("brand", "kind"),
    "colour-type": _needs("colour", "kind"),
    "brand-colour-type": _needs("brand", "colour", "kind"),
    "attribute-type": _attribute,
    "number-type": _needs("number", "kind"),
    "type-size": _size,
    "type-for": _purpose,
    "type-without": _negation,
    "title": _title,
}


def template_queries(
    products: Sequence[Product], seed: int, templates: Sequence[str] = tuple(TEMPLATES)
) -> Iterator[TemplateQuery]:
    """One query a product, by a template drawn at random of those that the product can fill; none where it fills none.

    A pure function of its arguments; the products are what negations look among.
    """
    described = [describe(product) for product in products]
    alike: dict[str, list[Described]] = {}
    for product in described:
        alike.setdefault(product.kind, []).append(product)
    for place, product in enumerate(described):
        generator = np.random.default_rng([seed, place])
        others = [other for other in alike[product.kind][:_ALIKE] if other.product_id != product.product_id]
        for name in generator.permutation(np.array(templates, dtype=object)):
            text = TEMPLATES[name](product, others, generator)
            if text:
                yield TemplateQuery(text, str(name), product.product_id)
                break


_ALIKE = 50  # products of a type that a negation looks among


def _first(product: Product, names: Sequence[str]) -> str:
    return next((" ".join(product[name].split()) for name in names if product[name].strip()), "")


def _kind_of(head: str) -> str:
    """The last two words of a title's first part, before any purpose: English puts the noun last."""
    before = re.split(r"\b(?:for|with|without|by|in|from)\b", head, flags=re.I)[0]
    words = [_lower(word) for word in _WORD.findall(_NUMBER.sub(" ", _SIZE.sub(" ", before)))][-2:]
    return " ".join(words[1:] if words and words[0] in _LINKS else words)


def _without(text: str, brand: str) -> str:
    return re.sub(rf"\b{re.escape(brand)}\b", " ", text, flags=re.I) if brand else text


def _trimmed(text: str) -> str:
    """Lower case, without link words and punctuation at its end."""
    words = _lower(text).split()
    while words and words[-1].strip(".,;:-–—") in {*_LINKS, ""}:
        words.pop()
    return " ".join(words)


def _lower(text: str) -> str:
    return " ".join(text.lower().strip(" .,;:").split())
