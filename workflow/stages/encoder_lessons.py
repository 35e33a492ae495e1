"""What the run's bi-encoder learns from: graded queries, hard negatives for them, titles with their texts.

No query that measures is among them: given labels pass the guard, the catalogue's own text has no query in it, and
judgements are learnt only where dev is a split of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.grades import GradeScale
from eval.trec import Qrels
from retrieval.bm25 import BM25Retriever
from retrieval.encoder import Encoder
from retrieval.encoder_training import EncoderTrainOptions, TextPair
from retrieval.hard_negatives import hard_negatives
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from workflow.config.encoder import EncoderTrain
from workflow.run.inputs import label_file
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.training import given_labels, hold_out, judged_queries

_NEGATIVE_DEPTH = 50
_LIKE_A_MATCH = 0.95  # of the weakest match's cosine (TopK-PercPos of NV-Retriever, arXiv 2407.15831)


@dataclass(frozen=True)
class Lesson:
    """A query to learn from: products, their gains, and their soft targets, float32."""

    query: Query
    products: Sequence[Product]
    gains: Sequence[int]
    targets: np.ndarray


@dataclass(frozen=True)
class Graded:
    """Queries with the gains of some of their products: what the encoder is watched on."""

    queries: Mapping[str, Query]
    qrels: Qrels


def lessons_of(work: Work, prepared: Prepared, section: EncoderTrain) -> tuple[list[Lesson], Graded | None]:
    """The queries to learn from, and those to watch training on, if there are any.

    A tenth of the given labels' queries is not learnt even where dev queries are watched: it weighs an ensemble.
    """
    main, labels = work.chains(prepared)[-1], label_file(work.config)
    scale = prepared.scale if section.targets is None else prepared.scale.with_targets(section.targets)
    lessons = _given(work, prepared, labels, scale) if section.labels and labels is not None else []
    watched = None
    lessons, held_out = hold_out(lessons, work.config.seed)
    if main.dev_ids:
        watched = Graded(prepared.queries, {i: prepared.qrels[i] for i in main.dev_ids})
    elif held := [entry for entry in held_out if len(set(entry.gains)) >= 2]:
        qrels = {e.query.id: {p.id: g for p, g in zip(e.products, e.gains, strict=True)} for e in held}
        watched = Graded({entry.query.id: entry.query for entry in held}, qrels)
    if section.judgements:
        for entry in judged_queries(prepared, main.train_ids):
            targets = np.array([scale.target(gain) for gain in entry.gains], np.float32)
            lessons.append(Lesson(entry.query, entry.products, entry.gains, targets))
    return lessons, watched


def _given(work: Work, prepared: Prepared, path: Path, scale: GradeScale) -> list[Lesson]:
    """Labels that another judge gave: a soft target is that of the grade, or of the grades' shares where they are."""
    judged, found = given_labels(prepared, path, work.guard(prepared))
    lessons = []
    for entry, graded in zip(judged, found.queries, strict=True):
        targets = [scale.target(*one) for one in zip(graded.gains, graded.shares, strict=True)]
        lessons.append(Lesson(entry.query, entry.products, entry.gains, np.array(targets, np.float32)))
    return lessons


def text_pairs(prepared: Prepared, section: EncoderTrain, seed: int) -> list[TextPair]:
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


def negatives_of(
    work: Work,
    prepared: Prepared,
    template: ProductTemplate,
    lessons: Sequence[Lesson],
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
