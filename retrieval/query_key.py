"""When two texts are one query: the key that the leak guard, the score table and the drift report share.

Case, punctuation, HTML entities and widths of characters do not count; the words and their order do. So "C++ book" has
the key of "c book": whoever must not confuse these compares the texts themselves.
"""

import html
import re
import unicodedata

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHES = str.maketrans("", "", "'`´‘’ʼ")


def fold(text: str) -> tuple[str, ...]:
    """The words of a query as two spellings of it are compared.

    HTML entities are unescaped (also twice-escaped ones), then NFKC, case folding, apostrophes and invisible characters
    removed, every other character that is no letter, mark or number taken as a space.
    """
    for _ in range(3):
        unescaped = html.unescape(text)
        if unescaped == text:
            break
        text = unescaped
    if text.isascii():
        return tuple(_ASCII_WORD.findall(text.lower().translate(_APOSTROPHES)))
    text = unicodedata.normalize(
        "NFKC", text.translate(_APOSTROPHES)
    )  # before NFKC, which splits ´ into a space and a mark
    text = unicodedata.normalize("NFKC", text.casefold())
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category != "Cf":
            kept.append(character if category[0] in "LMN" else " ")
    return tuple("".join(kept).split())


def query_key(text: str) -> str:
    """The folded words joined by one space; empty for a text without a letter or number."""
    return " ".join(fold(text))
