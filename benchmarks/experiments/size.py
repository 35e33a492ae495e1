"""What do more labels buy? python -m benchmarks.experiments.size WORK --out FILE

Each arm trains the same start on the labels of so many logged queries, ten to twelve products each. On ESCI too:
--data PATH.
"""

import dataclasses
from functools import partial

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import TRAIN

SIZES = (50, 100, 200, 400, 800)


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__)
    setting = open_setting(options)

    def cell(size: int, seed: int) -> dict[str, float]:
        if not size:
            return setting.references()["start"]
        groups = setting.groups(setting.budget(size, seed), TRAIN.loss)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed)))

    arms = {f"{size} queries": partial(cell, size) for size in (0, *SIZES)}
    run_cells(options, setting, arms, title="Labelled queries")


if __name__ == "__main__":
    main()
