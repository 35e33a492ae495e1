"""Ratings read back from Quepid's CSV (query, docid, rating) and joined with the judgements of a data set.

A rating counts the grades below, 0 being the worst, as `retrieval.data.writers.write_quepid` writes them.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from statistics import median_low

from eval.errors import InputError
from eval.grades import GradeScale
from retrieval.data.problems import Problems
from retrieval.data.query_text import clean_query
from retrieval.data.search_data import SearchData
from retrieval.data.splits import text_key
from retrieval.data.tables import Table
from retrieval.types import Query


def add_ratings(data: SearchData, path: Path) -> SearchData:
    """The data with the ratings as judgements; `data` itself is left as it is.

    - Quepid knows a query by its text. A rating goes to every query of that text (case and white space folded), which
      keeps its split: what is rated for a test query measures, and is never learnt from. Any other query is new, and in
      train, where the chains' leak guard looks at it as at any judged query.
    - A rating wins over a judgement that stood before; changed judgements are counted.
    - Of several ratings of a pair the median counts, of two in the middle the worse one.
    - Pairs without a rating and products that the catalogue lacks are left out and counted.

    Raises:
        InputError: when a column is missing, a rating is no whole number of the scale, or nothing is rated.
    """
    problems = data.problems
    rated = _read(path, data.scale, problems)
    unknown = {product_id for _, gains in rated.values() for product_id in gains}
    for product in data.products():
        unknown.discard(product.id)
    queries, splits = dict(data.queries), dict(data.splits)
    qrels = {query_id: dict(judged) for query_id, judged in data.qrels.items()}
    known: dict[str, list[str]] = {}
    for query in data.queries.values():
        known.setdefault(text_key(query.text), []).append(query.id)
    for key, (text, gains) in rated.items():
        for product_id in sorted(gains.keys() & unknown):
            problems.add("ratings of unknown products (dropped)", product_id)
        kept = {product_id: gain for product_id, gain in gains.items() if product_id not in unknown}
        if not kept:
            continue
        for query_id in known.get(key) or [f"rated-{hashlib.sha256(key.encode()).hexdigest()[:12]}"]:
            queries.setdefault(query_id, Query(query_id, text))
            splits.setdefault(query_id, "train")
            judged = qrels.setdefault(query_id, {})
            for product_id, gain in kept.items():
                if judged.get(product_id, gain) != gain:
                    problems.add("judgements changed by a rating (the rating kept)", f"{query_id} and {product_id}")
                judged[product_id] = gain
    return replace(data, queries=queries, qrels=qrels, splits=splits)


def _read(path: Path, scale: GradeScale, problems: Problems) -> dict[str, tuple[str, dict[str, int]]]:
    """By the query's key: its text, and the gain of each product rated."""
    table = Table(path)
    ratings: dict[str, tuple[str, dict[str, list[int]]]] = {}
    for number, (raw, product_id, rating) in table.rows(["query", "docid", "rating"]):
        place = table.place(number)
        text, product_id = clean_query(raw, place, problems), (product_id or "").strip()
        if text is None or not product_id:
            continue
        if not (rating or "").strip():
            problems.add("pairs without a rating (left out)", place)
            continue
        own = ratings.setdefault(text_key(text), (text, {}))[1]
        own.setdefault(product_id, []).append(_grade(rating or "", scale, place))
    if not ratings:
        raise InputError(f"{path} holds no rating; fill its column rating, or leave data.ratings out")
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for key, (text, products) in ratings.items():
        gains = {}
        for product_id, given in products.items():
            if len(set(given)) > 1:
                problems.add("pairs rated differently (the median kept, the worse of two)", f"{text}: {product_id}")
            gains[product_id] = scale.gains[len(scale.grades) - 1 - median_low(given)]
        found[key] = (text, gains)
    return found


def _grade(rating: str, scale: GradeScale, place: str) -> int:
    best = len(scale.grades) - 1
    try:
        value = float(rating)
    except ValueError:
        value = -1.0
    if not 0 <= value <= best or value != int(value):
        names = ", ".join(f"{best - number} {grade.name}" for number, grade in enumerate(scale.grades))
        raise InputError(f"{place}: the rating is {rating!r}; expected a whole number of the scale: {names}")
    return int(value)
