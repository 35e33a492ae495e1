"""Queries that nobody typed: what template and model wrote, cleaned as the log is."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from augment.guard import LeakGuard
from augment.query_log import Leak, LoggedQuery, identified
from retrieval.query_key import query_key


class GeneratedQuery(NamedTuple):
    """A query and where it comes from: "template:" and the template's name, "llm:product" or "llm:shop"."""

    text: str
    origin: str


@dataclass
class CleanGenerated:
    """What is left of generated queries, and what was dropped: `repeated` are in the log, judged, or came twice."""

    queries: list[LoggedQuery] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    repeated: int = 0
    empty: int = 0

    def summary(self) -> dict[str, Any]:
        """In numbers, for the manifest."""
        return {
            "selected": len(self.queries),
            "by origin": dict(sorted(Counter(logged.origin for logged in self.queries).items())),
            "leaks": len(self.leaks),
            "repeated": self.repeated,
            "empty": self.empty,
        }


def clean_generated(
    generated: Iterable[GeneratedQuery], guard: LeakGuard, known: Iterable[str], labelled: Collection[str] = ()
) -> CleanGenerated:
    """Drop what the guard refuses, what has no letter or number, and what is there already.

    `known` are keys of the log's and the judged queries: a judged query's id does not follow from its key. `labelled`
    are ids of queries whose pairs have been labelled before.
    """
    clean = CleanGenerated()
    seen = set(known)
    for text, origin in generated:
        key = query_key(text)
        query = identified(key, text)
        if not key:
            clean.empty += 1
        elif key in seen or query.id in labelled:
            clean.repeated += 1
        elif (reason := guard.check(text)) is not None:
            clean.leaks.append(Leak(text, reason, 1))
        else:
            seen.add(key)
            clean.queries.append(LoggedQuery(query, 1, False, origin))
    return clean
