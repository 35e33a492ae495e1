"""Do rounds pay at an equal budget? python -m benchmarks.experiments.rounds WORK --out FILE

All arms label the same number of queries, and their student learns all the labels from the same start. One round: all
mined as by default. Three rounds: a third each; from the second on, a student of the labels so far scores candidates,
and those where its rank is farthest from the first stage's are taken (as `rounds: 3` does); or all as by default.
"""

import dataclasses
from functools import partial

from augment.journal import LabelledQuery
from augment.mine_options import MineOptions
from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import TRAIN, Setting
from workflow.stages.rounds import HARDEST

ROUNDS = 3


def main() -> None:
    """Mine, label, train, again; measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)
    arms = {
        "one round": partial(_cell, setting, options.queries, 1, "rank"),
        "three rounds, hardest": partial(_cell, setting, options.queries, ROUNDS, HARDEST),
        "three rounds, by rank": partial(_cell, setting, options.queries, ROUNDS, "rank"),
    }
    run_cells(options, setting, arms, title="Rounds at an equal budget")


def _cell(setting: Setting, queries: int, rounds: int, selection: str, seed: int) -> dict[str, float]:
    rater, train = setting.rater(seed), dataclasses.replace(TRAIN, seed=seed)
    labels: list[LabelledQuery] = []
    for number in range(rounds):
        mining = MineOptions(queries=queries // rounds, pool=4 * queries)
        student = None
        if number and selection == HARDEST:
            student = setting.student(setting.groups(labels, TRAIN.loss), train)
            mining = dataclasses.replace(mining, selection=HARDEST)
        known = {entry.query.id for entry in labels}
        labels += setting.label(setting.pairs(mining, seed + 1000 * number, scorer=student, labelled=known), rater)
    return setting.values(setting.student(setting.groups(labels, TRAIN.loss), train))


if __name__ == "__main__":
    main()
