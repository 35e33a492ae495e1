"""Which queries are for training, for choosing and for measuring."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence

from eval.errors import InputError
from retrieval.data.search_data import Split
from retrieval.types import Query

SHARES = (0.6, 0.2, 0.2)
"""Of the queries in train, dev and test, where the data have no split."""

_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "test": "test",
}


def read_split(text: str | None, place: str) -> Split:
    """The split written at `place`.

    Raises:
        InputError: when it is none.
    """
    split = _NAMES.get((text or "").strip().casefold())
    if split is None:
        raise InputError(f"{place}: split {text or ''!r} is unknown; expected train, dev (or validation) or test")
    return split


def seeded_split(queries: Mapping[str, Query], seed: int, shares: Sequence[float] = SHARES) -> dict[str, Split]:
    """Split queries by text: queries that differ only in case or white space stay together.

    The order is that of a keyed hash of the text, so the split depends on the seed and the queries, not on their order,
    and train, dev and test are cut from it by `shares` (which sum to 1). Of three texts or more, each split gets one.
    """
    groups: dict[str, list[str]] = {}
    for query in queries.values():
        groups.setdefault(text_key(query.text), []).append(query.id)
    ordered = sorted(groups, key=lambda key: hashlib.sha256(f"{seed}\0{key}".encode()).digest())
    n = len(ordered)
    test = max(round(n * shares[2]), min(1, n // 3))
    dev = max(round(n * shares[1]), min(1, n // 3))
    chosen: dict[str, Split] = {}
    for place, key in enumerate(ordered):
        split: Split = "test" if place < test else "dev" if place < test + dev else "train"
        chosen.update(dict.fromkeys(groups[key], split))
    return {query_id: chosen[query_id] for query_id in queries}


def text_key(text: str) -> str:
    """What two spellings of one query share: NFKC, case and white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
