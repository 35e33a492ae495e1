"""The run's bi-encoder: the model as it is, or trained first.

One encoder serves the whole run, folds included, so what it learns from holds no query that measures: given labels pass
the guard, the catalogue's own text has no query in it, and judgements are learnt only where dev is a split of its own.
"""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.errors import InputError
from eval.files import atomic_path
from eval.measures import per_query
from eval.trec import Qrels, Run
from rerank.gate import gate
from rerank.losses import LOSSES
from retrieval.bm25 import BM25Retriever
from retrieval.encoder import Encoder, model_directory
from retrieval.encoder_training import EncoderTrainOptions, EncoderTrainResult, ScoredList, TextPair, train_encoder
from retrieval.hard_negatives import hard_negatives
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from workflow.encoder_section import EncoderTrain
from workflow.first_stage import model_path, open_encoder, student_template
from workflow.inputs import label_file
from workflow.prepared import Prepared
from workflow.training import given_labels, judged_queries
from workflow.work import Work

_HELD_OUT = 0.1  # of the given labels' queries, to watch training on where the data has no dev split
_NEGATIVE_DEPTH = 50
_LIKE_A_MATCH = 0.95  # of the weakest match's cosine (TopK-PercPos of NV-Retriever, arXiv 2407.15831)


@dataclass(frozen=True)
class _Lesson:
    """A query to learn from: products, their gains, and their soft targets, float32."""

    query: Query
    products: Sequence[Product]
    gains: Sequence[int]
    targets: np.ndarray


@dataclass(frozen=True)
class _Graded:
    """Queries with the gains of some of their products: what the encoder is watched on."""

    queries: Mapping[str, Query]
    qrels: Qrels


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
    measured = _Graded(prepared.queries, {i: prepared.qrels[i] for c in work.chains(prepared) for i in c.dev_ids})
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
    lessons, watched = _lessons(work, prepared, section)
    pairs = _text_pairs(prepared, section, config.seed) if section.self_supervised else []
    negatives = _negatives(work, prepared, template, lessons, section, untouched)
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


def _lessons(work: Work, prepared: Prepared, section: EncoderTrain) -> tuple[list[_Lesson], _Graded | None]:
    """The queries to learn from, and those to watch training on, if there are any."""
    main, labels = work.chains(prepared)[-1], label_file(work.config)
    lessons = _given(work, prepared, labels) if section.labels and labels is not None else []
    watched = None
    if main.dev_ids:
        watched = _Graded(prepared.queries, {i: prepared.qrels[i] for i in main.dev_ids})
    elif lessons:
        random.Random(work.config.seed).shuffle(lessons)
        size = round(_HELD_OUT * len(lessons))
        held = [entry for entry in lessons[:size] if len(set(entry.gains)) >= 2]
        lessons = lessons[size:]
        if held:
            qrels = {e.query.id: {p.id: g for p, g in zip(e.products, e.gains, strict=True)} for e in held}
            watched = _Graded({entry.query.id: entry.query for entry in held}, qrels)
    if section.judgements:
        for entry in judged_queries(prepared, main.train_ids):
            targets = np.array([prepared.scale.target(gain) for gain in entry.gains], np.float32)
            lessons.append(_Lesson(entry.query, entry.products, entry.gains, targets))
    return lessons, watched


def _given(work: Work, prepared: Prepared, path: Path) -> list[_Lesson]:
    """Labels that another judge gave: a soft target is that of the grade, or of the grades' shares where they are."""
    judged, found = given_labels(prepared, path, work.guard(prepared))
    scale = prepared.scale
    best = np.array([grade.target for grade in scale.grades])
    lessons = []
    for entry, graded in zip(judged, found.queries, strict=True):
        targets = [
            scale.target(gain) if share is None else float(np.dot(share, best))
            for gain, share in zip(graded.gains, graded.shares, strict=True)
        ]
        lessons.append(_Lesson(entry.query, entry.products, entry.gains, np.clip(targets, 0, 1).astype(np.float32)))
    return lessons


def _text_pairs(prepared: Prepared, section: EncoderTrain, seed: int) -> list[TextPair]:
    """Titles with the products' other texts."""
    catalogue = prepared.catalogue
    fields = tuple(name for name in section.text_fields if name in catalogue.fields)
    if not fields or "title" not in catalogue.fields:
        return []
    size = min(section.pairs, len(catalogue))
    rows = np.sort(np.random.default_rng(seed).choice(len(catalogue), size=size, replace=False))
    title, rest = ProductTemplate(("title",)), ProductTemplate(fields)
    found = []
    for product in catalogue.products(rows.tolist()):
        pair = TextPair(title.text(product), rest.text(product))
        if pair.query and pair.product and pair.query != pair.product:
            found.append(pair)
    return found


def _negatives(
    work: Work,
    prepared: Prepared,
    template: ProductTemplate,
    lessons: Sequence[_Lesson],
    section: EncoderTrain,
    untouched: Encoder,
) -> list[list[str]]:
    """Texts of products that BM25 finds for a query with a match, but for those nearly as near as its matches."""
    found: list[list[str]] = [[] for _ in lessons]
    matched = [n for n, entry in enumerate(lessons) if entry.targets.max() >= EncoderTrainOptions.positive_from]
    if not section.hard_negatives or not matched:
        return found
    catalogue, path = prepared.catalogue, work.run.scratch("encoder") / "bm25"
    bm25 = BM25Retriever.load(path, catalogue) if path.exists() else BM25Retriever.build(catalogue, template, path)
    places = {id(lessons[n].query): n for n in matched}

    def too_good(query: Query, product_ids: Sequence[str]) -> Sequence[bool]:
        entry = lessons[places[id(query)]]
        matches = entry.targets >= EncoderTrainOptions.positive_from
        own = [template.text(p) for p, match in zip(entry.products, matches, strict=True) if match]
        others = [template.text(p) for p in catalogue.products([catalogue.row(i) for i in product_ids])]
        cosines = untouched.encode_products([*own, *others]) @ untouched.encode_queries([query.text])[0]
        return (cosines[len(own) :] >= _LIKE_A_MATCH * cosines[: len(own)].min()).tolist()

    chosen = hard_negatives(
        [lessons[n].query for n in matched],
        [{product.id for product in lessons[n].products} for n in matched],
        bm25,
        take=section.hard_negatives,
        depth=_NEGATIVE_DEPTH,
        too_good=too_good,
        seed=work.config.seed,
        progress=work.progress.task("mining hard negatives"),
    )
    for n, product_ids in zip(matched, chosen, strict=True):
        found[n] = [template.text(p) for p in catalogue.products([catalogue.row(i) for i in product_ids])]
    return found


def _ndcg(
    encoder: Encoder, graded: _Graded, prepared: Prepared, template: ProductTemplate, cutoff: int
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
    what = {"labels", "judgements", "self_supervised", "text_fields", "pairs", "hard_negatives", "loss"}
    return EncoderTrainOptions(seed=seed, **section.model_dump(exclude=what))


def _copy(source: str, work: Work) -> None:
    with atomic_path(work.run.encoder) as temporary:
        shutil.copytree(source, temporary)
