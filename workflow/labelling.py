"""Has a chain's teacher label mined pairs, exactly once."""

from pathlib import Path
from typing import Any

from augment.journal import open_journal
from augment.labelling import label_pairs
from augment.pairs import Pairs
from augment.sanity import label_sanity
from workflow.open_teacher import open_labeller
from workflow.prepared import Prepared
from workflow.run_directory import Chain
from workflow.work import Work


def label_pairs_of(work: Work, prepared: Prepared, pairs: Pairs, chain: Chain, path: Path, what: str) -> dict[str, Any]:
    """Begin the journal at `path` or go on with it; how many labels there are, and whether they look sound."""
    options = work.config.label
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
