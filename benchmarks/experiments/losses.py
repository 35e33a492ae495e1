"""Which loss teaches a student most from a teacher's labels? python -m benchmarks.experiments.losses WORK --out FILE

Each arm trains the same start on the same labels for one epoch. On ESCI too: --data PATH.
"""

import dataclasses
from functools import partial

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import TRAIN

LOSSES = ("margin_mse", "pointwise_mse", "ranknet", "listwise_kl", "soft_bce")


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    def cell(loss: str, seed: int) -> dict[str, float]:
        groups = setting.groups(setting.budget(options.queries, seed), loss)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, loss=loss, seed=seed)))

    arms = {loss: partial(cell, loss) for loss in LOSSES}
    run_cells(options, setting, arms, title="Losses")


if __name__ == "__main__":
    main()
