"""The students of a run: each chain's learns its teacher's labels; one to compare with does without them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from augment.journal import LabelledQuery
from rerank.student import train_student
from rerank.training import Group
from workflow.config.train import TrainSection
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.first_stage import student_template
from workflow.stages.labelled import label_use, labelled_groups
from workflow.stages.pretrain import Start, student_start, trained_start
from workflow.stages.training import mean_ndcg, soft_groups, train_options


def distil(
    work: Work,
    prepared: Prepared,
    chain: Chain,
    labels: Iterable[LabelledQuery],
    path: Path,
    *,
    stage: str = "student",
) -> dict[str, Any]:
    """Train a student at `path` on the labels of the chain's teacher, then, if the config says so, on the judgements.

    `stage` names the stage that does it, which keeps the checkpoints.
    """
    options = work.config.student
    start, scratch = student_start(work.config, work.run, chain.teacher), _scratch(work, chain, stage)
    use = label_use(work.config, prepared, work.run)
    groups, dropped = labelled_groups(prepared, labels, options.loss, use)
    pruned = {"labels dropped": dropped} if dropped else {}
    if options.final_train is None:
        train, loss = options.train, options.loss
        return pruned | _learn(work, prepared, chain, start, groups, train, loss, path, scratch)
    distilled = scratch / "distilled"
    if not distilled.exists():
        _learn(work, prepared, chain, start, groups, options.train, options.loss, distilled, scratch)
    section, loss = options.final_train, options.final_loss
    judged, after = soft_groups(prepared, chain.train_ids, loss), trained_start(distilled, "distillation")
    _learn(work, prepared, chain, after, judged, section, loss, path, scratch)
    return pruned | {"queries": len(groups), "pairs": sum(len(group.products) for group in groups)}


def learn_without_augmentation(work: Work, prepared: Prepared, chain: Chain, path: Path) -> None:
    """Train the student to compare with at `path`: the same start and the judgements, but no label of the teacher's."""
    options = work.config.student
    section, loss = options.judgements_train, "soft_bce"
    assert section is not None
    groups = soft_groups(prepared, chain.train_ids, loss)
    start, scratch = student_start(work.config, work.run, chain.teacher), _scratch(work, chain, "student")
    _learn(work, prepared, chain, start, groups, section, loss, path, scratch)


def _scratch(work: Work, chain: Chain, stage: str) -> Path:
    return work.scratch(stage) / chain.name.replace(" ", "-")


def _learn(
    work: Work,
    prepared: Prepared,
    chain: Chain,
    start: Start,
    groups: list[Group],
    section: TrainSection,
    loss: str,
    path: Path,
    scratch: Path,
) -> dict[str, Any]:
    watched = chain.dev_ids if chain.fold is None else ()
    cutoff = work.config.measure.cutoff
    _, result = train_student(
        start.model,
        groups,
        train_options(section, loss, work.seed),
        path,
        student_template(work.config, prepared.catalogue),
        layers=start.layers,
        max_length=work.config.student.max_length,
        checkpoints=scratch / f"{path.name}-checkpoints",
        validate=(lambda model: mean_ndcg(model, prepared, watched, cutoff)) if watched else None,
        progress=work.progress.task(f"training {path.name}, {chain.name}"),
        facts=start.facts,
    )
    pairs = sum(len(group.products) for group in groups)
    return {
        "queries": len(groups),
        "pairs": pairs,
        "best epoch": result.best_epoch,
        "warnings": list(result.warnings),
    }
