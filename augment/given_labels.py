"""Labels that stand in a file, in place of mined pairs and of a teacher: its pairs, and what it says of them.

Whoever has pairs graded elsewhere (by a large language model, say) distils from them without training a teacher.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from augment.guard import LeakGuard
from augment.label_file import LabelFile
from augment.pairs import PAIR_SCHEMA, Pairs, shard_name, write_table
from augment.query_log import write_leaks
from eval.files import atomic_path, fingerprint, write_json
from eval.grades import GradeScale
from rerank.grade_labels import label_of_grade, label_of_shares
from rerank.types import Label, Pair

FILE = "file"
"""The `kind` in such a teacher's teacher.json, and the source and stratum of its pairs."""

_SHARD = 50_000  # pairs


class GivenLabels:
    """A teacher that knows the pairs of a file and no others. `version` changes whenever file or scale do."""

    def __init__(self, found: LabelFile, scale: GradeScale, version: str) -> None:
        self.scale = scale
        self.version = version
        self._said = {
            (entry.query.text, product_id): (gain, shares)
            for entry in found.queries
            for product_id, gain, shares in zip(entry.product_ids, entry.gains, entry.shares, strict=True)
        }

    def label(self, pairs: Sequence[Pair]) -> list[Label]:
        """One label a pair, in order: from the shares of the grades where the file has them, else from the grade."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: Pair) -> Label:
        query, product = pair
        said = self._said.get((query.text, product.id))
        if said is None:
            return Label(math.nan, None, "failed", "the label file does not have the pair")
        gain, shares = said
        if shares is not None:
            return label_of_shares(shares, self.scale)
        return label_of_grade(self.scale.index(gain), self.scale)


def write_given_pairs(found: LabelFile, path: Path, guard: LeakGuard) -> Pairs:
    """Write the pairs of a label file as mined ones are, whole or not at all; finished work is returned as it is.

    Raises:
        InputError: when a held-out query is among them.
    """
    if (path / "manifest.json").exists():
        return Pairs(path)
    guard.assert_clean(entry.query.text for entry in found.queries)
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        sizes: list[int] = []
        held: list[dict[str, Any]] = []

        def write() -> None:
            write_table(pa.Table.from_pylist(held, schema=PAIR_SCHEMA), temporary / shard_name(len(sizes)))
            sizes.append(len(held))
            held.clear()

        for entry in found.queries:
            told = {"query_id": entry.query.id, "query": entry.query.text, "source": FILE, "stratum": FILE}
            held += [{**told, "product_id": product_id, "judged": False} for product_id in entry.product_ids]
            if len(held) >= _SHARD:
                write()
        if held:
            write()
        columns = {"query_id": [e.query.id for e in found.queries], "query": [e.query.text for e in found.queries]}
        write_table(pa.table(columns), temporary / "queries.parquet")
        write_leaks(found.leaks, temporary / "leaks.csv")
        files = [temporary / shard_name(number) for number in range(len(sizes))]
        summary = {
            "fingerprint": fingerprint(files),
            "pairs": sum(sizes),
            "shards": sizes,
            "strata": {FILE: sum(sizes)},
            "sources": {FILE: sum(sizes)},
            "queries": {"selected": len(found.queries)},
            "unknown products left out": found.unknown_products,
            "log": {"leaks": {"queries": len(found.leaks)}},
        }
        write_json(temporary / "manifest.json", summary)
    return Pairs(path)
