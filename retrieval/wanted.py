"""What a query asks for, and what it says it does not want: "paper bags without handles" asks for "paper bags".

First stages match words and meanings, not their absence: the query above is nearest to paper bags *with* handles, for
BM25 and for a bi-encoder alike. So they search for what is wanted, and `retrieval.demotion` puts what mentions the
unwanted behind. Rerankers read the whole query.
"""

import re

from retrieval.tokens import tokenize

# An unwanted thing is named by at most two words, fewer before a word that begins another phrase.
_OTHER = r"(?:with|without|w/o|for|from|in|on|to|of|by|and|or|but)\b"
_WITHOUT = r"(?<=\S)\s+(?:without|w/o)\s+(?:(?:a|an|any|the)\s+)?"
_UNWANTED = re.compile(rf"{_WITHOUT}\S+", re.IGNORECASE)
_NAMED = re.compile(rf"{_WITHOUT}(\S+(?:\s+(?!{_OTHER})\S+)?)", re.IGNORECASE)


def wanted(text: str) -> str:
    """The query without each "without X": "lights without wiring with switch" gives "lights with switch".

    X is one word after an article, if there is one: what follows may be wanted again. A query that begins with
    "without" is left as it is.
    """
    return _UNWANTED.sub("", text)


def unwanted(text: str) -> list[str]:
    """The tokens of what the query is to be without, each once: "nail kit without led lamp" gives led and lamp."""
    return list(dict.fromkeys(token for phrase in _NAMED.findall(text) for token in tokenize(phrase)))
