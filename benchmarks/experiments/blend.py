"""Does blending the student with the first stage help? python -m benchmarks.experiments.blend WORK --out FILE

One student a seed. Arms: the student alone, blended with the share that dev queries chose, and with fixed shares.
"""

import dataclasses
import functools
from functools import partial

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import MEASURE, TRAIN, Setting
from eval.measures import per_query
from eval.trec import Run
from rerank.blend import blend, fit_weight
from rerank.student import Student
from workflow.measure.systems import reranker_judged, retriever_judged


def main() -> None:
    """Train, blend, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    @functools.cache
    def trained(seed: int) -> Student:
        groups = setting.groups(setting.budget(options.queries, seed), TRAIN.loss)
        return setting.student(groups, dataclasses.replace(TRAIN, seed=seed))

    def cell(share: float | None, seed: int) -> dict[str, float]:
        student = trained(seed)
        if share is None:
            dev = setting.prepared.graded(setting.prepared.split("dev"))
            share = fit_weight(*_runs(setting, student, dev), {i: setting.prepared.qrels[i] for i in dev}).weight
            print(f"<!-- seed {seed}: dev chose {share:.2f} -->")
        first, second = _runs(setting, student, setting.test)
        mixed: Run = {}
        for i in setting.test:
            ids = list(first[i])
            scores = blend([first[i][p] for p in ids], [second[i][p] for p in ids], share).tolist()
            mixed[i] = dict(zip(ids, scores, strict=True))
        return per_query({i: setting.prepared.qrels[i] for i in setting.test}, mixed, [MEASURE])[MEASURE]

    shares = {"student alone": 1.0, "share chosen on dev": None, "share .75": 0.75, "share .50": 0.5, "share .25": 0.25}
    arms = {name: partial(cell, share) for name, share in shares.items()}
    run_cells(options, setting, arms, title="Blend with the first stage")


def _runs(setting: Setting, student: Student, query_ids: list[str]) -> tuple[Run, Run]:
    """The first stage's and the student's scores of the judged products."""
    return (
        retriever_judged(setting.stages["hybrid"], setting.prepared, query_ids),
        reranker_judged(student, setting.prepared, query_ids),
    )


if __name__ == "__main__":
    main()
