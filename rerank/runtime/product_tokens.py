"""The catalogue's products, tokenised once: a memory-mapped store, shared by all processes of a host.

ids.bin      the token ids of all products, end to end (uint16; int32 for large vocabularies)
starts.npy   int64 [products + 1]: product i is ids[starts[i]:starts[i + 1]]
full.npy     int32 [products]: how many tokens each would have without the cut at max_length
tokens.json  what they were made of
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from eval.errors import InputError, MachineError
from eval.files import atomic_path, read_json, write_json
from rerank.runtime.pair_tokens import TextIds, TextTokens
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate

FORMAT = 1
_IDS = "ids.bin"
_CHUNK = 4096
_SAMPLE = 256


class ProductTokens:
    """Token ids of the products in the rows 0 … len − 1 of a catalogue. Open it with `load`."""

    def __init__(self, tokens: TextIds, about: dict[str, Any]) -> None:
        self.tokens = tokens
        self.about = about

    @classmethod
    def build(
        cls,
        path: Path,
        catalogue: Catalogue,
        template: ProductTemplate,
        tokenizer: PreTrainedTokenizerBase,
        *,
        max_length: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> "ProductTokens":
        """Tokenise the whole catalogue into the directory `path`, whole or not at all, and open it.

        Args:
            max_length: the most tokens kept of a product, the student's `max_length` or more.
            progress: called with (products done, all).

        Raises:
            InputError: when the catalogue lacks a field of the template.
            MachineError: when the tokenizer is a slow one, or the disk refuses.
        """
        path, words = Path(path), TextTokens(tokenizer)
        starts = np.zeros(len(catalogue) + 1, dtype=np.int64)
        full = np.zeros(len(catalogue), dtype=np.int32)
        with atomic_path(path) as temporary:
            temporary.mkdir(parents=True)
            with (temporary / _IDS).open("wb") as stream:
                for start in range(0, len(catalogue), _CHUNK):
                    found = words.encode(catalogue.texts(template, start, start + _CHUNK), max_length)
                    stop = start + len(found.full)
                    stream.write(found.ids.astype(words.dtype).tobytes())
                    starts[start + 1 : stop + 1] = starts[start] + found.starts[1:]
                    full[start:stop] = found.full
                    if progress is not None:
                        progress(stop, len(catalogue))
            np.save(temporary / "starts.npy", starts)
            np.save(temporary / "full.npy", full)
            about = {"format": FORMAT, "max_length": max_length, "made_of": made_of(catalogue, template, tokenizer)}
            write_json(temporary / "tokens.json", {**about, "ids": words.dtype.name})
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> "ProductTokens":
        """Open what `build` wrote; takes milliseconds, and memory only for what is read.

        Raises:
            MachineError: when it is missing or broken.
        """
        path = Path(path)
        about = read_json(path / "tokens.json")
        try:
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}")
            # As plain arrays: a slice of a memmap costs microseconds more, and a request makes hundreds.
            starts, full = (np.asarray(np.load(path / f"{name}.npy", mmap_mode="r")) for name in ("starts", "full"))
            kind = np.dtype(about["ids"])
            ids = np.asarray(np.memmap(path / _IDS, dtype=kind, mode="r")) if starts[-1] else np.zeros(0, kind)
            if len(ids) != starts[-1] or len(full) + 1 != len(starts):
                raise ValueError(f"{len(ids)} token ids of {len(full)} products where {starts[-1]} were written")
        except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
            raise MachineError(f"{path} holds no product tokens ({error}); run distilrank export again") from error
        return cls(TextIds(ids, starts, full), about)

    def __len__(self) -> int:
        """How many products, counted from row 0."""
        return len(self.tokens.full)

    def check(self, catalogue: Catalogue, template: ProductTemplate, tokenizer: PreTrainedTokenizerBase) -> None:
        """Refuse tokens of other products, other fields or another tokenizer: their scores would be noise.

        Raises:
            InputError: when they were made of something else.
        """
        now = made_of(catalogue, template, tokenizer)
        for name, value in now.items():
            if self.about["made_of"].get(name) != value:
                raise InputError(
                    f"the product tokens were made with another {name} ({self.about['made_of'].get(name)}, now "
                    f"{value}); run distilrank export again"
                )

    def check_length(self, max_length: int) -> None:
        """Refuse tokens that end before a student does that reads `max_length`.

        Raises:
            InputError: when they do.
        """
        if self.max_length < max_length:
            raise InputError(
                f"the product tokens end at {self.max_length} a product, the student reads {max_length}; "
                "run distilrank export again"
            )

    @property
    def max_length(self) -> int:
        """The most tokens that were kept of a product."""
        return int(self.about["max_length"])


def made_of(catalogue: Catalogue, template: ProductTemplate, tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """What product tokens depend on, each as a short text: the catalogue by its size and a sample of its texts."""
    count = len(catalogue)
    rows = sorted({place * count // _SAMPLE for place in range(_SAMPLE)} | {count - 1}) if count else []
    digest = hashlib.sha256()
    for product in catalogue.products(rows):
        digest.update(f"{product.id}\0{template.text(product)}\0".encode())
    return {
        "template": f"{', '.join(template.fields)}; {template.max_characters} characters",
        "tokenizer": TextTokens(tokenizer).fingerprint,
        "catalogue": f"{count} products, {digest.hexdigest()[:16]}",
    }
