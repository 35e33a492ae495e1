"""Text to tokens, as the analyzers of the same names do it for plain English."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from fake_elastic.protocol import ElasticError

_BUILT_IN = {
    "standard": ("standard", ("lowercase",)),
    "simple": ("letter", ("lowercase",)),
    "whitespace": ("whitespace", ()),
    "keyword": ("keyword", ()),
    "english": ("standard", ("lowercase", "stop", "stemmer")),
}
_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
    "this to was will with"
)
_STOP = frozenset(_STOP_WORDS.split())
_TOKENIZERS = {
    "standard": re.compile(r"\w+(?:['’.]\w+)*"),
    "whitespace": re.compile(r"\S+"),
    "letter": re.compile(r"[^\W\d_]+"),
    "keyword": re.compile(r".+", re.DOTALL),
}


def analyze(text: str, name: str, settings: Mapping[str, Any]) -> list[str]:
    """The tokens of `text`; `settings` is the index's `analysis` section."""
    custom = settings.get("analyzer", {}).get(name)
    if custom is not None:
        base = custom.get("type", "custom")
        tokenizer, filters = _BUILT_IN.get(base, (custom.get("tokenizer", "standard"), custom.get("filter", ())))
    elif name in _BUILT_IN:
        tokenizer, filters = _BUILT_IN[name]
    else:
        raise ElasticError(400, "mapper_parsing_exception", f"analyzer [{name}] has not been configured in mappings")
    tokens = _TOKENIZERS[tokenizer].findall(text)
    for one in [filters] if isinstance(filters, str) else filters:
        tokens = _filtered(tokens, one, settings.get("filter", {}).get(one, {"type": one}))
    return tokens


def _filtered(tokens: list[str], name: str, options: Mapping[str, Any]) -> list[str]:
    match options.get("type"):
        case "lowercase":
            return [token.lower() for token in tokens]
        case "asciifolding":
            folded = (unicodedata.normalize("NFKD", token) for token in tokens)
            return ["".join(letter for letter in token if not unicodedata.combining(letter)) for token in folded]
        case "stop":
            return [token for token in tokens if token not in _STOP]
        case "stemmer" | "porter_stem" | "kstem":
            return [re.sub(r"(?<=\w\w)(?<![us])s$", "", token) for token in tokens]  # plurals alone
        case _:
            raise ElasticError(400, "illegal_argument_exception", f"failed to find filter under name [{name}]")
