"""The run's bi-encoder: the model as it is, or trained first, watched, and used where it is not clearly worse.

One encoder serves the whole run, folds included: what it learns from (`encoder_lessons`) holds no query that measures.
"""

import shutil
from typing import Any

import numpy as np

from eval.errors import InputError
from eval.files import atomic_path
from eval.measures import per_query
from eval.trec import Run
from rerank.gate import gate
from rerank.losses import LOSSES
from retrieval.encoder import Encoder, model_directory
from retrieval.encoder_training import EncoderTrainOptions, EncoderTrainResult, ScoredList, train_encoder
from retrieval.product_text import ProductTemplate
from workflow.config.encoder import EncoderTrain
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.encoder_lessons import Graded, lessons_of, negatives_of, text_pairs
from workflow.stages.first_stage import model_path, open_encoder, student_template


def make_encoder(work: Work) -> dict[str, Any]:
    """Write `encoder/`; trained where the config says so, and where the gate then finds it not clearly worse."""
    config, run = work.config, work.run
    base = model_path(config.encoder.model)
    if config.encoder.train is None:
        if not run.encoder.exists():
            _copy(str(model_directory(base)), work)
        return {"trained": False}
    prepared = work.prepared()
    template = student_template(config, prepared.catalogue)
    untouched = open_encoder(config, base)
    facts, result = _train(work, prepared, template, config.encoder.train, untouched)
    facts |= {"share": result.share, "shares": {f"{share:g}": round(v, 4) for share, v in result.shares.items()}}
    measured = Graded(prepared.queries, {i: prepared.qrels[i] for c in work.chains(prepared) for i in c.dev_ids})
    trained = str(work.run.scratch("encoder") / "trained")
    ours, theirs = (
        _ndcg(encoder, measured, prepared, template, config.measure.cutoff)
        for encoder in (open_encoder(config, trained), untouched)
    )
    decision = gate(ours, theirs, config.seed, baseline_name="the untouched bi-encoder")
    _copy(trained if decision.passed else str(model_directory(base)), work)
    warnings = [] if decision.passed else [f"the trained bi-encoder is {decision.reason}; the untouched one is used"]
    return {**facts, "trained": decision.passed, "gate": decision.reason, "warnings": warnings}


def _train(
    work: Work, prepared: Prepared, template: ProductTemplate, section: EncoderTrain, untouched: Encoder
) -> tuple[dict[str, Any], EncoderTrainResult]:
    """Train a copy of the model into the stage's scratch directory."""
    config, scratch = work.config, work.run.scratch("encoder")
    lessons, watched = lessons_of(work, prepared, section)
    pairs = text_pairs(prepared, section, config.seed) if section.self_supervised else []
    negatives = negatives_of(work, prepared, template, lessons, section, untouched)
    lists = [
        ScoredList(entry.query.text, [template.text(p) for p in entry.products], entry.targets, tuple(more))
        for entry, more in zip(lessons, negatives, strict=True)
    ]
    if not lists and not pairs:
        raise InputError(
            "encoder.train has nothing to learn from: no label is left, and no product has a title and one of "
            f"{', '.join(section.text_fields)} (encoder.train.text_fields)"
        )
    cutoff = config.measure.cutoff

    def validate(encoder: Encoder) -> float:
        assert watched is not None
        return float(np.mean(list(_ndcg(encoder, watched, prepared, template, cutoff).values())))

    result = train_encoder(
        open_encoder(config, model_path(config.encoder.model)),
        lists,
        pairs,
        _options(section, config.seed),
        scratch / "trained",
        list_loss=LOSSES[section.loss],
        loss_name=section.loss,
        checkpoints=scratch / "checkpoints",
        validate=None if watched is None else validate,
        progress=work.progress.task("training the bi-encoder"),
    )
    facts = {
        "queries": len(lists),
        "judged pairs": sum(len(entry.products) for entry in lists),
        "hard negatives": sum(len(entry.negatives) for entry in lists),
        "text pairs": len(pairs),
        "watched queries": 0 if watched is None else len(watched.qrels),
    }
    return facts, result


def _ndcg(
    encoder: Encoder, graded: Graded, prepared: Prepared, template: ProductTemplate, cutoff: int
) -> dict[str, float]:
    """Judged-only nDCG of cosines, by query."""
    catalogue = prepared.catalogue
    ids = list(dict.fromkeys(product_id for gains in graded.qrels.values() for product_id in gains))
    products = catalogue.products([catalogue.row(product_id) for product_id in ids])
    vectors = dict(zip(ids, encoder.encode_products([template.text(p) for p in products]), strict=True))
    asked = encoder.encode_queries([graded.queries[i].text for i in graded.qrels])
    run: Run = {
        i: {product_id: float(vectors[product_id] @ vector) for product_id in graded.qrels[i]}
        for i, vector in zip(graded.qrels, asked, strict=True)
    }
    name = f"nDCG@{cutoff}"
    return per_query(graded.qrels, run, [name])[name]


def _options(section: EncoderTrain, seed: int) -> EncoderTrainOptions:
    what = {"labels", "judgements", "targets", "self_supervised", "text_fields", "pairs", "hard_negatives", "loss"}
    return EncoderTrainOptions(seed=seed, **section.model_dump(exclude=what))


def _copy(source: str, work: Work) -> None:
    with atomic_path(work.run.encoder) as temporary:
        shutil.copytree(source, temporary)
