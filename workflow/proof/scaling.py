"""Label efficiency: students of a run's own recipe, trained on nested random shares of its labelled queries.

    scaling/basis.json                   what the students stand on; when it changes, they are put aside
    scaling/SEED/LABELS/CHAIN/           one student a chain
    scaling/SEED/LABELS/values-SET.json  its quality on each query
    scaling/scaling.json                 all of it, with the fitted curve: docs/proof.md has the schema

Work that was interrupted goes on where it stopped; a size that was trained once is not trained again.
"""

import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from augment.journal import LabelledQuery
from eval.errors import InputError
from eval.files import read_json, write_json
from eval.label_efficiency import Point, Values, summary
from eval.measures import per_query
from rerank.student import Student
from rerank.types import Reranker
from workflow.measure.systems import reranker_judged
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.stage import record_path
from workflow.run.work import Work
from workflow.stages.open_teacher import open_teacher, ranks
from workflow.stages.rounds import labels_of
from workflow.stages.students import distil

SCALING = "scaling"
FILE = "scaling.json"
MeasuredOn = Literal["dev", "out-of-fold", "test"]


def scale(work: Work, sizes: Sequence[int | None], *, seeds: int, on_test: bool) -> dict[str, Any]:
    """Train and measure the students of each size (None: all labels), fit the curve, write `scaling.json`, return it.

    Raises:
        InputError: when a size is below 0, a query has more labels than a size, or 0 is asked of a run that trained no
            student without augmentation.
        PartialError, MachineError: as training.
    """
    prepared = work.prepared()
    made, on = _measured_on(work, prepared, on_test)
    root = work.run.root / SCALING
    _put_aside_if_outdated(work, root)
    labels = [list(labels_of(chain, work.config.rounds)) for chain, _ in made]
    total = min(sum(len(entry.product_ids) for entry in own) for own in labels)
    wanted = sorted({total if size is None else min(size, total) for size in sizes})
    if not wanted or wanted[0] < 0:
        raise InputError(f"--labels has {wanted or 'nothing'}; give numbers of labels from 0 upwards, or all")
    seed_numbers = [work.config.seed + number for number in range(seeds)]
    points = []
    for size in wanted:
        found = [_point(work, prepared, made, labels, root, size, seed, on) for seed in seed_numbers]
        values = {i: float(np.mean([one.values[i] for one in found])) for i in found[0].values}
        points.append(Point(float(np.mean([one.labels for one in found])), values))
    teacher: Values = {}
    for chain, ids in made if ranks(work.config) else ():
        opened = open_teacher(work.config, prepared, work.run, chain.teacher)
        teacher.update(_values(opened, prepared, ids, work.config.measure.cutoff))
    result = summary(points, teacher or None, seed=work.config.seed) | {
        "measure": f"nDCG@{work.config.measure.cutoff}",
        "mode": "judged-only",
        "set": on,
        "convention": prepared.scale.convention,
        "seeds": seed_numbers,
    }
    write_json(root / FILE, result)
    return result


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
        left -= sum(len(entry.product_ids) for entry in by_query[query_id])
        if left < 0:
            break
        kept += by_query[query_id]
    if not kept:
        raise InputError(f"{size} labels are fewer than one query's; give more, or 0 for the judgements alone")
    return kept


def _measured_on(
    work: Work, prepared: Prepared, on_test: bool
) -> tuple[list[tuple[Chain, tuple[str, ...]]], MeasuredOn]:
    """The chains to train students for, each with the queries it is measured on; none of them learnt these."""
    made = work.chains(prepared)
    if on_test:
        ids = [i for i in prepared.graded(prepared.split("test")) if len(prepared.qrels[i]) >= 2]
        if not ids:
            raise InputError("the data has no test query with two grades; leave --test out")
        return [(made[-1], tuple(ids))], "test"
    held_out = [(chain, chain.dev_ids) for chain in made if chain.dev_ids]
    return held_out, "dev" if held_out[0][0].fold is None else "out-of-fold"


def _point(
    work: Work,
    prepared: Prepared,
    made: Sequence[tuple[Chain, tuple[str, ...]]],
    labels: Sequence[Sequence[LabelledQuery]],
    root: Path,
    size: int,
    seed: int,
    on: MeasuredOn,
) -> Point:
    place = root / str(seed) / str(size)
    stored = place / f"values-{on}.json"
    if not stored.exists():
        values: Values = {}
        counts = []
        for (chain, ids), own in zip(made, labels, strict=True):
            path = _student(work, prepared, chain, own, place, size, seed)
            values.update(_values(Student.load(path, precision="auto"), prepared, ids, work.config.measure.cutoff))
            counts.append(sum(len(entry.product_ids) for entry in nested_share(own, size, seed)) if size else 0)
        write_json(stored, {"labels": float(np.mean(counts)), "values": values})
    return Point(**read_json(stored))


def _student(
    work: Work, prepared: Prepared, chain: Chain, labels: Sequence[LabelledQuery], place: Path, size: int, seed: int
) -> Path:
    """The chain's student of this size, trained unless it is there."""
    if not size:
        if not chain.student_without.exists():
            raise InputError(
                "0 labels is the student without augmentation, which student.judgements_train: null leaves out; "
                "ask for 1 or more"
            )
        return chain.student_without
    path = place / chain.name.replace(" ", "-")
    if not path.exists():
        own = replace(work, config=work.config.model_copy(update={"seed": seed}))
        stage = f"{SCALING}-{seed}-{size}"
        distil(own, prepared, chain, nested_share(labels, size, seed), path, stage=stage)
        shutil.rmtree(work.run.scratch(stage), ignore_errors=True)
    return path


def _values(model: Reranker, prepared: Prepared, query_ids: Sequence[str], cutoff: int) -> Values:
    name = f"nDCG@{cutoff}"
    qrels = {i: prepared.qrels[i] for i in query_ids}
    return per_query(qrels, reranker_judged(model, prepared, query_ids), [name])[name]


def _put_aside_if_outdated(work: Work, root: Path) -> None:
    """Students stand on the run's student stage: its labels, its recipe, its code."""
    basis = {"student stage": read_json(record_path(work.run, "student"))["key"]}
    if (root / "basis.json").exists() and read_json(root / "basis.json") != basis:
        kept = work.run.root / ".replaced" / SCALING
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(exist_ok=True)
        os.rename(root, kept)
        for begun in work.run.stages.glob(f"{SCALING}-*"):
            shutil.rmtree(begun)
    write_json(root / "basis.json", basis)
