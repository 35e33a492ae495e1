"""Hard negatives: products that a first stage finds for a query and that do not match it.

What is known to match is left out, and so is what a judge thinks too good: unjudged hits are often matches (Qu et al.
2021, RocketQA, arXiv 2010.08191). Queries go through in chunks, so memory does not grow with their number.
"""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from retrieval.progress import Progress
from retrieval.types import Query, Retriever

TooGood = Callable[[Query, Sequence[str]], Sequence[bool]]
"""Of a query and product ids: which of them may well match, so that they must not be taken for negatives."""

_CHUNK = 256  # queries searched at once
_DRAWN = 3  # candidates that the filter looks at, for each one that is wanted


def hard_negatives(
    queries: Sequence[Query],
    known: Sequence[Collection[str]],
    retriever: Retriever,
    *,
    take: int,
    depth: int,
    too_good: TooGood,
    seed: int,
    progress: Progress | None = None,
) -> list[list[str]]:
    """For each query at most `take` product ids out of the retriever's best `depth`, in its order, drawn at random.

    Args:
        known: for each query the product ids that are never taken, because what they are is known.
        too_good: the filter; a teacher's scores above a limit, say. It sees only products that are not known.
    """
    found: list[list[str]] = []
    for start in range(0, len(queries), _CHUNK):
        chunk = queries[start : start + _CHUNK]
        for query, hits in zip(chunk, retriever.search(chunk, depth), strict=True):
            place = len(found)
            fresh = [hit.product_id for hit in hits if hit.product_id not in known[place]]
            drawn = np.random.default_rng([seed, place]).permutation(len(fresh))[: _DRAWN * take]
            asked = [fresh[number] for number in sorted(drawn)]
            good = too_good(query, asked) if asked else []
            found.append([i for i, match in zip(asked, good, strict=True) if not match][:take])
        if progress is not None:
            progress(len(found), len(queries))
    return found
