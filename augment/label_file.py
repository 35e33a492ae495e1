"""Labels that another judge has already given, read from a file: an LLM's grades of logged queries, say.

A table with the columns query, product_id, and either a share for each grade of the scale (`p_E`, `p_S`, …) or `grade`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augment.guard import LeakGuard
from augment.query_log import Leak
from eval.errors import InputError
from eval.grades import GradeScale
from retrieval.data.tables import Table
from retrieval.types import Query


@dataclass(frozen=True)
class FileLabels:
    """One query's labels: `distributions` float32 [n, grades] over the scale, best grade first."""

    query: Query
    product_ids: tuple[str, ...]
    distributions: np.ndarray


@dataclass
class LabelFile:
    """What a label file holds: labels by query, and what was left out of it."""

    labels: list[FileLabels]
    leaks: list[Leak]
    unknown_products: int


def read_label_file(path: Path, scale: GradeScale, guard: LeakGuard, known: Iterable[str]) -> LabelFile:
    """Read a label file; queries that the guard refuses and products not in `known` are left out and counted.

    Raises:
        InputError: when a column is missing, a grade is unknown, a share is no number from 0 to 1, a pair's shares do
            not add up to 1, or nothing is left.
    """
    table = Table(Path(path))
    shares = [f"p_{grade.name}" for grade in scale.grades]
    columns = shares if set(shares) <= set(table.columns) else ["grade"]
    catalogue = set(known)
    rows: dict[str, dict[str, list[float]]] = {}
    refused: dict[str, Leak] = {}
    unknown = 0
    for number, values in table.rows(["query", "product_id", *columns]):
        query, product_id, *said = ((value or "").strip() for value in values)
        if not query or not product_id:
            raise InputError(f"{table.place(number)}: query or product_id is empty; give both")
        if query not in rows and query not in refused and (reason := guard.check(query)) is not None:
            refused[query] = Leak(query, reason, 0)
        if query in refused:
            refused[query] = refused[query]._replace(entries=refused[query].entries + 1)
        elif product_id not in catalogue:
            unknown += 1
        else:
            distribution = _distribution(said, scale, columns == shares, table.place(number))
            if rows.setdefault(query, {}).setdefault(product_id, distribution) != distribution:
                raise InputError(
                    f"{table.place(number)}: {query!r} and {product_id!r} are labelled twice, differently; keep one"
                )
    if not rows:
        raise InputError(
            f"{path}: no label is left ({len(refused)} queries are held out, {unknown} products are unknown)"
        )
    labels = [
        FileLabels(Query(f"labelled-{place}", query), tuple(said), np.array(list(said.values()), dtype=np.float32))
        for place, (query, said) in enumerate(rows.items())
    ]
    return LabelFile(labels, list(refused.values()), unknown)


def _distribution(said: list[str], scale: GradeScale, shares: bool, place: str) -> list[float]:
    if not shares:
        wanted = scale.index(scale.gain(said[0]))
        return [float(position == wanted) for position in range(len(scale.grades))]
    try:
        values = [float(value) for value in said]
    except ValueError:
        raise InputError(f"{place}: the shares are {', '.join(said)}; expected numbers from 0 to 1") from None
    if not all(0 <= value <= 1 for value in values) or abs(sum(values) - 1) > 1e-3:
        raise InputError(f"{place}: the shares are {', '.join(said)}; expected numbers from 0 to 1 that add up to 1")
    return values
