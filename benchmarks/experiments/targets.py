"""Soft or hard targets for the teacher, and how soft? python -m benchmarks.experiments.targets WORK --out FILE

Each arm trains a teacher and measures it. Soft: E 1, S .5, C .1, I 0 in binary cross-entropy (arXiv
2505.07105). Gains: each grade's gain over the best one's, E 1, S .1, C .01, I 0. Hard: E alone is 1, or E and S are.
Grades: a logit a grade.

On the shop the teacher has --layers layers, warmed as the student is, and learns the judged train queries. On ESCI
(--data) it is all of MiniLM, bare, and learns the grades that a large language model gave; there it is also measured as
it is used: half the score its own, half the first stage's, what mentions the unwanted put behind.
"""

import dataclasses
import functools
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import MAX_LENGTH, TRAIN
from eval.grades import Grade, GradeScale
from rerank.teacher import Teacher, train_teacher
from workflow.stages.first_stage import model_path
from workflow.stages.training import given_labels, judged_queries

ARMS = {
    "soft": ("soft", (1.0, 0.5, 0.1, 0.0)),
    "gains": ("soft", (1.0, 0.1, 0.01, 0.0)),
    "hard, E": ("soft", (1.0, 0.0, 0.0, 0.0)),
    "hard, E and S": ("soft", (1.0, 1.0, 0.0, 0.0)),
    "grades": ("grades", (1.0, 0.5, 0.1, 0.0)),
}
_EVEN = 0.5
_BARE_RATE = 5e-5


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, layers=2)
    setting = open_setting(options)
    prepared = setting.prepared
    if options.data is None:
        base, judged = setting.start(options.layers), judged_queries(prepared, prepared.split("train"))
    else:
        given = given_labels(prepared, options.data / "llm_labels.parquet", setting.guard)
        base, judged = Path(model_path("default")), given[0]

    @functools.lru_cache(maxsize=1)  # the arms that share a teacher follow each other
    def taught(head: str, targets: tuple[float, ...], seed: int) -> Teacher:
        grades = zip(prepared.scale.grades, targets, strict=True)
        scale = GradeScale("arm", tuple(Grade(g.name, g.gain, target) for g, target in grades), "E")
        rate = TRAIN.learning_rate if options.data is None else _BARE_RATE
        train = dataclasses.replace(TRAIN, epochs=2, learning_rate=rate, seed=seed)
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            path = Path(folder) / "teacher"
            return train_teacher(base, head, judged, scale, setting.template, path, train, max_length=MAX_LENGTH)[0]

    def alone(head: str, targets: tuple[float, ...], seed: int) -> dict[str, float]:
        return setting.values(taught(head, targets, seed))

    def in_use(head: str, targets: tuple[float, ...], seed: int) -> dict[str, float]:
        return setting.ranked(taught(head, targets, seed), _EVEN)

    arms: dict[str, Callable[[int], dict[str, float]]] = {}
    for name, chosen in ARMS.items():
        arms[name] = partial(alone, *chosen)
        if options.data is not None:
            arms[f"{name}, with the first stage"] = partial(in_use, *chosen)
    run_cells(options, setting, arms, title="Targets of the teacher")


if __name__ == "__main__":
    main()
