"""Which inputs share a forward pass: pure functions of lengths and a seed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_BUCKET_BATCHES = 32


def length_sorted_batches(lengths: Sequence[int] | np.ndarray, token_budget: int) -> list[np.ndarray]:
    """Batches of inputs of similar length for inference.

    Args:
        lengths: tokens of each input.
        token_budget: the most tokens a batch may hold, padding included; an input longer than it goes alone.

    Returns:
        Batches of input numbers (int64), longest inputs first, so that memory peaks at once; each input in one batch.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        width = max(int(sizes[order[start]]), 1)
        stop = start + max(token_budget // width, 1)
        batches.append(order[start:stop])
        start = stop
    return batches


class Part(NamedTuple):
    """Some products of one group: the group's number and the products' places in it."""

    group: int
    places: np.ndarray


def epoch_batches(
    lengths: Sequence[np.ndarray], *, group_size: int, pairs_per_batch: int, seed: int, epoch: int
) -> list[list[Part]]:
    """The batches of one training epoch, a pure function of its arguments.

    Groups larger than `group_size` are dealt at random into parts of nearly equal size, anew every epoch, so that over
    the epochs different products meet. Parts are shuffled, sorted by length within buckets of some thirty batches
    (little padding, still random), packed into batches of at most `pairs_per_batch` pairs, and the batches shuffled.

    Args:
        lengths: for each group, the tokens of each of its pairs.
        group_size: the most pairs of a part.
        pairs_per_batch: the most pairs of a batch; a part is never split over batches.
    """
    random = np.random.default_rng([seed, epoch])
    limit = min(group_size, pairs_per_batch)
    parts: list[Part] = []
    for group, sizes in enumerate(lengths):
        if len(sizes) <= limit:
            parts.append(Part(group, np.arange(len(sizes))))
            continue
        dealt = np.array_split(random.permutation(len(sizes)), -(-len(sizes) // limit))
        parts += [Part(group, np.sort(places)) for places in dealt]
    parts = [parts[i] for i in random.permutation(len(parts))]
    longest = np.array([lengths[part.group][part.places].max() for part in parts], dtype=np.int64)
    batches: list[list[Part]] = []
    for bucket in _buckets([len(part.places) for part in parts], _BUCKET_BATCHES * pairs_per_batch):
        batch: list[Part] = []
        filled = 0
        for i in sorted(bucket, key=lambda i: (-longest[i], i)):
            size = len(parts[i].places)
            if batch and filled + size > pairs_per_batch:
                batches.append(batch)
                batch, filled = [], 0
            batch.append(parts[i])
            filled += size
        batches.append(batch)
    return [batches[i] for i in random.permutation(len(batches))]


def _buckets(sizes: Sequence[int], pairs: int) -> list[range]:
    buckets = []
    start = filled = 0
    for i, size in enumerate(sizes):
        if filled >= pairs:
            buckets.append(range(start, i))
            start, filled = i, 0
        filled += size
    return [*buckets, range(start, len(sizes))] if len(sizes) > start else buckets
