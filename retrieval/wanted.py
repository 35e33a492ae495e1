"""What a query asks for, and what it says it does not want: "paper bags without handles" asks for "paper bags".

First stages match words and meanings, not their absence: the query above is nearest to paper bags *with* handles, for
BM25 and for a bi-encoder alike. So they search for what is wanted, and `retrieval.demotion` puts what mentions the
unwanted behind. Rerankers read the whole query.
"""

import re

from retrieval.tokens import tokenize

# A thing is named by at most two words, fewer before a word that begins another phrase, or after a comma.
_OTHER = r"(?:with|without|w/o|for|from|in|on|to|of|by|at|as|and|or|nor|but|that|which|who|is|are|no|not)\b"
_NEXT = rf"(?<![,;.:])\s+(?!{_OTHER})"
_ARTICLE = r"(?:(?:a|an|any|the)\s+)?"
_WITHOUT = rf"(?<=\S)\s+(?:without|w/o)\s+{_ARTICLE}"
_BESIDES = rf"(?<![,;.:])\s+(?:and|or|nor)(?={_NEXT})\s+{_ARTICLE}"
_TWO_WORDS = rf"\S+(?:{_NEXT}\S+)?"
_UNWANTED = re.compile(rf"{_WITHOUT}(?:{_TWO_WORDS}{_BESIDES}\S+|\S+)", re.IGNORECASE)
_NAMED = re.compile(rf"{_WITHOUT}({_TWO_WORDS})(?:{_BESIDES}(\S+))?", re.IGNORECASE)
_DENIED = re.compile(rf"\b(?:without|w/o|no|not|non|zero)[\s-]+{_ARTICLE}[^\W_]+(?:{_NEXT}[^\W_]+)?", re.IGNORECASE)
_FREE_OF = re.compile(r"\b[^\W_]+[\s-](?:free|less)\b", re.IGNORECASE)


def wanted(text: str) -> str:
    """The query without each "without X": "lights without wiring with switch" gives "lights with switch".

    X is one word after an article, if there is one: what follows may be wanted again. "X or Y" and "X and Y" are more.
    A query that begins with "without" is left as it is.
    """
    return _UNWANTED.sub("", text)


def unwanted(text: str) -> list[tuple[str, ...]]:
    """The tokens of each thing that the query is to be without: "kit without led lamp or dryer" gives led and lamp, and
    dryer."""
    things = (tuple(tokenize(phrase)) for found in _NAMED.findall(text) for phrase in found)
    return list(dict.fromkeys(thing for thing in things if thing))


def affirmed(text: str) -> str:
    """A product's text without what it says it has not: "no UV lamp", "without a handle", "handle-free"."""
    return _FREE_OF.sub(" ", _DENIED.sub(" ", text))
