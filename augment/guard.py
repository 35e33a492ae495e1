"""Keeps the queries that measure out of the data that trains: same queries and near duplicates.

A log holds the very queries that were judged, spelt a little differently. Two queries are the same when their folded
keys are equal, and near duplicates when their sets of folded words have a Jaccard similarity at or above a threshold.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

from eval.errors import InputError
from retrieval.query_key import fold, query_key
from retrieval.types import Query

_ROUNDING = 1e-9  # .75 * 4 must count as 3, whatever binary fractions make of the threshold


class LeakReason(NamedTuple):
    """Why a text is refused: it is the `same` as, or `near`, the protected `query`; `similarity` in (0, 1]."""

    kind: Literal["same", "near"]
    similarity: float
    query: Query


class LeakGuard:
    """Recognises the protected queries (dev, test, held-out folds) and their near duplicates.

    Keys are compared with the spaces taken out, so that "i-phone case" is "iphone case". Near duplicates are found
    through an inverted index with prefix filtering (Chaudhuri et al. 2006; Xiao et al. 2008, PPJoin), which is exact:
    two sets of sizes a and b can reach the threshold t only if they share a word among the rarest `a - ceil(ta) + 1` of
    the one and `b - ceil(tb) + 1` of the other.
    """

    def __init__(self, protected: Iterable[Query], threshold: float = 0.75):
        """`threshold`: Jaccard similarity in (0, 1] from which a text counts as a near duplicate."""
        if not 0 < threshold <= 1:
            raise InputError(
                f"the guard's threshold is {threshold}, expected a similarity in (0, 1]; .75 is the default"
            )
        self.threshold = threshold
        self._queries: list[Query] = []
        self._words: list[frozenset[str]] = []
        self._same: dict[str, Query] = {}
        for query in protected:
            words = fold(query.text)
            if words:
                self._same.setdefault("".join(words), query)
                self._queries.append(query)
                self._words.append(frozenset(words))
        self._frequency = Counter(word for words in self._words for word in words)
        self._postings: dict[str, list[int]] = {}
        for number, held in enumerate(self._words):
            for word in self._prefix(held):
                self._postings.setdefault(word, []).append(number)

    @property
    def fingerprint(self) -> str:
        """Changes when the protected texts or the threshold do; 16 hex digits."""
        lines = [repr(self.threshold), *sorted({query_key(query.text) for query in self._queries})]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def check(self, text: str) -> LeakReason | None:
        """The closest protected query (the first of several equally close), or None when the text is clean."""
        words = fold(text)
        if not words:
            return None
        same = self._same.get("".join(words))
        if same is not None:
            return LeakReason("same", 1.0, same)
        return self._nearest(frozenset(words))

    def assert_clean(self, texts: Iterable[str]) -> None:
        """The last check before anything is written.

        Raises:
            InputError: when one of the texts is, or nearly is, a protected query.
        """
        leaks = [(text, reason) for text in texts if (reason := self.check(text)) is not None]
        if leaks:
            text, reason = leaks[0]
            raise InputError(
                f"{len(leaks)} held-out queries reached the training data, first {text!r} ({reason.kind} as query "
                f"{reason.query.id} {reason.query.text!r}); mine the pairs again with these queries protected"
            )

    def _prefix(self, words: frozenset[str]) -> list[str]:
        ordered = sorted(words, key=lambda word: (self._frequency.get(word, 0), word))
        return ordered[: len(words) - math.ceil(self.threshold * len(words) - _ROUNDING) + 1]

    def _nearest(self, words: frozenset[str]) -> LeakReason | None:
        numbers = {number for word in self._prefix(words) for number in self._postings.get(word, ())}
        best, best_similarity = None, 0.0
        for number in sorted(numbers):
            other = self._words[number]
            shared = len(words & other)
            union = len(words) + len(other) - shared
            if shared >= self.threshold * union - _ROUNDING and shared / union > best_similarity:
                best, best_similarity = self._queries[number], shared / union
        return None if best is None else LeakReason("near", best_similarity, best)
