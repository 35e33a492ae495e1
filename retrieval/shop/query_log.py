"""The shop's query log: distinct texts with Zipf frequencies, broad ones first; some repeat test queries."""

import random
import re
from collections.abc import Callable, Sequence

from eval.errors import InputError
from retrieval.data.search_data import LogQuery

LEAKED = 0.02
"""Share of the log that repeats a test query: verbatim, in other case or punctuation, or in other word order."""


def draw_log(
    size: int, draw: Callable[[], tuple[str, int]], leaks: Sequence[str], rng: random.Random
) -> list[LogQuery]:
    """`size` distinct queries, most frequent first.

    `draw` gives one query's text and its number of requirements; `leaks` are texts that a guard must keep out of
    training. The query of rank r is typed about size / (3 r) times, at least once; broad queries rank higher.

    Raises:
        InputError: when the shop has not that many different queries.
    """
    ranked: dict[str, float] = {}
    if leaks:
        for _ in range(round(size * LEAKED)):
            ranked.setdefault(_disguised(rng.choice(leaks), rng), 2 + rng.expovariate(1.0))
    failures = 0
    while len(ranked) < size:
        text, constraints = draw()
        if text in ranked:
            failures += 1
            if failures > 20 * size + 1000:
                raise InputError(f"a log of {size:,} queries was asked for, but the shop yields only {len(ranked):,}")
            continue
        ranked[text] = constraints + rng.expovariate(0.5)
    ordered = sorted(ranked, key=ranked.__getitem__)[:size]
    return [LogQuery(text, max(1, round(size / (3 * (rank + 1))))) for rank, text in enumerate(ordered)]


def normalised(text: str) -> str:
    """What two spellings of one query share here: words in order, without case and punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _disguised(text: str, rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.3:
        return text
    if roll < 0.5:
        return text.upper() if rng.random() < 0.3 else text.capitalize() + rng.choice("?!.")
    if roll < 0.7:
        return text.replace(" ", rng.choice([", ", "  ", " - "]), 1)
    words = text.split(" ")
    rng.shuffle(words)
    return " ".join(words)
