"""Segments: the kinds of query that a difference is looked at in, so that an average hides nobody.

Each function here deals queries by one dimension (their length, their category, …) into `Segment`s. A query's `words`
are its text folded to lower-case words. A dimension that says nothing (all queries alike, no data for it) has no
segments. Whether a difference within a segment holds is asked in `eval/segment_tests.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from eval.trec import Qrels, Run, ranking

MIN_QUERIES = 20
"""Smaller segments are shown but not tested: a few queries say little, and each test makes the others dearer."""

HEAD, TORSO = 0.5, 0.9
"""Head: the most frequent logged queries that make up this share of all searches; torso: those up to that share."""

_NEGATIONS = frozenset(["without", "no", "not", "except", "excluding", "minus", "ohne", "sans", "sin"])
_HAS_DIGIT = re.compile(r"\d")

Words = Mapping[str, tuple[str, ...]]
"""Query id to its words."""


@dataclass(frozen=True)
class Segment:
    """Some queries: `name` is their value of `dimension`.

    `chosen_by` names the system whose own result chose them. Against that system the segment proves nothing: where it
    did badly by bad luck, any other does better on average (regression to the mean).
    """

    dimension: str
    name: str
    query_ids: tuple[str, ...]
    chosen_by: str = ""

    @property
    def title(self) -> str:
        """Dimension and name, as in "query length: 5 words or more"."""
        return f"{self.dimension}: {self.name}"


def by_length(words: Words) -> list[Segment]:
    """One or two words, three or four, five or more."""

    def length(query_id: str) -> str:
        count = len(words[query_id])
        return "1–2 words" if count <= 2 else "3–4 words" if count <= 4 else "5 words or more"

    return _dealt("query length", words, length, ["1–2 words", "3–4 words", "5 words or more"])


def by_frequency(words: Words, log: Mapping[tuple[str, ...], int]) -> list[Segment]:
    """Head, torso and tail of the log (words → searches); queries that it lacks are tail. None if all are as frequent.

    The head is the most frequent queries that make up half of the searches, the torso those that make up the next
    40 %.
    """
    if len(set(log.values())) < 2:
        return []
    total, reached = sum(log.values()), 0
    parts: dict[tuple[str, ...], str] = {}
    for query, count in sorted(log.items(), key=lambda item: (-item[1], item[0])):
        parts[query] = "head" if reached < HEAD * total else "torso" if reached < TORSO * total else "tail"
        reached += count
    return _dealt(
        "frequency in the log", words, lambda query_id: parts.get(words[query_id], "tail"), ["head", "torso", "tail"]
    )


def by_category(
    query_ids: Collection[str],
    qrels: Qrels,
    categories: Mapping[str, str],
    relevant_gain: int,
    min_queries: int = MIN_QUERIES,
) -> list[Segment]:
    """The category (product id → category) that most of a query's relevant products have; the small ones together."""
    found = {}
    for query_id in query_ids:
        relevant = (product for product, gain in qrels[query_id].items() if gain >= relevant_gain)
        counts = Counter(name for product in relevant if (name := categories.get(product, "")))
        if counts:
            found[query_id] = min(counts, key=lambda name: (-counts[name], name))
    sizes = Counter(found.values())
    other = f"others (fewer than {min_queries} queries each)"
    large = [name for name, size in sizes.most_common() if size >= min_queries]
    return _dealt("category", found, lambda i: found[i] if found[i] in large else other, [*large, other])


def by_negation(words: Words) -> list[Segment]:
    """Queries that exclude something: "without arms", "w/o", "no sugar", "sugar-free", also ohne, sans and sin."""

    def negates(query_id: str) -> bool:
        query = words[query_id]
        return bool(_NEGATIONS & set(query)) or "free" in query[1:] or _holds(query, {("w", "o")})

    return _yes_no("negation", words, negates, "excludes something", "excludes nothing")


def by_number(words: Words) -> list[Segment]:
    """Queries with a digit: sizes, amounts, model numbers."""
    return _yes_no(
        "numbers", words, lambda i: any(map(_HAS_DIGIT.search, words[i])), "holds a number", "holds no number"
    )


def by_brand(words: Words, brands: Collection[tuple[str, ...]]) -> list[Segment]:
    """Queries that name a brand of the catalogue (brands as their words)."""
    known = {brand for brand in brands if brand}
    return _yes_no("brand", words, lambda i: _holds(words[i], known), "names a brand", "names no brand")


def by_vocabulary(unknown: Collection[str], query_ids: Collection[str]) -> list[Segment]:
    """Queries with a word that no product has, misspelt or foreign to the shop: `unknown` are their ids."""
    return _yes_no("spelling", query_ids, lambda i: i in unknown, "has a word no product has", "all words are known")


def first_stage_failures(
    query_ids: Collection[str], qrels: Qrels, run: Run, relevant_gain: int, system: str, depth: int = 10
) -> list[Segment]:
    """Queries with relevant products, none of them among the first `depth` of the first stage called `system`."""

    def fails(query_id: str) -> bool:
        best = ranking(run.get(query_id, {}))[:depth]
        return all(qrels[query_id].get(product, 0) < relevant_gain for product in best)

    answerable = [i for i in query_ids if max(qrels[i].values(), default=0) >= relevant_gain]
    name = f"nothing relevant in the first {depth} of {system}"
    failed = tuple(query_id for query_id in answerable if fails(query_id))
    return [Segment("first stage", name, failed, chosen_by=system)] if failed else []


def _yes_no(
    dimension: str, query_ids: Collection[str], asked: Callable[[str], bool], yes: str, no: str
) -> list[Segment]:
    return _dealt(dimension, query_ids, lambda i: yes if asked(i) else no, [yes, no])


def _dealt(
    dimension: str, query_ids: Collection[str], name: Callable[[str], str], order: Sequence[str]
) -> list[Segment]:
    """The segments in `order`; none when fewer than two have queries."""
    members: dict[str, list[str]] = {}
    for query_id in query_ids:
        members.setdefault(name(query_id), []).append(query_id)
    if len(members) < 2:
        return []
    return [Segment(dimension, value, tuple(members[value])) for value in order if value in members]


def _holds(words: Sequence[str], phrases: Collection[tuple[str, ...]]) -> bool:
    """Whether some phrase stands in the words, its words side by side."""
    longest = max(map(len, phrases), default=0)
    places = range(len(words))
    return any(tuple(words[i : i + size]) in phrases for size in range(1, longest + 1) for i in places)
