"""One search: retrieve, rerank as far as the deadline allows, and read what is shown."""

import logging
import time
from collections.abc import Sequence

from rerank.pipeline import SearchPipeline
from rerank.tabled_reranker import TabledReranker
from rerank.types import Reranker
from retrieval.query_key import query_key
from retrieval.types import Hit, Product, Query
from serving.deadline import Deadline
from serving.facets import count_facets
from serving.generation import Generation
from serving.given import GivenPairs, GivenProducts
from serving.metrics import Metrics
from serving.problems import invalid
from serving.search_types import Ranked, SearchAnswer, SearchAsk, ServedHit
from serving.served import Served
from serving.settings import ServeSettings
from serving.tracing import Tracer
from serving.workers import BoundedWorkers, LateError, StuckError

_log = logging.getLogger("distilrank.serving")


class TwoStages:
    """Searches a generation; reranks on `rerankers`, and leaves the first stage's order where that is not to be had."""

    def __init__(self, settings: ServeSettings, rerankers: BoundedWorkers, metrics: Metrics, tracer: Tracer) -> None:
        self._settings = settings
        self._rerankers = rerankers
        self._metrics = metrics
        self._tracer = tracer

    def search(self, generation: Generation, ask: SearchAsk, deadline: Deadline) -> SearchAnswer:
        """The ranking of one query over one view of the generation's shop.

        Raises:
            ProblemError: for an unknown field in a filter or a facet.
            DistilrankError: when the first stage fails.
        """
        served = generation.served
        view = served.shop.view()
        check_fields(served, [*(ask.where or {})], "filters")
        check_fields(served, ask.facets, "facets")
        started = time.perf_counter()
        query = Query("request", ask.text)
        usual = self._settings.usual_window(served.window)
        asked = usual if ask.window is None else ask.window
        counted = asked or usual or served.window  # without reranking, facets are still those of the usual window
        depth = ask.offset + ask.size
        pipeline = SearchPipeline(
            view.retriever,
            served.reranker_of(view),
            view.catalogue,
            served.template,
            window=served.window,
            blend_weight=served.blend_weight,
        )
        with self._tracer.span("retrieve", k=max(depth, counted)):
            found = pipeline.retrieve([query], max(depth, counted), ask.where, window=0)
        retrieved = time.perf_counter()
        ranked = self._rank(generation, pipeline, query, found, depth, asked, deadline)
        result = ranked.result

        fetching = time.perf_counter()
        shown = result.hits[ask.offset : depth]
        first = result.first[ask.offset : depth] if ask.explain else []
        candidates = [hit.product_id for hit in found[0][:counted]]
        wanted = dict.fromkeys([hit.product_id for hit in shown] + [hit.product_id for hit in first])
        wanted |= dict.fromkeys(candidates if ask.facets else ())
        rows = [view.catalogue.row(product_id) for product_id in wanted]
        products = dict(zip(wanted, view.catalogue.products(rows), strict=True))
        grades = served.grades.get(query_key(ask.text), {})
        ended = time.perf_counter()
        timings = result.timings_ms | {
            "retrieve": (retrieved - started) * 1000,
            "fetch": result.timings_ms["fetch"] + (ended - fetching) * 1000,
            "total": (ended - started) * 1000,
        }
        self._metrics.searched(timings, ranked.window, ranked.degraded)
        return SearchAnswer(
            hits=[
                ServedHit(hit, rank, products[hit.product_id].fields, grades.get(hit.product_id))
                for rank, hit in enumerate(shown, start=ask.offset + 1)
            ],
            first_stage=[
                (hit, rank, products[hit.product_id].fields) for rank, hit in enumerate(first, start=ask.offset + 1)
            ]
            if ask.explain
            else None,
            facets=count_facets(
                [products[product_id] for product_id in candidates] if ask.facets else [],
                ask.facets,
                self._settings.facet_values,
            ),
            total_in_window=len(candidates),
            window=ranked.window,
            route=ranked.route,
            degraded=ranked.degraded,
            timings_ms=timings,
            versions=served.versions,
            live=view.version,
        )

    def rerank_found(
        self,
        generation: Generation,
        text: str,
        found: Sequence[tuple[Product, float]],
        window: int,
        deadline: Deadline,
    ) -> Ranked:
        """The second stage alone, over what a search cluster found: products and its scores, best first.

        The products' ids are their places: "0", "1", … The first `window` are reranked; all are in the ranking.
        """
        served = generation.served
        weight = self._settings.proxy.blend_weight
        reranker = served.newest_reranker()
        pipeline = SearchPipeline(
            served.shop.view().retriever,  # not asked: everything is found
            None if reranker is None else GivenPairs(reranker),
            GivenProducts([product for product, _ in found]),
            served.template,
            blend_weight=served.blend_weight if weight is None else weight,
        )
        hits = [Hit(product.id, score) for product, score in found]
        return self._rank(generation, pipeline, Query("request", text), [hits], len(hits), window, deadline)

    def _rank(
        self,
        generation: Generation,
        pipeline: SearchPipeline,
        query: Query,
        found: list[list[Hit]],
        depth: int,
        asked: int,
        deadline: Deadline,
    ) -> Ranked:
        """The candidates reranked as far as the deadline allows, or as they were found."""

        def as_found(degraded: str | None) -> Ranked:
            return Ranked(pipeline.order([query], found, depth, window=0)[0], 0, "first_stage", degraded)

        reranker = pipeline.reranker
        candidates = min(len(found[0]), asked)
        if reranker is None or not candidates:
            return as_found(None)
        left = deadline.left_ms()
        left = None if left is None else left - self._settings.reserve_ms
        route = _expected_route(reranker, query)
        read = self._read(route, candidates)
        fits = generation.cost(route).affordable(read, left, self._settings.min_window)
        window = candidates if fits == read else fits
        if not window:
            return as_found("no_time")

        def rerank() -> Ranked:
            started = time.perf_counter()
            with self._tracer.span("rerank", pairs=window):
                result = pipeline.order([query], found, depth, window=window)[0]
            route = _taken_route(reranker)
            # Here, and not where it is waited for: a late one is measured too, or the estimate would never learn.
            generation.cost(route).observe(self._read(route, window), (time.perf_counter() - started) * 1000)
            return Ranked(result, window, route, None)

        limit = self._settings.hang_ms if left is None else min(left, self._settings.hang_ms)
        try:
            return self._rerankers.run(rerank, limit / 1000)
        except LateError:
            return as_found("late")
        except StuckError:
            return as_found("stuck")
        except Exception:
            _log.exception("the reranker failed; the first stage's order is answered")
            return as_found("failed")

    def _read(self, route: str, window: int) -> int:
        """How many of a window's products are read, and so cost time: those on the shortlist, where there is one."""
        shortlist = self._settings.shortlist
        return window if shortlist is None or route == "score_table" else min(window, shortlist)


def check_fields(served: Served, names: Sequence[str], where: str) -> None:
    """Refuse names that are no product fields.

    Raises:
        ProblemError: naming the first, and where in the request it stands.
    """
    for name in names:
        if name not in served.fields:
            raise invalid(f"there is no product field {name[:80]!r}; there is {', '.join(served.fields)}", where)


def _expected_route(reranker: Reranker, query: Query) -> str:
    if isinstance(reranker, GivenPairs):
        return "given"
    tabled = isinstance(reranker, TabledReranker) and query.text in reranker.table
    return "score_table" if tabled else "student"


def _taken_route(reranker: Reranker) -> str:
    """Who gave the scores that the calling thread has just asked for, and at whose price: products that come with the
    request are yet to be tokenised."""
    if isinstance(reranker, GivenPairs):
        return "given"
    return (isinstance(reranker, TabledReranker) and reranker.last_route) or "student"
