"""One cross-encoder teacher, trained as the config says."""

from collections.abc import Sequence
from pathlib import Path

from rerank.lora import LoraOptions
from rerank.teacher import JudgedQuery, train_teacher
from workflow.config.train import TrainSection
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.first_stage import teacher_template
from workflow.stages.training import mean_ndcg, train_options


def train_model_teacher(
    work: Work,
    prepared: Prepared,
    base: str,
    judged: Sequence[JudgedQuery],
    path: Path,
    section: TrainSection,
    what: str,
    chain: Chain | None = None,
    *,
    seed: int = 0,
) -> None:
    """Train one teacher at `path`, unless it is there; watched on the chain's dev queries where they were given.

    `what` names it to the user, and its checkpoints; `seed` is added to the work's.
    """
    if path.exists():
        return
    config = work.config
    watched = chain.dev_ids if chain is not None and chain.fold is None else ()
    cutoff = config.measure.cutoff
    train_teacher(
        base,
        config.teacher.head,
        judged,
        prepared.scale,
        teacher_template(config, prepared.catalogue),
        path,
        train_options(section, "", work.seed + seed),
        max_length=config.teacher.max_length,
        lora=None if config.teacher.lora is None else LoraOptions(**config.teacher.lora.model_dump()),
        spread=config.teacher.spread,
        recompute=config.teacher.recompute,
        checkpoints=work.scratch("teacher") / "checkpoints" / what.replace(" ", "-"),
        validate=(lambda model: mean_ndcg(model, prepared, watched, cutoff)) if watched else None,
        progress=work.progress.task(f"training the teacher, {what}"),
    )
