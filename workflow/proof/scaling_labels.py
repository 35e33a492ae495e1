"""Label efficiency: students of a run's own recipe, trained on nested random shares of its labelled queries."""

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from augment.journal import LabelledQuery
from eval.errors import InputError
from eval.label_efficiency import LABELS, Values, summary
from rerank.student import Student
from workflow.measure.system_names import STUDENT, TEACHER
from workflow.proof.scaling import Cell, Scaling, begin, mean_point, sizes_of, trained_at
from workflow.run.directory import Chain
from workflow.run.work import Work
from workflow.stages.alike import students_alike
from workflow.stages.open_teacher import open_teacher, ranks
from workflow.stages.rounds import labels_of
from workflow.stages.students import distil


def scale_labels(work: Work, sizes: Sequence[int | None], *, seeds: int, on_test: bool) -> dict[str, Any]:
    """Train and measure the students of each size (None: all labels), fit the curve, write `scaling.json`, return it.

    Raises:
        InputError: when a size is below 0, a query has more labels than a size, or 0 is asked of a run that trained no
            student without augmentation.
        PartialError, MachineError: as training.
    """
    scaling = begin(work, LABELS, seeds=seeds, on_test=on_test)
    labels = [list(labels_of(part.chain, work.config.rounds)) for part in scaling.parts]
    total = min(_count(own) for own in labels)
    wanted = sizes_of(sizes, total, 0, "--labels")
    cells = [scaling.cells(size, partial(_cell, scaling, labels, size)) for size in wanted]
    teacher: Values = {}
    for part in scaling.parts if ranks(work.config) else ():
        opened = open_teacher(work.config, scaling.prepared, work.run, part.chain.teacher)
        teacher |= scaling.values(opened, part)
    points = [mean_point(of_size, STUDENT) for of_size in cells]
    found = summary(points, teacher or None, axis=LABELS, seed=work.config.seed)
    return scaling.finish(found, (TEACHER, teacher) if teacher else None)


def nested_share(labels: Sequence[LabelledQuery], size: int, seed: int) -> list[LabelledQuery]:
    """At most `size` labels: whole queries in an order drawn from the seed, so that a larger share holds a smaller one.

    The order depends on the query ids alone: the folds' journals hold the same queries.

    Raises:
        InputError: when not even the first query's labels fit.
    """
    ids = sorted({entry.query.id for entry in labels})
    random.Random(seed).shuffle(ids)
    by_query: dict[str, list[LabelledQuery]] = {}
    for entry in labels:  # a query of several rounds has an entry for each
        by_query.setdefault(entry.query.id, []).append(entry)
    kept: list[LabelledQuery] = []
    left = size
    for query_id in ids:
        left -= _count(by_query[query_id])
        if left < 0:
            break
        kept += by_query[query_id]
    if not kept:
        raise InputError(f"{size} labels are fewer than one query's; give more, or 0 for the judgements alone")
    return kept


def _cell(scaling: Scaling, labels: Sequence[Sequence[LabelledQuery]], size: int, work: Work, place: Path) -> Cell:
    values: Values = {}
    counts = []
    alike, path = bool(size) and students_alike(work.config), None
    for part, own in zip(scaling.parts, labels, strict=True):
        share = nested_share(own, size, work.seed) if size else []
        path = path if alike and path is not None else _student(scaling, work, part.chain, share, place)
        values |= scaling.values(Student.load(path, precision="auto"), part)
        counts.append(_count(share))
    return Cell({"size": float(np.mean(counts))}, {STUDENT: values})


def _student(scaling: Scaling, work: Work, chain: Chain, share: Sequence[LabelledQuery], place: Path) -> Path:
    """The chain's student of this share, trained unless it is there."""
    if not share:
        if not chain.student_without.exists():
            raise InputError(
                "0 labels is the student without augmentation, which student.judgements_train: null leaves out; "
                "ask for 1 or more"
            )
        return chain.student_without
    path = trained_at(place, chain)
    if not path.exists():
        distil(work, scaling.prepared, chain, share, path)
    return path


def _count(labels: Sequence[LabelledQuery]) -> int:
    return sum(len(entry.product_ids) for entry in labels)
