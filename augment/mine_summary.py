"""What mining did, in numbers: the manifest of the pairs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from augment.generated import CleanGenerated
from augment.mine_options import MineOptions
from augment.pairs import shard_name
from augment.query_log import CleanLog, LoggedQuery
from augment.selection import NEIGHBOUR, RANDOM
from eval.files import fingerprint


def mining_summary(
    path: Path,
    shards: int,
    clean: CleanLog,
    generated: CleanGenerated,
    covered: np.ndarray,
    selected: Sequence[tuple[LoggedQuery, float]],
    options: MineOptions,
) -> dict[str, Any]:
    sizes, strata, found = [], Counter[str](), Counter[str]()
    files = [path / shard_name(number) for number in range(shards)]
    for file in files:
        table = pq.read_table(file, columns=["stratum", "source"])
        sizes.append(table.num_rows)
        strata.update(table["stratum"].to_pylist())
        found.update(source for joined in table["source"].to_pylist() for source in joined.split("+"))
    quantiles = np.quantile(covered, (0.1, 0.25, 0.5, 0.75, 0.9)).tolist() if len(covered) else []
    names = [*options.groups, NEIGHBOUR, RANDOM]
    kinds = Counter(leak.reason.kind for leak in clean.leaks)
    return {
        "fingerprint": fingerprint(files),
        "pairs": sum(sizes),
        "shards": sizes,
        "strata": {name: strata[name] for name in names},
        "sources": dict(found),
        "log": {
            "entries": clean.entries,
            "repeated": clean.repeated,
            "empty": clean.empty,
            "judged": clean.judged,
            "leaks": {
                "queries": len(clean.leaks),
                "entries": sum(leak.entries for leak in clean.leaks),
                "same": kinds["same"],
                "near": kinds["near"],
            },
            "usable": len(clean.queries),
        },
        "generated": generated.summary(),
        "coverage": {
            "examined": len(covered),
            "well_covered": int((covered >= options.well_covered).sum()),
            "quantiles": [round(value, 4) for value in quantiles],
        },
        "queries": {
            "selected": len(selected),
            "well_covered": sum(value >= options.well_covered for _, value in selected),
            "judged": sum(logged.judged for logged, _ in selected),
        },
    }
