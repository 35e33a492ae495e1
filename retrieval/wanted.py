"""What a query asks for, less what it says it does not want: first stages match words and meanings, not their absence.

"paper bags without handles" is nearest to paper bags *with* handles, for BM25 and for a bi-encoder alike. So the first
stage searches for "paper bags"; rerankers read the whole query. On the 70 full train queries of ESCI-150, 17 of which
say "without", this took the bi-encoder from .664 to .682 nDCG@10 (docs/experiments.md).
"""

import re

_UNWANTED = re.compile(r"(?<=\S)\s+(?:without|w/o)\s+(?:(?:a|an|any|the)\s+)?\S+", re.IGNORECASE)


def wanted(text: str) -> str:
    """The query without each "without X": "lights without wiring with switch" gives "lights with switch".

    X is one word after an article, if there is one. A query that begins with "without" is left as it is.
    """
    return _UNWANTED.sub("", text)
