"""What one record of the log says: products put, with their vectors, or ids deleted; as bytes and back."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from retrieval.types import Product

_LENGTH = struct.Struct("<I")
_DTYPE = np.dtype("<f4")


@dataclass(frozen=True)
class Change:
    """One acknowledged write, seen whole or not at all.

    `vectors`, float32 [len(put), dim], are those of the products put: the writer has computed them, nobody else needs
    to. An id is put or deleted once in a change.
    """

    put: Sequence[Product] = ()
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    deleted: Sequence[str] = ()

    @cached_property
    def payload(self) -> bytes:
        """The change as bytes: the length of a JSON text, the text, then the vectors (little-endian float32)."""
        said: dict[str, object] = {}
        if self.put:
            said["put"] = [[product.id, dict(product.fields)] for product in self.put]
        if self.deleted:
            said["deleted"] = list(self.deleted)
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        return _LENGTH.pack(len(text)) + text + self.vectors.astype(_DTYPE).tobytes()

    @classmethod
    def decode(cls, payload: bytes) -> "Change":
        """The change that has this `payload`.

        Raises:
            ValueError: the bytes are none of ours.
        """
        try:
            start = _LENGTH.size
            end = start + _LENGTH.unpack_from(payload)[0]
            said = json.loads(payload[start:end])
            put = [Product(product_id, fields) for product_id, fields in said.get("put", [])]
            vectors = np.frombuffer(payload, _DTYPE, offset=end).astype(np.float32)
            vectors = vectors.reshape(len(put), -1) if put else np.zeros((0, 0), np.float32)
            return cls(put, vectors, said.get("deleted", []))
        except (struct.error, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
