"""Grades that another judge has already given, read from a file: a large language model's, of logged queries, say.

A table with the columns query, product_id and grade, and where the judge said how sure it is, one column p_GRADE for
every grade of the scale (p_E, p_S …): its share. Other columns are not read.
"""

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from augment.guard import LeakGuard
from augment.query_log import Leak
from eval.errors import InputError
from eval.grades import GradeScale
from retrieval.data.grading import GainReader
from retrieval.data.tables import Table
from retrieval.types import Query


@dataclass(frozen=True)
class GradedQuery:
    """One query's products, the gains of their grades and, where given, the grades' shares, best grade first."""

    query: Query
    product_ids: tuple[str, ...]
    gains: tuple[int, ...]
    shares: tuple[tuple[float, ...] | None, ...]


@dataclass(frozen=True)
class LabelFile:
    """What a label file holds, by query, and what was left out of it: held-out queries, products of no catalogue."""

    queries: list[GradedQuery]
    leaks: list[Leak]
    unknown_products: int


def read_label_file(path: Path, scale: GradeScale, guard: LeakGuard, catalogue: Container[str]) -> LabelFile:
    """Read a label file; queries that the guard refuses and products not in `catalogue` are left out and counted.

    Raises:
        InputError: when a column is missing, a value is empty, a grade is unknown, a pair is graded twice differently,
            shares are none, or nothing is left.
    """
    table = Table(Path(path))
    reader = GainReader(scale)
    columns = [f"p_{grade.name}" for grade in scale.grades]
    columns = columns if set(columns) <= set(table.columns) else []
    graded: dict[str, dict[str, int]] = {}
    said: dict[tuple[str, str], tuple[float, ...] | None] = {}
    refused: dict[str, Leak] = {}
    unknown = 0
    for number, values in table.rows(["query", "product_id", "grade", *columns]):
        query, product_id, grade, *given = ((value or "").strip() for value in values)
        place = table.place(number)
        if not query or not product_id:
            raise InputError(f"{place}: query or product_id is empty; give both")
        if query not in graded and query not in refused and (reason := guard.check(query)) is not None:
            refused[query] = Leak(query, reason, 0)
        if query in refused:
            refused[query] = refused[query]._replace(entries=refused[query].entries + 1)
        elif product_id not in catalogue:
            unknown += 1
        else:
            gain = reader.gain(grade, place)
            if graded.setdefault(query, {}).setdefault(product_id, gain) != gain:
                raise InputError(f"{place}: {query!r} and {product_id!r} are graded twice, differently; keep one")
            said.setdefault((query, product_id), _shares(given, columns, place))
    if not graded:
        raise InputError(f"{path}: no label is left ({len(refused)} held-out queries, {unknown} unknown products)")
    queries = [
        GradedQuery(
            Query(f"labelled-{place}", query),
            tuple(gains),
            tuple(gains.values()),
            tuple(said[query, product_id] for product_id in gains),
        )
        for place, (query, gains) in enumerate(graded.items())
    ]
    return LabelFile(queries, list(refused.values()), unknown)


def _shares(given: Sequence[str], columns: Sequence[str], place: str) -> tuple[float, ...] | None:
    """Non-negative numbers, their sum made 1; None where none is given."""
    if not any(given):
        return None
    try:
        shares = tuple(float(value) for value in given)
    except ValueError:
        shares = (math.nan,)
    if not all(math.isfinite(share) and share >= 0 for share in shares) or sum(shares) <= 0:
        raise InputError(
            f"{place}: the shares {', '.join(columns)} are {', '.join(given)}; expected numbers from 0 up, not all 0"
        )
    return tuple(share / sum(shares) for share in shares)
