"""An array that grows at its end while others read its beginning."""

import numpy as np


class Grown:
    """Append-only rows; `first(n)` is safe from any thread as long as one thread at a time appends.

    What `first` has returned never changes: rows are written once, beyond every array handed out so far, and a full
    array is copied into a larger one, never resized.

    Args:
        dtype: of the elements.
        width: length of a row; None for a row of one number.
    """

    def __init__(self, dtype: type, width: int | None = None) -> None:
        self._array: np.ndarray = np.zeros((64,) if width is None else (64, width), dtype=dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, rows: np.ndarray) -> None:
        """Append rows, [n] or [n, width]."""
        end = self._count + len(rows)
        if end > len(self._array):
            larger = np.zeros((max(end, 2 * len(self._array)), *self._array.shape[1:]), dtype=self._array.dtype)
            larger[: self._count] = self._array[: self._count]
            self._array = larger
        self._array[self._count : end] = rows
        self._count = end

    def first(self, count: int) -> np.ndarray:
        """The first `count` rows, without a copy; do not write to them."""
        return self._array[:count]
