"""Token ids of pairs, put together from those of queries and products exactly as `rerank.inputs.PairEncoder` has them.

A fast tokenizer encodes the two texts of a pair apart from each other, then cuts both and puts its special tokens
around them. So products can be tokenised once, and a pair costs only its assembly.
"""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from eval.errors import MachineError


class TextIds(NamedTuple):
    """The first token ids of n texts, end to end; text i is `ids[starts[i]:starts[i + 1]]`, cut from `full[i]` tokens.

    Which of two texts loses the odd token depends on their uncut lengths, so these are kept.
    """

    ids: np.ndarray
    starts: np.ndarray
    full: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray], full: Sequence[int] | np.ndarray) -> "TextIds":
        """From one array a text, and the uncut lengths."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=starts[1:])
        return cls(np.concatenate(rows) if rows else np.zeros(0, np.int32), starts, np.asarray(full, dtype=np.int64))

    def text(self, number: int) -> tuple[np.ndarray, int]:
        """One text's ids (a view), and its uncut length."""
        return self.ids[self.starts[number] : self.starts[number + 1]], int(self.full[number])


class PairInputs(NamedTuple):
    """Inputs of n pairs: `ids` and `types` int32 [n, max_length], padded on the right; `lengths` int64 [n]."""

    ids: np.ndarray
    types: np.ndarray
    lengths: np.ndarray


class TextTokens:
    """A tokenizer's words alone, without special tokens, truncation or padding. Any thread may ask.

    transformers' tokenizers are set anew by each call (truncation, padding), so two threads cannot share one.

    Raises:
        MachineError: the tokenizer is a slow one (no `tokenizers` backend), or cuts texts on the left.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if not tokenizer.is_fast or tokenizer.truncation_side != "right" or tokenizer.padding_side != "right":
            raise MachineError(
                f"{type(tokenizer).__name__} is no fast tokenizer that cuts and pads on the right; "
                "save the student with a tokenizer.json"
            )
        self._backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._backend.no_truncation()
        self._backend.no_padding()
        self.dtype = np.dtype(np.uint16 if self._backend.get_vocab_size() <= 1 + np.iinfo(np.uint16).max else np.int32)
        self.fingerprint = hashlib.sha256(self._backend.to_str().encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str], longest: int) -> TextIds:
        """Each text's first `longest` token ids, of `dtype`: uint16, or int32 for a vocabulary beyond 65,536."""
        encoded = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
        rows = [np.array(one.ids[:longest], dtype=self.dtype) for one in encoded]
        return TextIds.of(rows, [len(one) for one in encoded])


@dataclass(frozen=True)
class PairLayout:
    """Where a tokenizer puts the two texts of a pair, and what it puts around them.

    `before`, `between` and `after` are special token ids; `kinds` the token types of these five stretches: before,
    query, between, product, after.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    kinds: tuple[int, int, int, int, int]
    pad_id: int

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> "PairLayout":
        """Read off one pair that the tokenizer encodes.

        Raises:
            MachineError: when a stretch holds two token types, or the special tokens stand elsewhere.
        """
        probe = tokenizer("a", "a")
        ids = probe["input_ids"]
        types = probe.get("token_type_ids", [0] * len(ids))
        parts = probe.sequence_ids(0)
        first, second = parts.index(0), parts.index(1)
        middle, end = second - parts[first:second].count(None), len(parts) - parts[second:].count(None)
        stretches = [slice(*ends) for ends in itertools.pairwise((0, first, middle, second, end, len(parts)))]
        kinds = [set(types[stretch]) or {0} for stretch in stretches]
        expected = [None, 0, None, 1, None]
        told = [set(parts[stretch]) <= {who} for stretch, who in zip(stretches, expected, strict=True)]
        if not all(told) or any(len(kind) > 1 for kind in kinds):
            raise MachineError("the tokenizer's pairs are not laid out as query, separator, product; use Student")
        before, _, between, _, after = (tuple(ids[stretch]) for stretch in stretches)
        one, two, three, four, five = (kind.pop() for kind in kinds)
        return cls(before, between, after, (one, two, three, four, five), tokenizer.pad_token_id)

    @property
    def special(self) -> int:
        """How many special tokens a pair has."""
        return len(self.before) + len(self.between) + len(self.after)

    def assemble(
        self, queries: TextIds, products: TextIds, whose: np.ndarray, which: np.ndarray, max_length: int
    ) -> PairInputs:
        """The inputs of n pairs: query `whose[i]` with product `which[i]`, the longer of the two cut first.

        Args:
            queries, products: their first `max_length` tokens at least.
            max_length: tokens of a pair, special ones included.
        """
        begin, start = queries.starts[whose], products.starts[which]
        room = max_length - self.special
        first, second = longest_first(queries.full[whose], products.full[which], room)
        lengths = first + second + self.special
        query_at = np.full_like(first, len(self.before))
        product_at = query_at + first + len(self.between)
        column = np.arange(max_length)[None, :]
        ids = np.full((len(lengths), column.shape[1]), self.pad_id, dtype=np.int32)
        types = np.zeros_like(ids)
        for source, origin, at, count, kind in (
            (queries.ids, begin, query_at, first, self.kinds[1]),
            (products.ids, start, product_at, second, self.kinds[3]),
        ):
            inside = (column >= at[:, None]) & (column < (at + count)[:, None])
            ids[inside] = source[((origin - at)[:, None] + column)[inside]]
            types[inside] = kind
        every = np.arange(len(lengths))
        for tokens, at, kind in (
            (self.before, query_at - len(self.before), self.kinds[0]),
            (self.between, query_at + first, self.kinds[2]),
            (self.after, product_at + second, self.kinds[4]),
        ):
            for place, token in enumerate(tokens):
                ids[every, at + place] = token
                types[every, at + place] = kind
        return PairInputs(ids, types, lengths)


def longest_first(first: np.ndarray, second: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
    """What is left of two lengths when the longer is cut first: the rule "longest_first" of the tokenizers library."""
    shorter, longer = np.minimum(first, second), np.maximum(first, second)
    fits = first + second <= room
    cut = np.where(shorter > room, shorter, np.maximum(shorter, room - shorter))
    both = shorter + cut > room
    shorter, longer = np.where(both, room // 2, shorter), np.where(both, room // 2 + room % 2, cut)
    swapped = first > second
    one, two = np.where(swapped, longer, shorter), np.where(swapped, shorter, longer)
    return np.where(fits, first, one), np.where(fits, second, np.minimum(two, second))
