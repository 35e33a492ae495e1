"""What the bi-encoder learns from, tokenised once and dealt into batches of two kinds.

A scored list teaches the order of one query's products; a pair of texts teaches that the two belong together.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from eval.errors import InputError
from retrieval.batching import Part, epoch_batches
from retrieval.checkpoints import digest_weights
from retrieval.encoder import Encoder


@dataclass(frozen=True)
class ScoredList:
    """A query with texts of products.

    `targets` is float32 [n] in [0, 1], how well each of the n `products` matches (a soft target). `negatives` are more
    texts, that are taken not to match.
    """

    query: str
    products: Sequence[str]
    targets: np.ndarray
    negatives: Sequence[str] = ()


class TextPair(NamedTuple):
    """Two texts of one product, its title and its description say: the first is read as a query."""

    query: str
    product: str


class ListBatch(NamedTuple):
    """Some lists: query inputs [b, …], product inputs [m, …] of all lists together, and what is known of them.

    `targets` and `weights` are float32 [b, n], by list (weight 0 is padding or a mere negative); `rows`, `places` int64
    [m] say where in [b, n] a product belongs. `positive` and `ignored` are bool [b, m], of every query with every
    product of the batch: known to match, and known to be in between.
    """

    queries: dict[str, torch.Tensor]
    products: dict[str, torch.Tensor]
    targets: torch.Tensor
    weights: torch.Tensor
    rows: torch.Tensor
    places: torch.Tensor
    positive: torch.Tensor
    ignored: torch.Tensor


class PairBatch(NamedTuple):
    """Some pairs: both sides' inputs [b, …], and where a row's text is a column's (bool [b, b]): not only itself."""

    queries: dict[str, torch.Tensor]
    products: dict[str, torch.Tensor]
    same: torch.Tensor


class Planned(NamedTuple):
    """A batch to come: parts of lists, or pairs (as parts of one)."""

    lists: bool
    parts: list[Part]


class EncoderData:
    """All texts with their tokens.

    Args:
        positive_from, negative_to: a product whose target is at least, or at most, that much is a positive, or a
            negative, of its query; one in between is neither.
    """

    def __init__(
        self,
        encoder: Encoder,
        lists: Sequence[ScoredList],
        pairs: Sequence[TextPair],
        *,
        positive_from: float,
        negative_to: float,
    ) -> None:
        """Check and tokenise.

        Raises:
            InputError: on a target that is missing or outside [0, 1], or nothing to learn from.
        """
        if not lists and not pairs:
            raise InputError("the encoder has nothing to learn from; give labels, judgements or a catalogue with texts")
        for entry in lists:
            _check(entry)
        self._lists = [_Known.of(entry) for entry in lists]
        self._positive_from, self._negative_to = positive_from, negative_to
        self._pairs = list(pairs)
        texts = [*(text for entry in self._lists for text in entry.texts), *(pair.product for pair in pairs)]
        self._number = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        self._products = encoder.tokens(list(self._number), encoder.product_prefix)
        queries = [*(entry.query for entry in self._lists), *(pair.query for pair in pairs)]
        self._queries = encoder.tokens(queries, encoder.query_prefix)
        self._columns = [np.array([self._number[text] for text in entry.texts], np.int64) for entry in self._lists]
        self._pair_columns = np.array([self._number[pair.product] for pair in pairs], np.int64)

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return int(max(self._queries.lengths.max(), self._products.lengths.max()))

    def epoch(
        self, epoch: int, *, list_size: int, products_per_batch: int, pairs_per_batch: int, seed: int
    ) -> list[Planned]:
        """The batches of an epoch, both kinds mixed: a pure function of its arguments."""
        lengths = self._products.lengths
        lists = epoch_batches(
            [lengths[columns] for columns in self._columns],
            group_size=list_size,
            pairs_per_batch=products_per_batch,
            seed=seed,
            epoch=epoch,
        )
        both = lengths[self._pair_columns] + self._queries.lengths[len(self._lists) :] if self._pairs else []
        pairs = epoch_batches(
            [np.array([length]) for length in both],
            group_size=1,
            pairs_per_batch=pairs_per_batch,
            seed=seed,
            epoch=epoch,
        )
        planned = [Planned(True, parts) for parts in lists] + [Planned(False, parts) for parts in pairs]
        order = np.random.default_rng([seed, epoch, 1]).permutation(len(planned))
        return [planned[place] for place in order]

    def lists(self, parts: Sequence[Part], device: torch.device) -> ListBatch:
        """The inputs of some lists, and what is known of every query with every product among them."""
        sizes = [len(part.places) for part in parts]
        shape = (len(parts), max(sizes))
        targets, weights = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for row, part in enumerate(parts):
            entry = self._lists[part.group]
            scored = part.places < len(entry.targets)
            targets[row, : sizes[row]][scored] = entry.targets[part.places[scored]]
            weights[row, : sizes[row]] = scored
        columns = np.concatenate([self._columns[part.group][part.places] for part in parts])
        known = np.stack([self._known(part.group, columns) for part in parts])
        rows = np.repeat(np.arange(len(parts)), sizes)
        places = np.concatenate([np.arange(size) for size in sizes])
        positive = known >= self._positive_from
        ignored = (known > self._negative_to) & ~positive
        arrays = (targets, weights, rows, places, positive, ignored)
        return ListBatch(
            self._queries.batch([part.group for part in parts], device),
            self._products.batch(columns, device),
            *(torch.from_numpy(array).to(device) for array in arrays),
        )

    def pairs(self, parts: Sequence[Part], device: torch.device) -> PairBatch:
        """The inputs of some pairs."""
        numbers = [part.group for part in parts]
        columns = self._pair_columns[numbers]
        left = np.array([self._pairs[number].query for number in numbers])
        same = (columns[:, None] == columns[None, :]) | (left[:, None] == left[None, :])
        return PairBatch(
            self._queries.batch([len(self._lists) + number for number in numbers], device),
            self._products.batch(columns, device),
            torch.from_numpy(same).to(device),
        )

    def fingerprint(self, weights: Mapping[str, torch.Tensor], settings: Mapping[str, Any]) -> str:
        """Changes whenever the tokens, targets, first model weights or settings do; 32 hex digits."""
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16)
        for tokens in (self._queries, self._products):
            digest.update(tokens.ids.tobytes() + tokens.starts.tobytes())
        for entry, columns in zip(self._lists, self._columns, strict=True):
            digest.update(entry.targets.tobytes() + columns.tobytes())
        digest.update(self._pair_columns.tobytes())
        digest_weights(digest, weights)
        return digest.hexdigest()

    def _known(self, group: int, columns: np.ndarray) -> np.ndarray:
        """What is known of a list's query with each product text, by number: its target, −1 where nothing is."""
        entry, own = self._lists[group], self._columns[group]
        known = np.full(len(columns), -1, np.float32)
        for number, target in zip(own, entry.targets, strict=False):
            known[columns == number] = target
        return known


class _Known(NamedTuple):
    """A scored list with its negatives at the end of its texts."""

    query: str
    texts: list[str]
    targets: np.ndarray

    @classmethod
    def of(cls, entry: ScoredList) -> "_Known":
        scored = set(entry.products)
        fresh = [text for text in dict.fromkeys(entry.negatives) if text not in scored]
        return cls(entry.query, [*entry.products, *fresh], np.asarray(entry.targets, np.float32))


def _check(entry: ScoredList) -> None:
    targets = np.asarray(entry.targets)
    if not len(entry.products) or targets.shape != (len(entry.products),):
        raise InputError(f"query {entry.query[:60]!r} has {len(entry.products)} products and {targets.size} targets")
    if not (np.isfinite(targets).all() and targets.min() >= 0 and targets.max() <= 1):
        raise InputError(f"query {entry.query[:60]!r} has targets outside 0 to 1; the encoder learns soft targets")
