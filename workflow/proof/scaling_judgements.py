"""How many judgements are needed: a run's recipe from the teacher on, for nested random shares of its judged queries.

For each share the teacher is trained on it, labels the run's mined pairs, and the student is distilled; beside it a
student without augmentation, which is what the same judgements give without distilrank. First stage and mined pairs
are the run's own at every size. A teacher that the gate refuses labels all the same: the refusal is a finding.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from augment.pairs import Pairs
from eval.bootstrap import paired_interval
from eval.errors import InputError
from eval.files import read_json
from eval.label_efficiency import JUDGEMENTS, Values, summary
from rerank.gate import gate
from rerank.student import Student
from workflow.config.run import Config
from workflow.measure.system_names import STUDENT, TEACHER, WITHOUT
from workflow.measure.systems import Part, retriever_judged
from workflow.proof.scaling import Cell, Scaling, begin, mean_count, mean_point, sizes_of, trained_at
from workflow.run.directory import Chain, RunDirectory
from workflow.run.stage import record_path
from workflow.run.stage_titles import round_stage
from workflow.run.work import Work
from workflow.stages.first_stage import open_first_stages
from workflow.stages.labelling import label_pairs_of
from workflow.stages.open_teacher import open_teacher, ranks
from workflow.stages.rounds import label_hardest_of, labels_of
from workflow.stages.students import distil, learn_without_augmentation
from workflow.stages.teachers import ensemble_stages, train_chain


class Models(NamedTuple):
    """Directories of what a share's chain holds; `without` is None where the recipe leaves it out."""

    teacher: Path
    student: Path
    without: Path | None


def scale_judgements(work: Work, sizes: Sequence[int | None], *, seeds: int, on_test: bool) -> dict[str, Any]:
    """Train and measure the models of each size (judged queries; None: all), write `scaling.json`, return it.

    Raises:
        InputError: when a size is below 1, or the recipe's student learns no judgement at all.
        PartialError, MachineError: as training and labelling.
    """
    notes = what_is_learnt(work.config)
    scaling = begin(work, JUDGEMENTS, seeds=seeds, on_test=on_test)
    most = max(len(part.chain.train_ids) for part in scaling.parts)
    wanted = sizes_of(sizes, most, 1, "--judgements")
    _foretell(scaling, wanted, most)
    cells = [scaling.cells(size, partial(_cell, scaling, size)) for size in wanted]
    seed = work.config.seed
    first = open_first_stages(work.config, scaling.prepared.catalogue, work.run)[work.config.index.first_stage]
    baseline: Values = {}
    for part in scaling.parts:
        baseline |= scaling.quality(retriever_judged(first, scaling.prepared, part.query_ids))
    told = {
        name: summary([mean_point(of, name) for of in cells], baseline, axis=JUDGEMENTS, seed=seed)
        for name in cells[0][0].values
    }
    found = told.pop(STUDENT)
    for row, of in zip(found["points"], cells, strict=True):
        row["judgements"] = mean_count(of, "judgements")
        if TEACHER in told:
            row["refused"] = sum(not gate(one.values[TEACHER], baseline, seed).passed for one in of)
        if WITHOUT in told:
            both = (mean_point(of, name).values for name in (STUDENT, WITHOUT))
            row["gained"] = paired_interval(*both, seed=seed)._asdict()
    return scaling.finish(
        {**found, "beside": told, "notes": notes}, (f"{work.config.index.first_stage} first stage", baseline)
    )


def what_is_learnt(config: Config) -> list[str]:
    """What a reader must know of who learns the judgements of a share; empty where it is the teacher, as usual.

    Raises:
        InputError: when the student of this recipe learns none, neither through its teacher nor itself.
    """
    notes = []
    if not _teacher_learns(config):
        why = "teacher.train is null" if config.teacher.kind == "model" else f"teacher.kind is {config.teacher.kind!r}"
        if config.student.final_train is None:
            raise InputError(
                f"the student of this recipe learns no judgement ({why}, student.final_train is null), so more of them "
                "cannot change it; set student.final_train to see what a last pass over them brings, or ask for "
                "--labels"
            )
        notes.append(
            f"The teacher learns no judgement ({why}) and is the same at every size: only the student's last pass "
            "(student.final_train) and the student without augmentation do."
        )
    if config.encoder.train is not None and config.encoder.train.judgements:
        notes.append(
            "The bi-encoder has learnt all train judgements (encoder.train.judgements): the first stage is the whole "
            "run's at every size."
        )
    return notes


def judged_share(train_ids: Sequence[str], size: int, seed: int) -> tuple[str, ...]:
    """`size` of the queries, or all, in their own order; a larger share of the same seed holds a smaller one.

    Who is in depends on a query's id and the seed alone: a share of a fold is that of the run as far as it can be.
    """
    order = sorted(train_ids, key=lambda query_id: (random.Random(f"{seed} {query_id}").random(), query_id))
    kept = set(order[:size])
    return tuple(query_id for query_id in train_ids if query_id in kept)


def _foretell(scaling: Scaling, wanted: Sequence[int], most: int) -> None:
    """Say how long the missing cells may take, by what the run's own stages took."""
    run, config = scaling.work.run, scaling.work.config
    cells = [(size, seed) for size in wanted for seed in scaling.missing(size)]
    trained = [size for size, seed in cells if (size, seed) != (most, config.seed)]  # that one is the run itself
    learning, rest = 0.0, _seconds(run, "student")
    if _teacher_learns(config):
        learning = _seconds(run, "teacher")
        rounds = (round_stage(number) for number in range(2, config.rounds + 1))
        rest += sum(_seconds(run, name) for name in ("label", *rounds))
    seconds = sum(learning * size / most + rest for size in trained)
    minutes = seconds / 60 * len(scaling.parts) / len(scaling.work.chains(scaling.prepared))
    if trained:
        scaling.say(
            f"{len(trained)} times from the judgements to the students: some {max(minutes, 1):,.0f} minutes, going by "
            "what the run took. What is done is kept."
        )


def _seconds(run: RunDirectory, stage: str) -> float:
    return float(read_json(record_path(run, stage))["seconds"])


def _cell(scaling: Scaling, size: int, work: Work, place: Path) -> Cell:
    values: dict[str, Values] = {}
    queries, judgements = [], []
    for part in scaling.parts:
        share = judged_share(part.chain.train_ids, size, work.seed)
        models = _models(scaling, work, part.chain, share, trained_at(place, part.chain))
        for name, of in _measured(scaling, models, part).items():
            values[name] = {**values.get(name, {}), **of}
        queries.append(len(share))
        judgements.append(sum(len(scaling.prepared.qrels[i]) for i in share))
    return Cell({"size": float(np.mean(queries)), "judgements": float(np.mean(judgements))}, values)


def _models(scaling: Scaling, work: Work, chain: Chain, share: tuple[str, ...], place: Path) -> Models:
    """Teacher, labels and students of a share of the chain's judged queries, each unless it is there."""
    prepared, without = scaling.prepared, work.config.student.judgements_train is not None
    if share == chain.train_ids and work.seed == work.config.seed:  # the run itself
        return Models(chain.teacher, chain.student, chain.student_without if without else None)
    own = replace(chain, train_ids=share)
    if _teacher_learns(work.config):
        own = replace(own, directory=place)
        train_chain(work, prepared, own, ensemble_stages(work, prepared))
        label_pairs_of(work, prepared, Pairs(work.run.pairs), own, own.journal, f"labelling, {own.name}")
        for number in range(2, work.config.rounds + 1):
            label_hardest_of(work, prepared, own, number)
    made = Models(own.teacher, place / "student", place / "student-without" if without else None)
    if not made.student.exists():
        distil(work, prepared, own, labels_of(own, work.config.rounds), made.student)
    if made.without is not None and not made.without.exists():
        learn_without_augmentation(work, prepared, own, made.without)
    return made


def _measured(scaling: Scaling, models: Models, part: Part) -> dict[str, Values]:
    """Each system's values on the part's queries; no teacher's where it may not be asked."""
    students = {STUDENT: models.student} | ({WITHOUT: models.without} if models.without is not None else {})
    found = {name: scaling.values(Student.load(path, precision="auto"), part) for name, path in students.items()}
    if ranks(scaling.work.config):
        teacher = open_teacher(scaling.work.config, scaling.prepared, scaling.work.run, models.teacher)
        found[TEACHER] = scaling.values(teacher, part)
    return found


def _teacher_learns(config: Config) -> bool:
    return config.teacher.kind in ("model", "ensemble") and config.teacher.train is not None
