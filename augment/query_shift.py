"""How a recent query log differs from the one that was mined, beside how two periods of the same log differ.

A log with its frequencies is taken as that many requests. Each round deals the known log's requests into two halves, A
and B, and compares as many requests of B, and as many of the recent log, with A:

    unseen      share of the requests whose query (by its key) is not in A
    new words   share of the requests' words that are in no query of A
    divergence  of the distributions of words, Jensen–Shannon, in bits from 0 to 1

B is what chance does (the tail of any log is new every week); the shift is what the recent log has above it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eval.errors import InputError
from eval.shift import jensen_shannon
from retrieval.data.search_data import LogQuery
from retrieval.query_key import query_key
from retrieval.tokens import tokenize

ROUNDS = 40
_MOST = 20_000  # requests compared a round


class ShiftFromHalf(NamedTuple):
    """Mean `value` of the recent log over the rounds, that of the known log itself (`usual`) with the interval that
    holds 95 % of its rounds."""

    value: float
    usual: float
    low: float
    high: float

    @property
    def excess(self) -> float:
        """How much more than usual."""
        return self.value - self.usual


@dataclass(frozen=True)
class QueryShift:
    """The three shifts, over `requests` requests a round."""

    unseen: ShiftFromHalf
    new_words: ShiftFromHalf
    divergence: ShiftFromHalf
    requests: int


def query_shift(
    known: Sequence[LogQuery], recent: Sequence[LogQuery], *, seed: int, rounds: int = ROUNDS
) -> QueryShift:
    """Compare; texts without a letter or number do not count.

    Raises:
        InputError: when one of the logs has no query, or the known one a single request.
    """
    counted = _Counted(known, recent)
    generator = np.random.default_rng(seed)
    values: list[tuple[tuple[float, float, float], tuple[float, float, float]]] = []
    size = 0
    for _ in range(rounds):
        half = generator.binomial(counted.known, 0.5)
        rest = counted.known - half
        size = int(min(rest.sum(), counted.recent.sum(), _MOST))
        if size == 0 or not half.any():
            raise InputError("a log of a single request has no halves to compare; give a longer query log")
        usual, now = (_drawn(generator, counts, size) for counts in (rest, counted.recent))
        values.append((counted.compare(half, now), counted.compare(half, usual)))
    table = np.array(values)  # [rounds, recent or usual, kind of shift]
    low, high = np.quantile(table[:, 1], [0.025, 0.975], axis=0)
    means = table.mean(axis=0)
    found = [ShiftFromHalf(*map(float, (means[0, i], means[1, i], low[i], high[i]))) for i in range(3)]
    return QueryShift(found[0], found[1], found[2], size)


class _Counted:
    """Both logs as request counts over the union of their queries, and the words of each query."""

    def __init__(self, known: Iterable[LogQuery], recent: Iterable[LogQuery]) -> None:
        places: dict[str, int] = {}
        words: dict[str, int] = {}
        held: list[list[int]] = []
        counts: list[dict[int, int]] = [{}, {}]
        for which, log in enumerate((known, recent)):
            for entry in log:
                key = query_key(entry.text)
                if not key:
                    continue
                place = places.setdefault(key, len(places))
                if place == len(held):
                    held.append([words.setdefault(word, len(words)) for word in tokenize(entry.text)])
                counts[which][place] = counts[which].get(place, 0) + max(1, entry.frequency)
            if not counts[which]:
                raise InputError(f"the {('known', 'recent')[which]} query log holds no query with a word")
        self.known, self.recent = (self._vector(some, len(places)) for some in counts)
        self._lengths = np.array([len(some) for some in held], dtype=np.int64)
        self._words = np.array([word for some in held for word in some], dtype=np.int64)
        self._vocabulary = len(words)

    def compare(self, reference: np.ndarray, requests: np.ndarray) -> tuple[float, float, float]:
        """The three shifts of `requests` from `reference`, both counts by query."""
        unseen = float(requests[reference == 0].sum() / requests.sum())
        before, now = (self._word_counts(counts) for counts in (reference, requests))
        return unseen, float(now[before == 0].sum() / max(now.sum(), 1)), jensen_shannon(before, now)

    def _word_counts(self, counts: np.ndarray) -> np.ndarray:
        weights = np.repeat(counts, self._lengths)
        return np.bincount(self._words, weights=weights, minlength=self._vocabulary)

    @staticmethod
    def _vector(counts: dict[int, int], size: int) -> np.ndarray:
        vector = np.zeros(size, dtype=np.int64)
        vector[list(counts)] = list(counts.values())
        return vector


def _drawn(generator: np.random.Generator, counts: np.ndarray, size: int) -> np.ndarray:
    """`size` of the requests, without replacement, as counts."""
    return generator.multivariate_hypergeometric(counts, size, method="marginals")
