"""BM25 weights of words in products that came after the index: with the index's own statistics.

The idf of a word and the mean length are those of the index, so that a new product's score is the one the formula of
`retrieval.bm25` gives it beside the indexed ones, and their scores do not move. A word that no indexed product has
counts as one that none has (df 0). A merge counts anew.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from retrieval.bm25 import BM25Retriever, inverse_frequency
from retrieval.live.grown import Grown
from retrieval.tokens import tokenize

_SAMPLES = 1024


class WordStatistics:
    """What a BM25 index knows of words: their numbers, document frequencies and the products' mean length."""

    def __init__(self, retriever: BM25Retriever) -> None:
        index = retriever.index
        self.template = retriever.manifest.template
        self.vocabulary: dict[str, int] = index.vocab_dict
        self.k1: float = index.k1
        self.b: float = index.b
        self.count = retriever.manifest.count
        self._starts: np.ndarray = index.scores["indptr"]
        self.mean_length = self._mean_length(retriever)

    def idf(self, word: int) -> np.float32:
        """`inverse_frequency` of the word of this number."""
        df = int(self._starts[word + 1] - self._starts[word]) if word < len(self._starts) - 1 else 0
        return np.float32(inverse_frequency(df, self.count))

    def weights(self, words: np.ndarray, times: np.ndarray) -> np.ndarray:
        """float32 weights of a product's distinct `words`, which it has `times` times each (both [n])."""
        idf = np.array([self.idf(word) for word in words.tolist()], dtype=np.float32)
        frequencies = times.astype(np.float32)
        saturation = frequencies / (self.k1 * (1 - self.b + self.b * times.sum() / self.mean_length) + frequencies)
        return (idf * saturation).astype(np.float32)

    def _mean_length(self, retriever: BM25Retriever) -> np.float64:
        """The mean number of words a product, solved for from stored weights: the index does not keep it.

        A weight is good to seven digits and the sum of all lengths is a whole number, so the mean over a thousand
        weights, rounded to such a sum, is exact for catalogues of many millions of words, and good to eight digits
        beyond.
        """
        if self.b == 0:
            return np.float64(1)  # lengths do not count
        stored = retriever.index.scores
        found = []
        for place in np.unique(np.linspace(0, len(stored["data"]) - 1, _SAMPLES).astype(np.int64)).tolist():
            row = int(stored["indices"][place])
            word = int(np.searchsorted(self._starts, place, side="right")) - 1
            tokens = tokenize(retriever.catalogue.texts(self.template, row, row + 1)[0])
            times = sum(self.vocabulary[token] == word for token in tokens)
            saturation = float(stored["data"][place]) / float(self.idf(word))
            scale = (times / saturation - times) / self.k1
            found.append(self.b * len(tokens) / (scale - (1 - self.b)))
        return np.float64(round(float(np.mean(found)) * self.count)) / self.count


class DeltaWords:
    """The words of the products added since, in one list that a search scans: the delta is small."""

    def __init__(self, statistics: WordStatistics) -> None:
        self._statistics = statistics
        self._new: dict[str, int] = {}
        self._words = Grown(np.int32)
        self._rows = Grown(np.int32)
        self._weights = Grown(np.float32)
        self._ends = Grown(np.int64)

    def add(self, text: str) -> None:
        """Append the next product's text."""
        known, new = self._statistics.vocabulary, self._new
        counts = Counter(tokenize(text))
        words = np.array(
            [known[w] if w in known else new.setdefault(w, len(known) + len(new)) for w in counts], dtype=np.int32
        )
        row = len(self._ends)
        self._weights.extend(self._statistics.weights(words, np.array(list(counts.values()), dtype=np.int64)))
        self._rows.extend(np.full(len(words), row, dtype=np.int32))
        self._words.extend(words)
        self._ends.extend(np.array([len(self._words)]))

    def scores(self, text: str, more: Mapping[str, float], count: int) -> np.ndarray:
        """float32 BM25 scores [count] of the first `count` products for a query's text and `BM25Retriever.more`."""
        scores = np.zeros(count, dtype=np.float32)
        if count == 0:
            return scores
        end = int(self._ends.first(count)[-1])
        words, rows, weights = self._words.first(end), self._rows.first(end), self._weights.first(end)
        known = [number for word in tokenize(text) if (number := self._number(word)) is not None]
        added = [(number, times) for word, times in more.items() if (number := self._number(word)) is not None]
        for number, times in [*((number, 1.0) for number in sorted(known)), *added]:
            places = np.flatnonzero(words == number)
            scores[rows[places]] += np.float32(times) * weights[places]  # a product has a word once in the list
        return scores

    def knows(self, word: str, count: int) -> bool:
        """Whether one of the first `count` products has this token."""
        if count == 0 or (number := self._number(word)) is None:
            return False
        return bool((self._words.first(int(self._ends.first(count)[-1])) == number).any())

    def _number(self, word: str) -> int | None:
        return self._statistics.vocabulary.get(word, self._new.get(word))
