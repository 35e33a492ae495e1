"""What training reads: groups tokenised once, padded to matrices batch by batch."""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from eval.errors import InputError
from rerank.inputs import PairEncoder
from rerank.losses import LOSSES, PAIRED
from retrieval.batching import Part, epoch_batches
from retrieval.checkpoints import digest_weights
from retrieval.types import Product, Query


@dataclass(frozen=True)
class Group:
    """One query with the products it is trained on.

    `targets` is float32 [n] (logits for margin_mse, pointwise_mse, ranknet and listwise_kl; probabilities in [0, 1] for
    soft_bce) or [n, K] (a distribution over grades, for soft_cross_entropy). `weights` is float32 [n] ≥ 0, one a label;
    None means all 1.
    """

    query: Query
    products: Sequence[Product]
    targets: np.ndarray
    weights: np.ndarray | None = None


Batch = tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, tuple[torch.Tensor, torch.Tensor]]


class TrainingData:
    """Groups with their tokens: `groups` are those that `loss` can learn from, `warnings` say how many are left out."""

    def __init__(self, pair_encoder: PairEncoder, groups: Sequence[Group], loss: str) -> None:
        """Check and tokenise.

        Raises:
            InputError: on an unknown loss, a target or weight that is not finite, or nothing to learn from.
        """
        if loss not in LOSSES:
            near = difflib.get_close_matches(loss, LOSSES, n=1)
            raise InputError(
                f"loss is {loss!r}; " + (f"did you mean {near[0]!r}?" if near else f"known: {', '.join(LOSSES)}")
            )
        fewest = 2 if loss in PAIRED else 1
        self.groups = [group for group in groups if len(group.products) >= fewest]
        if not self.groups:
            raise InputError(f"none of {len(groups)} queries has {fewest} labelled products or more; {loss} needs them")
        left_out = len(groups) - len(self.groups)
        self.warnings: tuple[str, ...] = ()
        if left_out:
            self.warnings = (
                f"{left_out} queries with fewer than {fewest} products are left out: {loss} compares products",
            )
        for group in self.groups:
            _check(group, loss)
        self.tokens = pair_encoder.encode(
            [(group.query, product) for group in self.groups for product in group.products]
        )
        self._starts = np.concatenate([[0], np.cumsum([len(group.products) for group in self.groups])])
        self._lengths = np.split(self.tokens.lengths, self._starts[1:-1])

    def epoch(self, epoch: int, *, group_size: int, pairs_per_batch: int, seed: int) -> list[list[Part]]:
        """The batches of an epoch, see `retrieval.batching.epoch_batches`."""
        return epoch_batches(
            self._lengths, group_size=group_size, pairs_per_batch=pairs_per_batch, seed=seed, epoch=epoch
        )

    def batch(self, parts: Sequence[Part], device: torch.device) -> Batch:
        """A batch of b pairs in len(parts) groups of at most n.

        Model inputs [b, tokens], targets [groups, n] or [groups, n, K], weights [groups, n] (0 is padding), and where
        in [groups, n] each of the b pairs belongs: (rows [b], places [b]).
        """
        sizes = [len(part.places) for part in parts]
        shape = (len(parts), max(sizes))
        tail = self.groups[parts[0].group].targets.shape[1:]
        targets = np.zeros((*shape, *tail), dtype=np.float32)
        weights = np.zeros(shape, dtype=np.float32)
        for row, part in enumerate(parts):
            group = self.groups[part.group]
            targets[row, : sizes[row]] = group.targets[part.places]
            weights[row, : sizes[row]] = 1 if group.weights is None else group.weights[part.places]
        pairs = np.concatenate([self._starts[part.group] + part.places for part in parts])
        rows = np.repeat(np.arange(len(parts)), sizes)
        places = np.concatenate([np.arange(size) for size in sizes])
        tensors = [torch.from_numpy(array).to(device) for array in (targets, weights, rows, places)]
        return self.tokens.batch(pairs, device), tensors[0], tensors[1], (tensors[2], tensors[3])

    def fingerprint(self, weights: Mapping[str, torch.Tensor], settings: Mapping[str, Any]) -> str:
        """Changes whenever the tokens, targets, label weights, first model weights or settings do; 32 hex digits."""
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16)
        digest.update(self.tokens.ids.tobytes() + self.tokens.starts.tobytes() + self._starts.tobytes())
        for group in self.groups:
            digest.update(np.asarray(group.targets, dtype=np.float32).tobytes())
            digest.update(b"-" if group.weights is None else np.asarray(group.weights, dtype=np.float32).tobytes())
        digest_weights(digest, weights)
        return digest.hexdigest()


def _check(group: Group, loss: str) -> None:
    query = f"query {group.query.id!r} ({group.query.text[:60]!r})"
    if len(group.targets) != len(group.products) or (
        group.weights is not None and len(group.weights) != len(group.products)
    ):
        raise InputError(
            f"{query} has {len(group.products)} products but {len(group.targets)} targets or other weights"
        )
    if not np.isfinite(group.targets).all():
        raise InputError(f"{query} has a target that is not finite; leave failed labels out")
    if loss == "soft_bce" and (group.targets.min() < 0 or group.targets.max() > 1):
        raise InputError(
            f"{query} has targets from {group.targets.min():g} to {group.targets.max():g}; soft_bce learns "
            "probabilities in [0, 1], so put a teacher's logits through a sigmoid first"
        )
    if group.weights is not None and not (np.isfinite(group.weights).all() and (group.weights >= 0).all()):
        raise InputError(f"{query} has a weight that is negative or not finite; weights are finite and 0 or more")
