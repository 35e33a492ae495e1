"""From a raw query log to distinct, clean queries: held-out queries and their near duplicates leave, and are listed."""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from augment.guard import LeakGuard, LeakReason
from eval.files import atomic_path
from retrieval.query_key import query_key
from retrieval.types import Query

if TYPE_CHECKING:
    from retrieval.data.search_data import LogQuery


class LoggedQuery(NamedTuple):
    """A distinct query. `judged`: it is one of the judged train queries, and carries that query's id; `origin`: "log",
    or how it was generated.
    """

    query: Query
    frequency: int
    judged: bool
    origin: str = "log"


class Leak(NamedTuple):
    """A query that was dropped; `entries` log entries had its key."""

    text: str
    reason: LeakReason
    entries: int


@dataclass
class CleanLog:
    """What is left of a log of `entries` entries: distinct `queries` in order of first appearance, and what was
    dropped.
    """

    queries: list[LoggedQuery] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    entries: int = 0
    repeated: int = 0
    empty: int = 0
    judged: int = 0


def clean_log(
    log: "Iterable[LogQuery]", guard: LeakGuard, judged: Iterable[Query] = (), *, keep_judged: bool = True
) -> CleanLog:
    """Merge entries with the same key (frequencies add up), drop leaks and entries without a letter or number.

    `judged` train queries found in the log keep their own id and text and are flagged, or dropped without
    `keep_judged`. The id of any other query is a hash of its key, so it does not depend on the log's order or on other
    entries.
    """
    known: dict[str, Query] = {}
    for query in judged:
        known.setdefault(query_key(query.text), query)
    clean = CleanLog()
    place: dict[str, int] = {}  # of a kept query in clean.queries; of a leak: -1 - its place in clean.leaks
    for entry in log:
        clean.entries += 1
        key = query_key(entry.text)
        frequency = max(1, entry.frequency)
        if not key:
            clean.empty += 1
        elif key not in place:
            reason = guard.check(entry.text)
            if reason is not None:
                place[key] = -1 - len(clean.leaks)
                clean.leaks.append(Leak(entry.text, reason, 1))
                continue
            place[key] = len(clean.queries)
            query = known.get(key) or identified(key, entry.text)
            clean.queries.append(LoggedQuery(query, frequency, key in known))
        elif place[key] < 0:
            leak = clean.leaks[-1 - place[key]]
            clean.leaks[-1 - place[key]] = leak._replace(entries=leak.entries + 1)
        else:
            clean.repeated += 1
            before = clean.queries[place[key]]
            clean.queries[place[key]] = before._replace(frequency=before.frequency + frequency)
    clean.judged = sum(logged.judged for logged in clean.queries)
    if not keep_judged:
        clean.queries = [logged for logged in clean.queries if not logged.judged]
    return clean


def identified(key: str, text: str) -> Query:
    """The query, its id a hash of its key: the same whatever else there is, and wherever it comes from."""
    return Query(f"log-{hashlib.sha256(key.encode()).hexdigest()[:16]}", text)


def write_leaks(leaks: Iterable[Leak], path: Path) -> None:
    """List what was dropped, and which held-out query each is the same as or near to, as CSV."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["query", "reason", "similarity", "protected_id", "protected_query", "entries"])
        for text, reason, entries in leaks:
            protected = reason.query
            writer.writerow([text, reason.kind, f"{reason.similarity:.4f}", protected.id, protected.text, entries])
