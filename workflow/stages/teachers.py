"""The teachers of a run: each chain's learns its judgements, and is audited on the queries that it held out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augment.guard import LeakGuard
from eval.audit import audit as audit_labels
from eval.errors import InputError
from eval.measures import per_query
from eval.trec import Run
from rerank.gate import gate
from rerank.types import label_scores
from retrieval.types import Retriever
from workflow.config.teacher import FIRST_STAGES
from workflow.measure.audits import labelled_pairs, write_audit
from workflow.measure.segmentation import query_segments
from workflow.measure.systems import as_ranked, judged_pairs, retriever_judged
from workflow.run.directory import Chain
from workflow.run.inputs import label_file
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.alike import copy
from workflow.stages.api_teacher import describe_api_teacher, open_api_teacher
from workflow.stages.ensembles import train_ensemble, weigh_by_labels
from workflow.stages.first_stage import open_first_stages, product_words, student_template
from workflow.stages.given import describe_given
from workflow.stages.model_teacher import train_model_teacher
from workflow.stages.open_teacher import open_teacher
from workflow.stages.pretrain import teacher_start
from workflow.stages.training import given_labels, hold_out, judged_queries


def train_teachers(work: Work, prepared: Prepared, made: Sequence[Chain]) -> dict[str, Any]:
    """Train every chain's teacher on its judgements, after the given labels, if any; facts about the latter."""
    section = work.config.teacher
    if section.kind == "api":
        for chain in made:
            describe_api_teacher(open_api_teacher(work.config, prepared, work.run), chain.teacher)
        return {}
    if section.kind == "file":
        return describe_given(work, prepared, [chain.teacher for chain in made])
    first_stages = ensemble_stages(work, prepared)
    facts = _learn_given_labels(work, prepared, first_stages)
    for chain in made:
        train_chain(work, prepared, chain, first_stages)
    return facts


def train_chain(work: Work, prepared: Prepared, chain: Chain, first_stages: Mapping[str, Retriever]) -> None:
    """Train the teacher of one chain on its judgements, unless it is there; the given labels have been learnt.

    Args:
        first_stages: what `ensemble_stages` opened.
    """
    section = work.config.teacher
    if section.train is None:
        if not chain.teacher.exists():
            copy(_labels_alone(work), chain.teacher)
        return
    judged, given = judged_queries(prepared, chain.train_ids), label_file(work.config) is not None
    bases = {place: str(_labels_teacher(work, place)) if given else base for place, base in _members(work).items()}
    if section.kind == "ensemble":
        train_ensemble(work, prepared, bases, first_stages, judged, chain)
    else:
        train_model_teacher(work, prepared, bases[0], judged, chain.teacher, section.train, chain.name, chain)


def ensemble_stages(work: Work, prepared: Prepared) -> Mapping[str, Retriever]:
    """The retrievers that an ensemble may have as members; none for another teacher."""
    if work.config.teacher.kind != "ensemble":
        return {}
    return open_first_stages(work.config, prepared.catalogue, work.run)


def _learn_given_labels(work: Work, prepared: Prepared, first_stages: Mapping[str, Retriever]) -> dict[str, Any]:
    """Train what every chain's teacher starts from on the given labels, if any; facts about them.

    Of an ensemble that learns no judgement, a tenth of them is kept to weigh the members by.
    """
    section, given = work.config.teacher, label_file(work.config)
    if given is None:
        return {}
    weighs = section.kind == "ensemble" and section.train is None
    # An ensemble that learns judgements is weighed by them, out of fold: what scores them may not know them from here.
    weighed = section.kind == "ensemble" and section.train is not None
    guard = LeakGuard(prepared.queries.values()) if weighed else work.guard(prepared)
    judged, found = given_labels(prepared, given, guard)
    learnt, held_out = hold_out(judged, work.config.seed) if weighs else (judged, [])
    if weighs and len({gain for entry in held_out for gain in entry.gains}) < 2:
        raise InputError(
            f"a tenth of the queries in teacher.labels, {len(held_out)} of {len(judged)}, would weigh the ensemble's "
            "members, and has fewer than two grades; give labels of more queries, or a teacher of kind model"
        )
    directories = {}
    for place, base in _members(work).items():
        what = f"given labels member {place + 1}" if section.kind == "ensemble" else "given labels"
        directories[place] = _labels_teacher(work, place)
        train_model_teacher(work, prepared, base, learnt, directories[place], section.labels_train, what, seed=place)
    if weighs:
        weigh_by_labels(work, prepared, directories, first_stages, held_out, _labels_alone(work))
    about = {
        "queries": len(judged),
        "pairs": sum(len(entry.gains) for entry in judged),
        **({"queries that weigh the members": len(held_out)} if weighs else {}),
        "held-out queries left out": len(found.leaks),
        "unknown products left out": found.unknown_products,
    }
    return {"given labels": about}


def _members(work: Work) -> dict[int, str]:
    """The models that are trained, by their place in the ensemble; a single one's is 0."""
    section = work.config.teacher
    members = section.ensemble if section.kind == "ensemble" else (section.model,)
    return {
        place: teacher_start(work.config, work.run, name)
        for place, name in enumerate(members)
        if name not in FIRST_STAGES
    }


def _labels_alone(work: Work) -> Path:
    """The teacher that learns no judgement, which every chain has then."""
    path = work.run.labels_teacher
    return path / "ensemble" if work.config.teacher.kind == "ensemble" else path


def _labels_teacher(work: Work, place: int) -> Path:
    path = work.run.labels_teacher
    return path / str(place) if work.config.teacher.kind == "ensemble" else path


def audit(work: Work, prepared: Prepared, made: list[Chain]) -> dict[str, Any]:
    """The gate before bulk labelling: each chain's teacher on the dev queries it did not learn from.

    Beside it, the audit of its labels against the judgements is written to `teacher/audit.json`.
    """
    config = work.config
    if config.teacher.kind == "file":  # the guard has taken every dev query out of it
        return {"passed": True, "reason": "not audited: it is a file of labels, without a word on held-out queries"}
    first = open_first_stages(config, prepared.catalogue, work.run)[config.index.first_stage]
    ours: Run = {}
    theirs: Run = {}
    labelled = []
    for chain in made:
        if chain.dev_ids:
            report = work.progress.task(f"asking the teacher about dev queries, {chain.name}")
            teacher = open_teacher(config, prepared, work.run, chain.teacher, report)
            pairs = judged_pairs(prepared, chain.dev_ids)
            labels = teacher.label(pairs)
            for (query, product), score in zip(pairs, label_scores(labels).tolist(), strict=True):
                ours.setdefault(query.id, {})[product.id] = score
            labelled += labelled_pairs(pairs, labels, prepared.qrels, prepared.scale)
            theirs.update(retriever_judged(first, prepared, chain.dev_ids))
    ours = as_ranked(ours, prepared, student_template(config, prepared.catalogue))
    name = f"nDCG@{config.measure.cutoff}"
    qrels = {i: prepared.qrels[i] for i in ours}
    values = [per_query(qrels, run, [name])[name] for run in (ours, theirs)]
    decision = gate(values[0], values[1], config.seed)
    vocabulary = product_words(config, prepared.catalogue, work.run)
    parts = query_segments(prepared, list(ours), vocabulary=vocabulary, category_field=config.mine.category_field)
    found = audit_labels(labelled, prepared.scale, seed=config.seed, segments=parts, cutoff=config.measure.cutoff)
    write_audit(found, made[-1].teacher)
    return {
        "passed": decision.passed,
        "reason": decision.reason,
        "interval": decision.interval._asdict(),
        "measure": f"{name}, judged-only",
        "labels": {
            "pairs": found.overall.pairs,
            "same grade": found.overall.same_grade.mean,
            "kappa": found.overall.kappa,
            "ece": found.overall.ece,
        },
    }
