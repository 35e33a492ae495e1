"""The words of a text, for lexical search: one tokenizer for products and queries.

Lower case, accents folded, no stop words ("without" and "for" carry meaning in product search). Plurals are cut by the
S-stemmer (Harman, "How effective is suffixing?", JASIS 42(1), 1991) and one more rule for dresses, boxes and watches.
Numbers keep their decimals, and a number with its unit makes three tokens however it is spelt: "10mm", "10 mm" and
"10-mm" all give 10, mm and 10mm. Other mixtures stay whole: iphone13, 4k, 3080ti.
"""

import re
import unicodedata
from itertools import filterfalse

TOKENIZER_VERSION = 1
"""Recorded with every index; raise it when `tokenize` changes, so that an older index is refused."""

_PIECE = re.compile(r"(?P<number>\d+(?:[.,/]\d+)*)(?P<tail>[\"”″]|[^\W_]*)|[^\W_]+(?:['’][^\W\d_]+)?")
_UNITS = {
    **dict.fromkeys(("inch", "inches", '"', "”", "″"), "inch"),
    **dict.fromkeys(("ft", "feet", "foot"), "ft"),
    **dict.fromkeys(("oz", "ounce", "ounces"), "oz"),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), "lb"),
    **dict.fromkeys(("gal", "gallon", "gallons"), "gallon"),
    **dict.fromkeys(("pack", "packs", "pk"), "pack"),
    **dict.fromkeys(("piece", "pieces", "pc", "pcs"), "piece"),
    **dict.fromkeys(("count", "ct"), "count"),
    **dict.fromkeys(("w", "watt", "watts"), "watt"),
    **dict.fromkeys(("v", "volt", "volts"), "volt"),
    **{
        word: word for word in ("mm", "cm", "m", "mg", "g", "kg", "ml", "l", "mb", "gb", "tb", "mah", "hz", "ghz", "qt")
    },
}


def tokenize(text: str) -> list[str]:
    """The tokens of `text`, in order, repeats kept; empty for a text without a letter or digit."""
    tokens: list[str] = []
    number = ""  # the number just before this piece, waiting for its unit
    for match in _PIECE.finditer(fold(text)):
        piece, digits, tail = match[0], match["number"], match["tail"]
        if digits and tail in _UNITS:
            tokens += [digits, _UNITS[tail], digits + _UNITS[tail]]
            number = ""
        elif digits:
            tokens.append(digits + tail)
            number = "" if tail else digits
        else:
            unit = _UNITS.get(piece) if number else None
            tokens += [unit, number + unit] if unit else [_singular(piece)]
            number = ""
    return tokens


def fold(text: str) -> str:
    """Lower case, without accents."""
    lower = text.lower()
    if lower.isascii():
        return lower
    folded = unicodedata.normalize("NFKD", lower)
    return "".join(filterfalse(unicodedata.combining, folded))


def trace(token: str) -> str:
    """What a text with this token holds for certain, once folded: a quick look before it is tokenized.

    Empty, which every text holds, for what may be spelt otherwise: numbers and units.
    """
    return token[:-1] if token.isalpha() and token not in _UNITS.values() else ""


def _singular(word: str) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]
