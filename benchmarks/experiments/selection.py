"""Which candidates are worth a label, at the same budget? python -m benchmarks.experiments.selection WORK --out FILE

Each arm mines the same queries, twelve products each, by another strategy (`augment.strategies`); "score" is told the
teacher's scores of all candidates. On ESCI (--data), where a query has ten given labels, each arm keeps five of them.
"""

import dataclasses
from functools import partial

from augment.mine_options import MineOptions
from augment.selection import Stratum
from augment.strategies import STRATEGIES
from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.given import pick
from benchmarks.experiments.setting import TRAIN


def main() -> None:
    """Mine, train, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    def given(selection: str, seed: int) -> dict[str, float]:
        strata = (Stratum(1, 4, 2), Stratum(5, 20, 2), Stratum(21, 80, 1))
        keep = MineOptions(strata=strata, neighbours=0, random=0, selection=selection)
        labels = pick(setting, setting.budget(options.queries, seed), keep, seed)
        groups = setting.groups(labels, TRAIN.loss)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed)))

    def cell(selection: str, seed: int) -> dict[str, float]:
        if options.data is not None:
            return given(selection, seed)
        rater = setting.rater(seed)
        mining = MineOptions(queries=options.queries, pool=4 * options.queries, selection=selection)
        pairs = setting.pairs(mining, seed, scorer=rater if selection == "score" else None)
        groups = setting.groups(setting.label(pairs, rater), TRAIN.loss)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed)))

    arms = {name: partial(cell, name) for name in STRATEGIES}
    run_cells(options, setting, arms, title="Selection at an equal budget")


if __name__ == "__main__":
    main()
