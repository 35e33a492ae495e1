"""What answers a request, whoever carries it: search under a deadline, live changes, a change of model in flight.

Free of HTTP and of Ray; every method blocks and may be called from any thread but an event loop's.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from eval.errors import DistilrankError
from rerank.pipeline import SearchPipeline
from retrieval.demotion import Demotion
from retrieval.types import Product, Query
from serving.deadline import Deadline
from serving.generation import Current, Generation
from serving.given import GivenProducts
from serving.metrics import Metrics
from serving.problems import ProblemError, unavailable
from serving.refresher import Refresher
from serving.scoring import score_products
from serving.search_types import Ranked, SearchAnswer, SearchAsk, ServedHit
from serving.served import FixedShop, FixedView, LiveShop, Served, Shop, Versions, View
from serving.settings import ServeSettings
from serving.tracing import Tracer, open_tracer
from serving.two_stages import TwoStages, check_fields
from serving.workers import Ages, BoundedWorkers

__all__ = [
    "FixedShop",
    "FixedView",
    "LiveShop",
    "SearchAnswer",
    "SearchAsk",
    "SearchEngine",
    "Served",
    "ServedHit",
    "Shop",
    "Versions",
    "View",
]

_log = logging.getLogger("distilrank.serving")


class SearchEngine:
    """Answers searches over what `opener` opens, and goes on answering on a bad day.

    Args:
        opener: opens what is to be served; called once now, and again by `reload`.
        settings: limits and defaults.
        stamp: names what `opener` would open now, cheaply (a version, a fingerprint); when it changes, the background
            thread reloads. None: only `reload` does.
        metrics: where things are counted; a new one by default.
        tracer: where spans go; by default as the settings say.

    Raises:
        DistilrankError: what `opener` raises.
    """

    def __init__(
        self,
        opener: Callable[[], Served],
        settings: ServeSettings,
        *,
        stamp: Callable[[], str] | None = None,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.tracer = tracer or (open_tracer() if settings.traces else Tracer())
        self._opener = opener
        self._current = Current(Generation(opener()))
        self._reloading = threading.Lock()
        self._rerankers = BoundedWorkers(settings.workers, "rerank")
        self._others = BoundedWorkers(settings.other_workers, "rerank-other")
        self._searching = Ages()
        self._two_stages = TwoStages(settings, self._rerankers, self.metrics, self.tracer)
        self._refresher = Refresher(self, stamp)
        self._closed = False

    @property
    def served(self) -> Served:
        """What is served now."""
        return self._current.newest.served

    def start(self) -> None:
        """Start the background thread that follows live changes; harmless when it runs already."""
        self._refresher.start()

    def close(self) -> None:
        """Answer no new request; requests in flight are finished, then what is served is closed."""
        self._closed = True
        self._refresher.stop()
        self._current.close()
        self._rerankers.close()
        self._others.close()

    def not_ready(self) -> str | None:
        """Why no request should be sent here, for the health check; None when all is well. Takes no time."""
        if self._closed:
            return "shutting down"
        if self._rerankers.stuck_s() * 1000 > self.settings.stuck_ms:
            return "all rerank workers hang"
        if self._searching.nth(self.settings.workers) * 1000 > 2 * self.settings.hang_ms:
            return "the search index hangs"
        return None

    def search(self, ask: SearchAsk, deadline: Deadline | None = None) -> SearchAnswer:
        """The ranking of one query; without a deadline exactly `SearchPipeline.search`.

        Raises:
            ProblemError: for an unknown field in a filter or a facet, or when the first stage fails.
        """
        with self._searching.one(), self._current.held() as generation:  # the request ends on what it began with
            try:
                return self._two_stages.search(generation, ask, deadline or Deadline(None))
            except DistilrankError:
                _log.exception("the first stage failed")
                raise unavailable("the search index cannot be read") from None

    def rerank(self, text: str, products: Sequence[Product]) -> np.ndarray:
        """float32 scores of shape [len(products)] of any products for one query, each whatever the others are: the
        student's own, as `/v1/search`, less what a product loses that mentions what the query is to be without.

        Args:
            products: their ids are their places: "0", "1", …

        Raises:
            ProblemError: when there is no reranker, or it fails or hangs.
        """
        with self._current.held() as generation:
            served = generation.served
            reranker = served.newest_reranker()
            scores = score_products(reranker, text, products, self._others, self.settings.hang_ms, self.tracer)
            demotion = Demotion(GivenProducts(products), served.template)
            ids = [product.id for product in products]
            scores = demotion.reranked(Query("request", text), ids, scores, served.spread)
        self.metrics.reranked(len(products))
        return scores

    def rerank_found(
        self, text: str, found: Sequence[tuple[Product, float]], window: int, deadline: Deadline
    ) -> Ranked:
        """What a search cluster found for a query (products and its scores, best first), reranked as searches are.

        Args:
            found: the products' ids are their places: "0", "1", …
            window: how many are reranked, as far as the deadline allows; the rest follow below.

        Raises:
            ProblemError: when the server is shutting down.
        """
        with self._current.held() as generation:
            return self._two_stages.rerank_found(generation, text, found, window, deadline)

    def embed(self, texts: Sequence[str], *, queries: bool = False) -> tuple[np.ndarray, int]:
        """float32 unit vectors [len(texts), dim] and the number of tokens they were made of.

        Raises:
            ProblemError: when there is no encoder.
        """
        with self._current.held() as generation, self.tracer.span("embed", texts=len(texts)):
            served = generation.served
            if served.encoder is None:
                raise unavailable("this server has no text encoder")
            encode = served.encoder.encode_queries if queries else served.encoder.encode_products
            vectors = encode(list(texts))
            return vectors, sum(served.count_tokens(texts)) if served.count_tokens else 0

    def product(self, product_id: str) -> Product | None:
        """The product as it stands in the newest view; None when there is none."""
        catalogue = self.served.shop.view().catalogue
        try:
            row = catalogue.row(product_id)
        except DistilrankError:
            return None
        return catalogue.products([row])[0]

    def put(self, products: Sequence[Product]) -> int:
        """Add or replace products; returns the live version that holds them once it is durable and searched here.

        Raises:
            ProblemError: when the shop takes no changes, a field is unknown, or the change cannot be stored.
        """
        self.check_products(products)
        return self._change(lambda shop: shop.put(products))

    def delete(self, ids: Sequence[str]) -> int:
        """Take products out; returns the live version without them once it is durable and searched here.

        Raises:
            ProblemError: as `put`.
        """
        return self._change(lambda shop: shop.delete(ids))

    def check_products(self, products: Sequence[Product]) -> None:
        """Refuse products that cannot be put.

        Raises:
            ProblemError: when a field is unknown.
        """
        for product in products:
            check_fields(self.served, [*product.fields], "fields")

    def takes_changes(self) -> bool:
        """Whether products can be put and deleted here."""
        return self.settings.writes and isinstance(self.served.shop, LiveShop)

    def reload(self) -> Versions:
        """Open what there is to serve now beside the old, try it, and change over; requests in flight end on the old.

        Raises:
            Exception: what the opener raises; the old goes on being served.
        """
        with self._reloading:
            try:
                generation = Generation(self._opener())
                self._try(generation)
            except Exception:
                self.metrics.reloads.labels("failed").inc()
                raise
            self._current.swap(generation)
            self.metrics.reloads.labels("done").inc()
            versions = generation.served.versions
            _log.info("now serving", extra={"versions": asdict(versions)})
            return versions

    def warm_up(self, texts: Sequence[str]) -> None:
        """Search these texts without a deadline, so that the first request finds everything loaded and measured."""
        for text in texts:
            self.search(SearchAsk(text))

    def observe_gauges(self) -> None:
        """Bring the gauges up to date: index, live changes, workers."""
        served = self.served
        cost = self._current.newest.cost("student").ms_per_pair()
        self.metrics.observe(
            served, served.shop.view(), late=self._rerankers.late() + self._others.late(), ms_per_pair=cost
        )

    def _change(self, change: Callable[[LiveShop], int]) -> int:
        with self._current.held() as generation:
            shop = generation.served.shop
            if not self.settings.writes or not isinstance(shop, LiveShop):
                raise ProblemError("not_found", "this server takes no product changes")
            try:
                return change(shop)
            except DistilrankError:
                _log.exception("a change could not be stored")
                raise unavailable("the change could not be stored; nothing of it is acknowledged") from None

    def _try(self, generation: Generation) -> None:
        """One search through what is about to be served: a broken one is refused, and a cold one made warm."""
        served = generation.served
        view = served.shop.view()
        pipeline = SearchPipeline(
            view.retriever, served.reranker_of(view), view.catalogue, served.template, window=served.window
        )
        try:
            pipeline.search([Query("trial", "trial")], 1)
        except Exception:
            generation.retire()
            raise
