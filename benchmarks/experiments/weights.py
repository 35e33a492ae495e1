"""Do importance weights help, and do they help more when labels are wrong?

python -m benchmarks.experiments.weights WORK --out FILE [--noise 0 | 10 | 30]

Each arm trains the same start on the same labels, --noise per cent of which are of a grade drawn at random. Arms: all
labels alike, the paper's three parts together, each part alone, and labels dropped that both first stages contradict.
"""

import dataclasses
from functools import partial

from augment.label_weights import WeightShares
from augment.pruning import PruneLimits
from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import TRAIN
from workflow.stages.labelled import LabelUse

ARMS: dict[str, tuple[WeightShares | None, PruneLimits]] = {
    "all alike": (None, PruneLimits()),
    "all three": (WeightShares(), PruneLimits()),
    "position": (WeightShares(position=1, confidence=0, consistency=0), PruneLimits()),
    "confidence": (WeightShares(position=0, confidence=1, consistency=0), PruneLimits()),
    "consistency": (WeightShares(position=0, confidence=0, consistency=1), PruneLimits()),
    "contradicted dropped": (None, PruneLimits(contradicted=0.5)),
}


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, queries=400, noise=0)
    setting = open_setting(options)

    def cell(weights: WeightShares | None, limits: PruneLimits, seed: int) -> dict[str, float]:
        rater = setting.rater(seed, options.noise / 100)
        use = LabelUse(weights, limits, setting.stages, "hybrid")
        groups = setting.groups(setting.budget(options.queries, seed, rater), TRAIN.loss, use)
        return setting.values(setting.student(groups, dataclasses.replace(TRAIN, seed=seed)))

    arms = {name: partial(cell, *chosen) for name, chosen in ARMS.items()}
    run_cells(options, setting, arms, title=f"Importance weights, {options.noise} % of the labels wrong")


if __name__ == "__main__":
    main()
