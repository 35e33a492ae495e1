"""Where should candidates come from? python -m benchmarks.experiments.sources WORK --out FILE

Each arm mines the same number of queries, twelve products each, from fewer or more sources.
"""

import dataclasses
from functools import partial

from augment.mine_options import MineOptions
from augment.selection import Stratum
from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import TRAIN

_ALL = ("bm25", "dense", "hybrid")
_STRATA = (Stratum(1, 4, 5), Stratum(5, 20, 4), Stratum(21, 80, 3))
ARMS: dict[str, tuple[tuple[str, ...], str, dict]] = {
    "all, as by default": (_ALL, "hybrid", {}),
    "bm25 alone": (("bm25",), "bm25", {"strata": _STRATA, "random": 0, "neighbours": 0}),
    "dense alone": (("dense",), "dense", {"strata": _STRATA, "random": 0, "neighbours": 0}),
    "both, fused": (_ALL, "hybrid", {"strata": _STRATA, "random": 0, "neighbours": 0}),
    "same category alone": (_ALL, "hybrid", {"strata": (Stratum(1, 4, 0),), "random": 0, "neighbours": 12}),
    "random alone": (_ALL, "hybrid", {"strata": (Stratum(1, 4, 0),), "random": 12, "neighbours": 0}),
}


def main() -> None:
    """Mine, train, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    def cell(sources: tuple[str, ...], first_stage: str, takes: dict, seed: int) -> dict[str, float]:
        same = {"queries": options.queries, "pool": 4 * options.queries, "well_covered": 0.0}  # queries in every arm
        mining = MineOptions(**same, **takes)
        pairs = setting.pairs(mining, seed, retrievers=sources, first_stage=first_stage)
        groups = setting.groups(setting.label(pairs, setting.rater(seed)), TRAIN.loss)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed)))

    arms = {name: partial(cell, *chosen) for name, chosen in ARMS.items()}
    run_cells(options, setting, arms, title="Candidate sources")


if __name__ == "__main__":
    main()
