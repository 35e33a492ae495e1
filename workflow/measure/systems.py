"""Every system's ranking of queries it never learnt from, judged-only and over the full catalogue.

A query is ranked by the chain that held it out: a fold's queries by that fold's models, test (and given dev) queries by
the main chain's. So the test split, and the out-of-fold set around it, are both honest and come from one pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eval.trec import Run
from rerank.pipeline import SearchPipeline, SearchResult
from rerank.types import Pair, Reranker
from retrieval.demotion import Demotion
from retrieval.product_text import ProductTemplate
from retrieval.types import Filter, Hit, Query, Retriever
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.progress import Report

_QUERIES_AT_ONCE = 32


@dataclass(frozen=True)
class Part:
    """A chain and the queries that it is measured on."""

    chain: Chain
    query_ids: tuple[str, ...]


class Remembered:
    """A reranker that scores each pair once, so that a ranking and its blends cost one pass."""

    def __init__(self, reranker: Reranker):
        self.reranker = reranker
        self._scores: dict[tuple[str, str], float] = {}

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)], as the wrapped reranker's."""
        new = {(query.id, product.id): (query, product) for query, product in pairs}
        new = {key: pair for key, pair in new.items() if key not in self._scores}
        if new:
            self._scores.update(zip(new, self.reranker.score(list(new.values())).tolist(), strict=True))
        return np.array([self._scores[query.id, product.id] for query, product in pairs], dtype=np.float32)


class RememberedRetriever:
    """A first stage that is asked once for each query and depth, however many systems rerank its candidates."""

    def __init__(self, retriever: Retriever):
        self.retriever = retriever
        self._found: dict[tuple[str, int], list[Hit]] = {}
        self._scores: dict[tuple[str, tuple[str, ...]], list[float]] = {}

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """As the wrapped retriever's; only searches without a filter are remembered."""
        if where:
            return self.retriever.search(queries, k, where)
        new = [query for query in queries if (query.id, k) not in self._found]
        for query, hits in zip(new, self.retriever.search(new, k) if new else [], strict=True):
            self._found[query.id, k] = hits
        return [self._found[query.id, k] for query in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """As the wrapped retriever's."""
        key = (query.id, tuple(product_ids))
        if key not in self._scores:
            self._scores[key] = self.retriever.score_products(query, product_ids)
        return self._scores[key]


class Scored(NamedTuple):
    """Rankings of the same candidates: in final order (places as scores), and each stage's own scores of them."""

    order: Run
    first: Run
    second: Run


def parts(prepared: Prepared, made: Sequence[Chain], min_judged: int) -> list[Part]:
    """Which chain measures which queries: a fold its own, the main chain its given dev queries and the test queries.

    Test queries need two grades or more and `min_judged` judged products. A fold's queries all stay, whatever their
    number of products: the blend and the gate are fitted on them.
    """
    found = []
    for chain in made:
        ids = list(chain.dev_ids)
        if chain.fold is None:
            ids += [i for i in prepared.graded(prepared.split("test")) if len(prepared.qrels[i]) >= min_judged]
        found.append(Part(chain, tuple(ids)))
    return found


def judged_pairs(prepared: Prepared, query_ids: Sequence[str]) -> list[Pair]:
    """All judged pairs of the queries, in order."""
    wanted = [(i, product_id) for i in query_ids for product_id in prepared.qrels[i]]
    products = prepared.catalogue.products([prepared.catalogue.row(product_id) for _, product_id in wanted])
    return [(prepared.queries[i], product) for (i, _), product in zip(wanted, products, strict=True)]


def reranker_judged(reranker: Reranker, prepared: Prepared, query_ids: Sequence[str]) -> Run:
    """A model's scores of every judged product of the queries."""
    pairs = judged_pairs(prepared, query_ids)
    run: Run = {i: {} for i in query_ids}
    for (query, product), score in zip(pairs, reranker.score(pairs).tolist(), strict=True):
        run[query.id][product.id] = score
    return run


def as_ranked(scores: Run, prepared: Prepared, template: ProductTemplate) -> Run:
    """A reranker's scores of queries' products as a search ranks by them: what mentions the unwanted behind."""
    demotion = Demotion(prepared.catalogue, template)
    found: Run = {}
    for i, of in scores.items():
        lowered = demotion.reranked(prepared.queries[i], list(of), np.array(list(of.values()), dtype=np.float32))
        found[i] = dict(zip(of, lowered.tolist(), strict=True))
    return found


def retriever_judged(retriever: Retriever, prepared: Prepared, query_ids: Sequence[str]) -> Run:
    """A first stage's own scores of every judged product of the queries."""
    run: Run = {}
    for i in query_ids:
        product_ids = list(prepared.qrels[i])
        scores = retriever.score_products(prepared.queries[i], product_ids)
        run[i] = dict(zip(product_ids, scores, strict=True))
    return run


def judged_only(pipeline: SearchPipeline, prepared: Prepared, query_ids: Sequence[str], report: Report) -> Scored:
    """Each query's judged products, ranked by the pipeline."""
    results: list[SearchResult] = []
    for start in range(0, len(query_ids), _QUERIES_AT_ONCE):
        chunk = query_ids[start : start + _QUERIES_AT_ONCE]
        results += pipeline.rerank_lists([(prepared.queries[i], list(prepared.qrels[i])) for i in chunk])
        report(len(results), len(query_ids))
    return _scored(results)


def full_catalogue(
    pipeline: SearchPipeline, prepared: Prepared, query_ids: Sequence[str], depth: int, report: Report
) -> Scored:
    """The best `depth` of the whole catalogue for each query, ranked by the pipeline."""
    results: list[SearchResult] = []
    for start in range(0, len(query_ids), _QUERIES_AT_ONCE):
        chunk = query_ids[start : start + _QUERIES_AT_ONCE]
        results += pipeline.search([prepared.queries[i] for i in chunk], depth)
        report(len(results), len(query_ids))
    return _scored(results)


def milliseconds(pipeline: SearchPipeline, prepared: Prepared, query_ids: Sequence[str], depth: int) -> float:
    """Median milliseconds of one search, queries one at a time, after one that is not counted."""
    pipeline.search([prepared.queries[query_ids[0]]], depth)
    took = [pipeline.search([prepared.queries[i]], depth)[0].timings_ms["total"] for i in query_ids]
    return float(np.median(took))


def merged(pieces: Iterable[Scored]) -> Scored:
    """One result of several disjoint sets of queries."""
    whole = Scored({}, {}, {})
    for piece in pieces:
        for target, source in zip(whole, piece, strict=True):
            target.update(source)
    return whole


def _scored(results: Sequence[SearchResult]) -> Scored:
    whole = Scored({}, {}, {})
    for result in results:
        whole.order[result.query.id] = result.run()
        reranked = [hit for hit in result.hits if hit.rerank_score is not None]
        whole.first[result.query.id] = {hit.product_id: hit.first_score for hit in reranked}
        whole.second[result.query.id] = {hit.product_id: hit.rerank_score or 0.0 for hit in reranked}
    return whole
