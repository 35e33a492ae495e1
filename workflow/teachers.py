"""The teachers of a run: trained on the judgements of each chain, audited on the queries that it held out."""

from pathlib import Path
from typing import Any

from eval.measures import per_query
from rerank.gate import gate
from rerank.lora import LoraOptions
from rerank.teacher import JudgedQuery, Teacher, train_teacher
from workflow.first_stage import open_first_stages, teacher_template
from workflow.prepared import Prepared
from workflow.run_directory import Chain
from workflow.systems import reranker_judged, retriever_judged
from workflow.train_sections import TrainSection
from workflow.training import mean_ndcg, train_options
from workflow.work import Work


def train_chain_teacher(
    work: Work,
    prepared: Prepared,
    base: str,
    judged: list[JudgedQuery],
    path: Path,
    section: TrainSection,
    what: str,
    chain: Chain | None = None,
) -> None:
    """Train one teacher at `path`, unless it is there; watched on the chain's dev queries where they were given."""
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
        train_options(section, "", config.seed),
        max_length=config.teacher.max_length,
        lora=None if config.teacher.lora is None else LoraOptions(**config.teacher.lora.model_dump()),
        checkpoints=work.run.scratch("teacher") / what.replace(" ", "-"),
        validate=(lambda model: mean_ndcg(model, prepared, watched, cutoff)) if watched else None,
        progress=work.progress.task(f"training the teacher, {what}"),
    )


def audit(work: Work, prepared: Prepared, made: list[Chain]) -> dict[str, Any]:
    """The gate before bulk labelling: each chain's teacher on the dev queries it did not learn from."""
    config = work.config
    first = open_first_stages(config, prepared.catalogue, work.run)[config.index.first_stage]
    ours, theirs = {}, {}
    for chain in made:
        if chain.dev_ids:
            ours.update(reranker_judged(Teacher.load(chain.teacher), prepared, chain.dev_ids))
            theirs.update(retriever_judged(first, prepared, chain.dev_ids))
    name = f"nDCG@{config.measure.cutoff}"
    qrels = {i: prepared.qrels[i] for i in ours}
    values = [per_query(qrels, run, [name])[name] for run in (ours, theirs)]
    decision = gate(values[0], values[1], config.seed)
    return {
        "passed": decision.passed,
        "reason": decision.reason,
        "interval": decision.interval._asdict(),
        "measure": f"{name}, judged-only",
    }
