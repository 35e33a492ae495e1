"""Token ids of many inputs, end to end, and padded batches of them for a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Tokens:
    """The token ids of n inputs, end to end; input i is `ids[starts[i]:starts[i + 1]]`.

    `ids` is int32, `types` the token types (uint8; None when the model takes none), `starts` int64 [n + 1].
    """

    ids: np.ndarray
    types: np.ndarray | None
    starts: np.ndarray
    pad_id: int

    @classmethod
    def of(cls, ids: Sequence[np.ndarray], types: Sequence[np.ndarray], pad_id: int) -> "Tokens":
        """From the ids of each input and, where the model takes them, its token types (else none)."""
        return cls(
            ids=np.concatenate(ids) if ids else np.empty(0, np.int32),
            types=np.concatenate(types) if types else None,
            starts=np.concatenate([[0], np.cumsum([len(row) for row in ids])]).astype(np.int64),
            pad_id=pad_id,
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """int64 [n]: tokens of each input."""
        return np.diff(self.starts)

    def batch(self, rows: Sequence[int] | np.ndarray, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
        """The model's inputs for `rows`, int64 [len(rows), longest], padded on the right no further than needed."""
        lengths = self.lengths[np.asarray(rows)]
        shape = (len(lengths), int(lengths.max()))
        ids = np.full(shape, self.pad_id, dtype=np.int64)
        mask = (np.arange(shape[1])[None, :] < lengths[:, None]).astype(np.int64)
        types = np.zeros(shape, dtype=np.int64)
        for place, row in enumerate(rows):
            span = slice(self.starts[row], self.starts[row + 1])
            ids[place, : lengths[place]] = self.ids[span]
            if self.types is not None:
                types[place, : lengths[place]] = self.types[span]
        arrays = {"input_ids": ids, "attention_mask": mask}
        if self.types is not None:
            arrays["token_type_ids"] = types
        return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
