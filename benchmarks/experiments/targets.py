"""Soft or hard targets for the teacher? python -m benchmarks.experiments.targets WORK --out FILE

Each arm trains a teacher of --layers layers, warmed as the student is, on the shop's judged train queries and measures
it. Soft: E 1, S .5, C .1, I 0 in binary cross-entropy (arXiv 2505.07105). Hard: E alone is 1, or E and S are. Grades: a
logit a grade.
"""

import dataclasses
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import MAX_LENGTH, TRAIN
from eval.grades import Grade, GradeScale
from rerank.teacher import train_teacher
from workflow.stages.training import judged_queries

ARMS = {
    "soft": ("soft", (1.0, 0.5, 0.1, 0.0)),
    "hard, E": ("soft", (1.0, 0.0, 0.0, 0.0)),
    "hard, E and S": ("soft", (1.0, 1.0, 0.0, 0.0)),
    "grades": ("grades", (1.0, 0.5, 0.1, 0.0)),
}


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, layers=2)
    setting = open_setting(options)
    prepared = setting.prepared
    base = setting.start(options.layers)

    def cell(head: str, targets: tuple[float, ...], seed: int) -> dict[str, float]:
        grades = zip(prepared.scale.grades, targets, strict=True)
        scale = GradeScale("arm", tuple(Grade(g.name, g.gain, target) for g, target in grades), "E")
        judged = judged_queries(prepared, prepared.split("train"))
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            train = dataclasses.replace(TRAIN, epochs=2, seed=seed)
            teacher, _ = train_teacher(
                base, head, judged, scale, setting.template, Path(folder) / "teacher", train, max_length=MAX_LENGTH
            )
            return setting.values(teacher)

    arms = {name: partial(cell, *chosen) for name, chosen in ARMS.items()}
    run_cells(options, setting, arms, title="Targets of the teacher")


if __name__ == "__main__":
    main()
