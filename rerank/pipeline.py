"""Retrieve, rerank, blend: the one way to a ranking.

Offline evaluation, the command line and the endpoint all call it, so the served ranking is the evaluated ranking. It
knows neither the models nor the index: any `Retriever` and any `Reranker` will do.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eval.errors import InputError, MachineError
from rerank.blend import blend, check_weight
from rerank.types import Pair, Reranker, RowReranker
from retrieval.demotion import Demotion
from retrieval.product_text import ProductTemplate
from retrieval.types import Filter, Hit, Products, Query, Retriever


class RankedHit(NamedTuple):
    """A product in its final place.

    Hits are ordered by `score`, higher first: the reranker's own score at `blend_weight` 1, the blended score below 1,
    the first stage's without a reranker. `first_score` is the first stage's and `first_rank` its place there, from 1.
    `rerank_score` is the reranker's, less what is lost by a product that mentions what the query is to be without
    (`retrieval.demotion`), and None for a product that was not reranked. Beyond the window `score` only keeps order.
    """

    product_id: str
    score: float
    first_score: float
    first_rank: int
    rerank_score: float | None


@dataclass(frozen=True)
class SearchResult:
    """One query's ranking: `hits` in final order, and `first`, as many hits in first-stage order.

    `timings_ms` holds milliseconds for "retrieve", "fetch" (products read), "rerank", "blend" and "total": those of the
    whole call divided by its queries, since work is batched across them.
    """

    query: Query
    hits: list[RankedHit]
    first: list[Hit]
    timings_ms: dict[str, float]

    def run(self) -> dict[str, float]:
        """This query's part of a `Run`, with places for scores (n for the first, 1 for the last).

        Places, because evaluation tools break ties by product id where this ranking breaks them by first-stage rank.
        """
        return {hit.product_id: float(len(self.hits) - place) for place, hit in enumerate(self.hits)}


class SearchPipeline:
    """A first stage and, over its best `window` candidates, a reranker.

    Args:
        retriever: the first stage.
        reranker: scores pairs of query and product; None answers the first stage's ranking.
        catalogue: where the candidates' texts are read.
        template: in which text of a product the unwanted is looked for.
        window: how many candidates of each query are reranked.
        blend_weight: the reranker's share of the final score, 1 for the reranker alone (see `rerank.blend`).

    Raises:
        InputError: for a window below 1 or a weight outside [0, 1].
    """

    def __init__(
        self,
        retriever: Retriever,
        reranker: Reranker | None,
        catalogue: Products,
        template: ProductTemplate,
        *,
        window: int = 100,
        blend_weight: float = 1.0,
    ) -> None:
        if window < 1:
            raise InputError(f"the window is the number of candidates to rerank, at least 1, not {window}")
        self.retriever = retriever
        self.reranker = reranker
        self.catalogue = catalogue
        self._demotion = Demotion(catalogue, template)
        self.window = window
        self.blend_weight = check_weight(blend_weight)

    def search(
        self, queries: Sequence[Query], k: int, where: Filter | None = None, *, window: int | None = None
    ) -> list[SearchResult]:
        """The best `k` products for each query, in the order of the queries.

        The reranker orders the first `window` candidates (None: the pipeline's; 0: none); the rest follow below them in
        first-stage order. Scores are compared as float32, and ties keep first-stage order.

        Raises:
            InputError: for k below 1, a negative window, or what the retriever refuses.
            MachineError: when the reranker answers too few scores or scores that are not finite.
        """
        started = time.perf_counter()
        found = self.retrieve(queries, k, where, window=window)
        return self.order(queries, found, k, window=window, started=started)

    def retrieve(
        self, queries: Sequence[Query], k: int, where: Filter | None = None, *, window: int | None = None
    ) -> list[list[Hit]]:
        """The first half of `search`: each query's candidates, as many as `k` hits and the window need."""
        if k < 1:
            raise InputError(f"k is the number of hits wanted, at least 1, not {k}")
        return self.retriever.search(queries, max(k, self._window(window)), where)

    def order(
        self,
        queries: Sequence[Query],
        found: Sequence[list[Hit]],
        k: int,
        *,
        window: int | None = None,
        started: float | None = None,
    ) -> list[SearchResult]:
        """The second half of `search`: candidates in first-stage order, reranked and blended over the window.

        Args:
            started: when the search began (`time.perf_counter`), for the timings; None for now.
        """
        return self._finish(queries, found, self._window(window), k, started or time.perf_counter())

    def rerank(self, query: Query, product_ids: Sequence[str]) -> SearchResult:
        """A ranking of exactly these products, all of them reranked: what judged-only evaluation asks for.

        The first stage orders them by its own score (ties as given).

        Raises:
            InputError: for a product id given twice, or one the catalogue does not have.
            MachineError: as `search`.
        """
        return self.rerank_lists([(query, product_ids)])[0]

    def rerank_lists(self, lists: Sequence[tuple[Query, Sequence[str]]]) -> list[SearchResult]:
        """`rerank` for many queries at once, batched across them."""
        started = time.perf_counter()
        found = []
        for query, product_ids in lists:
            if len(set(product_ids)) < len(product_ids):
                raise InputError(f"query {query.id!r}: a product to rerank is given twice; give each once")
            scores = np.asarray(self.retriever.score_products(query, product_ids), dtype=np.float32)
            found.append([Hit(product_ids[place], float(scores[place])) for place in _best_first(scores)])
        longest = max((len(hits) for hits in found), default=0)
        return self._finish([query for query, _ in lists], found, longest, longest, started)

    def _window(self, asked: int | None) -> int:
        if asked is not None and asked < 0:
            raise InputError(f"the window is the number of candidates to rerank, 0 for none, not {asked}")
        return 0 if self.reranker is None else self.window if asked is None else asked

    def _finish(
        self, queries: Sequence[Query], found: Sequence[list[Hit]], window: int, k: int, started: float
    ) -> list[SearchResult]:
        retrieved = fetched = scored = time.perf_counter()
        rankings = [[_as_found(hit, rank) for rank, hit in enumerate(hits, start=1)] for hits in found]
        if self.reranker is not None and window:
            heads = [hits[:window] for hits in found]
            rows = [[self.catalogue.row(hit.product_id) for hit in head] for head in heads]
            if isinstance(self.reranker, RowReranker):
                fetched = time.perf_counter()
                scores = self._row_scores(self.reranker, queries, rows)
            else:
                pairs = self._pairs(queries, rows)
                fetched = time.perf_counter()
                scores = self._checked(self.reranker.score(pairs) if pairs else np.zeros(0), queries, rows)
            scored = time.perf_counter()
            ends = np.cumsum([len(head) for head in heads], dtype=np.int64)
            for i, end in enumerate(ends.tolist()):
                head = len(heads[i])
                reranked = self._reranked(queries[i], rankings[i][:head], scores[end - head : end])
                rankings[i] = reranked + rankings[i][head:]
                _lower_tail(rankings[i], head)
        blended = time.perf_counter()
        share = 1000.0 / max(len(queries), 1)
        timings = {
            "retrieve": (retrieved - started) * share,
            "fetch": (fetched - retrieved) * share,
            "rerank": (scored - fetched) * share,
            "blend": (blended - scored) * share,
            "total": (blended - started) * share,
        }
        return [
            SearchResult(query, ranking[:k], hits[:k], dict(timings))
            for query, ranking, hits in zip(queries, rankings, found, strict=True)
        ]

    def _pairs(self, queries: Sequence[Query], rows: list[list[int]]) -> list[Pair]:
        products = iter(self.catalogue.products([row for some in rows for row in some]))
        return [(query, next(products)) for query, some in zip(queries, rows, strict=True) for _ in some]

    def _row_scores(self, reranker: RowReranker, queries: Sequence[Query], rows: list[list[int]]) -> np.ndarray:
        scores = [reranker.score_rows(query, some, self.catalogue) for query, some in zip(queries, rows, strict=True)]
        return self._checked(np.concatenate(scores) if scores else np.zeros(0), queries, rows)

    def _checked(self, scores: np.ndarray, queries: Sequence[Query], rows: list[list[int]]) -> np.ndarray:
        """The reranker's scores as float32, one for each row of each query."""
        scores = np.asarray(scores, dtype=np.float32)
        expected = sum(len(some) for some in rows)
        if scores.shape != (expected,):
            raise MachineError(f"the reranker answered scores of shape {scores.shape} for {expected} pairs")
        if not np.isfinite(scores).all():
            asked = [(query, row) for query, some in zip(queries, rows, strict=True) for row in some]
            query, row = asked[int(np.flatnonzero(~np.isfinite(scores))[0])]
            product = self.catalogue.products([row])[0]
            raise MachineError(
                f"the reranker's score for query {query.text[:60]!r} and product {product.id!r} is not finite; "
                "train it again or use another"
            )
        return scores

    def _reranked(self, query: Query, head: list[RankedHit], scores: np.ndarray) -> list[RankedHit]:
        final = scores = self._demotion.reranked(query, [hit.product_id for hit in head], scores)
        if self.blend_weight < 1.0:
            final = blend([hit.first_score for hit in head], scores, self.blend_weight)
        return [
            head[place]._replace(score=float(final[place]), rerank_score=float(scores[place]))
            for place in _best_first(final)
        ]


def _best_first(scores: np.ndarray) -> list[int]:
    """Places by falling float32 score; equal scores keep their order."""
    return np.argsort(-scores, kind="stable").tolist()


def _as_found(hit: Hit, rank: int) -> RankedHit:
    return RankedHit(hit.product_id, hit.score, hit.score, rank, None)


def _lower_tail(ranking: list[RankedHit], head: int) -> None:
    """Give the hits beyond the window scores that fall, below the lowest reranked one."""
    if 0 < head < len(ranking):
        lowest = ranking[head - 1].score
        ranking[head:] = [hit._replace(score=lowest - 1.0 - i) for i, hit in enumerate(ranking[head:])]
