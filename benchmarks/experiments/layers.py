"""How many layers does the student need? python -m benchmarks.experiments.layers WORK --out FILE

Each arm keeps so many of MiniLM's six layers, is warmed on the judgements and then trained on the same labels.
"""

import dataclasses
from functools import partial

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import TRAIN

LAYERS = (2, 1, 3, 4, 6)


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    def cell(layers: int, seed: int) -> dict[str, float]:
        groups = setting.groups(setting.budget(options.queries, seed), TRAIN.loss)
        start = setting.start(layers)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed), start))

    arms = {f"{layers} layers": partial(cell, layers) for layers in LAYERS}
    run_cells(options, setting, arms, title="Layers")


if __name__ == "__main__":
    main()
