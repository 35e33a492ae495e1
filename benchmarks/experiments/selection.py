"""Which candidates are worth a label, at the same budget? python -m benchmarks.experiments.selection WORK --out FILE

Each arm mines the same queries, twelve products each, by another strategy (`augment.strategies`); "score" is told the
teacher's scores of all candidates.
"""

import dataclasses

from augment.mine_options import MineOptions
from augment.strategies import STRATEGIES
from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.rater import Rater
from benchmarks.experiments.setting import TRAIN


def main() -> None:
    """Mine, train, measure, compare."""
    options = parse(__doc__, queries=300)
    setting = open_setting(options)

    def cell(selection: str, seed: int) -> dict[str, float]:
        rater = setting.rater(seed)
        mining = MineOptions(queries=options.queries, pool=4 * options.queries, selection=selection)
        pairs = setting.pairs(mining, seed, scorer=Scores(rater) if selection == "score" else None)
        groups = setting.groups(setting.label(pairs, rater), TRAIN.loss)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed)))

    arms = {name: lambda seed, name=name: cell(name, seed) for name in STRATEGIES}
    run_cells(options, setting, arms, title="Selection at an equal budget")


class Scores:
    """The rater as a reranker."""

    def __init__(self, rater: Rater) -> None:
        self.rater = rater

    def score(self, pairs):
        import numpy as np

        return np.array([label.score for label in self.rater.label(list(pairs))], dtype=np.float32)


if __name__ == "__main__":
    main()
