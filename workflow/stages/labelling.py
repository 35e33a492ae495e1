"""Has a chain's teacher label mined pairs, exactly once."""

from pathlib import Path
from typing import Any

from augment.journal import open_journal
from augment.labelling import check_journal, label_pairs, slices_to_label, write_slices
from augment.pairs import Pairs
from augment.sanity import label_sanity
from eval.files import read_json
from rerank.teacher import TEACHER_FILE
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.open_teacher import open_labeller
from workflow.stages.ray_workers import label_over_ray


def label_pairs_of(work: Work, prepared: Prepared, pairs: Pairs, chain: Chain, path: Path, what: str) -> dict[str, Any]:
    """Begin the journal at `path` or go on with it; how many labels there are, and whether they look sound."""
    options = work.config.label
    if work.config.ray.address is not None and work.config.teacher.kind in ("model", "ensemble"):
        return _over_ray(work, pairs, chain, path, what)
    model = open_labeller(work, prepared, chain.teacher, work.progress.task(f"{what}: answers"))
    journal = open_journal(path, pairs, teacher_version=model.version, shard_pairs=options.shard_pairs)
    counts = label_pairs(
        pairs,
        prepared.catalogue,
        model,
        journal,
        guard=work.guard(prepared),
        failed_share=options.failed_share,
        retry_failed=work.retry_failed,
        progress=work.progress.task(what),
    )
    return {"labels": str(counts), "sanity": label_sanity(journal, pairs).to_json()}


def _over_ray(work: Work, pairs: Pairs, chain: Chain, path: Path, what: str) -> dict[str, Any]:
    """The same by Ray workers, each with a teacher of its own; the journal is written here."""
    options = work.config.label
    version = read_json(chain.teacher / TEACHER_FILE)["version"]
    journal = open_journal(path, pairs, teacher_version=version, shard_pairs=options.shard_pairs)
    check_journal(journal, pairs, version)
    wanted = slices_to_label(journal, retry_failed=work.retry_failed)
    labelled = label_over_ray(work, chain, pairs.path, path, wanted)
    counts = write_slices(
        labelled, wanted, journal, failed_share=options.failed_share, progress=work.progress.task(what)
    )
    return {"labels": str(counts), "sanity": label_sanity(journal, pairs).to_json()}
