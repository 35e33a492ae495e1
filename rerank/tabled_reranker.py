"""The score table before the student: a head query's candidates get their precomputed scores, all others the student's.

A query's candidates are scored by the table or by the student, never by both. The scales differ (a student trained on
margins has an arbitrary shift for each query), so a list that mixed them would be ordered by who scored what. A window
with a single product that the table does not know (it came or changed after the table was made, or another filter
brought it in) therefore goes to the student as a whole.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from rerank.score_table import ScoreTable
from rerank.types import Pair, Reranker, RowReranker, score_by_rows
from retrieval.types import Products, Query

Route = Literal["score_table", "student"]


class RoutedScores(NamedTuple):
    """Scores float32 [n], and who gave them."""

    scores: np.ndarray
    route: Route


class TabledReranker:
    """A `RowReranker` (and `Reranker`): the table where it knows the query and all its candidates, else the student.

    Any number of threads may ask it, as far as the student allows.

    Args:
        student: asked by rows where it is a `RowReranker`, else with the products that `score_rows` is given.
    """

    def __init__(self, table: ScoreTable, student: Reranker | RowReranker) -> None:
        self.table = table
        self.student = student
        self._counts: Counter[Route] = Counter()
        self._counting = threading.Lock()
        self._thread = threading.local()

    @property
    def counts(self) -> dict[Route, int]:
        """How many queries went each way so far."""
        with self._counting:
            return {"score_table": self._counts["score_table"], "student": self._counts["student"]}

    @property
    def last_route(self) -> Route | None:
        """Who scored the last query that the calling thread asked about; None before its first."""
        return getattr(self._thread, "route", None)

    def score_rows(self, query: Query, rows: Sequence[int], products: Products) -> np.ndarray:
        """float32 scores [len(rows)]; see `score_rows_routed`."""
        return self.score_rows_routed(query, rows, products).scores

    def score_rows_routed(self, query: Query, rows: Sequence[int], products: Products) -> RoutedScores:
        """The scores of these catalogue rows for one query, and who gave them."""
        scores = self.table.lookup(query.text, rows)
        route: Route = "student" if scores is None else "score_table"
        if scores is None:
            scores = score_by_rows(self.student, query, rows, products)
        with self._counting:
            self._counts[route] += 1
        self._thread.route = route
        return RoutedScores(scores, route)

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)], all the student's: products that come without their rows are none of the table's.

        Raises:
            TypeError: when the student takes rows only.
        """
        if not isinstance(self.student, Reranker):
            raise TypeError("this student scores catalogue rows only")
        return self.student.score(pairs)
