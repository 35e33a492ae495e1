"""The segments of a run's measured queries, from its data, and how they are kept in `report/segments.json`."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import segments
from eval.files import read_json
from eval.segments import Segment
from eval.trec import Run
from retrieval.query_key import fold
from retrieval.tokens import tokenize
from workflow.run.prepared import Prepared

SEGMENTS = "segments.json"

_BRAND = "brand"
_PATH = " > "


def run_segments(
    prepared: Prepared,
    query_ids: Sequence[str],
    *,
    first: Run,
    first_stage: str,
    vocabulary: Collection[str],
    category_field: str | None,
) -> list[Segment]:
    """Every dimension that the data has something to say of.

    Args:
        first: the first stage's ranking of the whole catalogue, `first_stage` its name.
        vocabulary, category_field: as `query_segments` takes them.
    """
    failures = segments.first_stage_failures(
        query_ids, prepared.qrels, first, prepared.scale.relevant_gain, first_stage
    )
    return [
        *query_segments(prepared, query_ids, vocabulary=vocabulary, category_field=category_field),
        *failures,
    ]


def text_segments(texts: Mapping[str, str]) -> list[Segment]:
    """What queries' texts (by query id) say on their own: length, negation, numbers."""
    words = {query_id: fold(text) for query_id, text in texts.items()}
    return [*segments.by_length(words), *segments.by_negation(words), *segments.by_number(words)]


def query_segments(
    prepared: Prepared, query_ids: Sequence[str], *, vocabulary: Collection[str], category_field: str | None
) -> list[Segment]:
    """The dimensions that no ranking has a say in.

    Args:
        vocabulary: the words of all products, as `retrieval.tokens` cuts them.
        category_field: the product field with the category; of a path as in "Shoes > Boots" its first part counts.
    """
    catalogue, qrels, relevant = prepared.catalogue, prepared.qrels, prepared.scale.relevant_gain
    words = {i: fold(prepared.queries[i].text) for i in query_ids}
    log: dict[tuple[str, ...], int] = {}
    for entry in prepared.log:
        key = fold(entry.text)
        log[key] = log.get(key, 0) + entry.frequency
    unknown = {
        i
        for i in query_ids
        if any(token.isalpha() and token not in vocabulary for token in tokenize(prepared.queries[i].text))
    }
    brands: set[tuple[str, ...]] = set()
    if _BRAND in catalogue.fields:
        brands = {fold(value) for value in catalogue.column(_BRAND).unique().to_pylist()}
    categories = {}
    if category_field in catalogue.fields:
        judged = sorted({product for i in query_ids for product in qrels[i]})
        for product in catalogue.products([catalogue.row(product) for product in judged]):
            categories[product.id] = product[str(category_field)].split(_PATH)[0].strip()
    return [
        *segments.by_length(words),
        *segments.by_frequency(words, log),
        *segments.by_category(query_ids, qrels, categories, relevant),
        *segments.by_negation(words),
        *segments.by_number(words),
        *segments.by_brand(words, brands),
        *segments.by_vocabulary(unknown, query_ids),
    ]


def segments_to_json(found: Sequence[Segment]) -> list[dict[str, Any]]:
    """For `report/segments.json`."""
    return [
        {"dimension": s.dimension, "name": s.name, "chosen_by": s.chosen_by, "queries": list(s.query_ids)}
        for s in found
    ]


def read_segments(report: Path) -> list[Segment]:
    """The segments of a run, from its `report/` directory.

    Raises:
        MachineError: when the file is missing or is not JSON.
    """
    return [
        Segment(entry["dimension"], entry["name"], tuple(entry["queries"]), entry["chosen_by"])
        for entry in read_json(report / SEGMENTS)
    ]
