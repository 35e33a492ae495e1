"""The first stage in a cluster: BM25, nearest vectors, or both fused on the client, one request for a batch of queries.

Server-side fusion needs a paid licence in Elasticsearch; two searches in one `_msearch`, fused here, need none, and
are fused as `HybridRetriever` does it. Word statistics are the whole index's (`dfs_query_then_fetch`) and the same copy
of each shard is asked every time (`preference`), so that a ranking depends neither on shards nor on which node answers.
"""

import time
from collections.abc import Sequence
from typing import Any, Literal

from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.demotion import Demotion, deep
from retrieval.elastic.bodies import (
    MOST,
    Body,
    bm25_scores,
    bm25_search,
    cosine_scores,
    filter_clauses,
    knn_search,
)
from retrieval.elastic.connection import Cluster, ClusterError, told
from retrieval.elastic.mapping import words
from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR, Fusion, fuse, fuse_scores
from retrieval.product_text import ProductTemplate
from retrieval.top_k import check_k
from retrieval.types import Filter, Hit, Query, TextEncoder
from retrieval.wanted import unwanted, wanted

Mode = Literal["hybrid", "bm25", "dense"]
MODES: tuple[Mode, ...] = ("bm25", "dense", "hybrid")

_FLOORS: dict[Mode, float] = {"bm25": BM25_FLOOR, "dense": COSINE_FLOOR}
_BATCH = 64  # queries encoded and searched in one request
_SCORED = 1000  # products scored in one search


class ElasticRetriever:
    """A `Retriever` over an index that `build_elastic_index` has filled.

    A hit's score is Elasticsearch's BM25, the cosine, or the fusion of both. A query without a word finds nothing by
    BM25, a blank one nothing at all. Never a silently shorter list: a search that a shard failed, or that ran out of
    time, is asked again and then an error.

    Args:
        index: the index itself, or an alias for it.
        template: the text in which a product mentions what a query is to be without.
        candidates: hits asked of each part before they are fused (at least k), and looked at in each shard for the
            nearest vectors.

    Raises (every search):
        InputError: an unknown product or filter field; k above 10,000.
        ClusterError: the cluster does not answer, or not completely.
    """

    def __init__(
        self,
        cluster: Cluster,
        index: str,
        encoder: TextEncoder,
        catalogue: Catalogue,
        template: ProductTemplate,
        *,
        mode: Mode = "hybrid",
        fusion: Fusion = "scores",
        candidates: int = 200,
    ):
        self.cluster = cluster
        self.index = index
        self.encoder = encoder
        self.catalogue = catalogue
        self.mode = mode
        self.fusion: Fusion = fusion
        self.candidates = candidates
        self._demotion = Demotion(catalogue, template)

    @property
    def parts(self) -> tuple[Mode, ...]:
        """The rankings that are asked for."""
        return ("dense", "bm25") if self.mode == "hybrid" else (self.mode,)

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        """At most `k` hits a query, best first, ties in catalogue order."""
        check_k(k)
        depth = max(k, self.candidates) if self.mode == "hybrid" else k
        if depth > MOST:
            raise InputError(f"{depth} hits asked of the cluster, which gives {MOST} a search; ask for fewer")
        for field in where or {}:
            if field not in self.catalogue.fields:
                known = ", ".join(sorted(self.catalogue.fields))
                raise InputError(f"filter field {field!r} is not in the catalogue; its fields are {known}")
        clauses = filter_clauses(where)
        found: list[list[Hit]] = []
        for start in range(0, len(queries), _BATCH):
            batch = queries[start : start + _BATCH]
            lists = self._searched(batch, depth, clauses)
            if self.mode == "hybrid":
                found += [
                    fuse(parts, self._floors, self.catalogue, self.fusion, k, depth)
                    for parts in zip(*lists, strict=True)
                ]
            else:
                found += lists[0]
        return found

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        """This stage's own score of each given product; for hybrid, the fusion over just these products."""
        for product_id in product_ids:
            self.catalogue.row(product_id)
        if not product_ids or not query.text.strip():
            return [0.0] * len(product_ids)
        scores = [self._scored(part, query, product_ids) for part in self.parts]
        return fuse_scores(scores, self._floors, self.fusion) if self.mode == "hybrid" else scores[0]

    @property
    def _floors(self) -> list[float]:
        return [_FLOORS[part] for part in self.parts]

    def _searched(self, queries: Sequence[Query], depth: int, clauses: Sequence[Body]) -> list[list[list[Hit]]]:
        """For each part, each query's best `depth` hits."""
        lists: list[list[list[Hit]]] = [[[] for _ in queries] for _ in self.parts]
        texts = [wanted(query.text) for query in queries]
        sizes = [min(deep(depth), MOST) if unwanted(query.text) else depth for query in queries]
        asked = [place for place, text in enumerate(texts) if text.strip()]
        vectors: dict[int, list[float]] = {}
        if "dense" in self.parts and asked:
            encoded = self.encoder.encode_queries([texts[place] for place in asked])
            vectors = dict(zip(asked, encoded.tolist(), strict=True))
        bodies: list[Body] = []
        targets: list[tuple[int, int]] = []
        for number, part in enumerate(self.parts):
            for place in asked:
                if part == "dense":
                    body = knn_search(self.cluster.engine, vectors[place], sizes[place], self.candidates, clauses)
                elif words(texts[place]):
                    body = bm25_search(texts[place], sizes[place], clauses)
                else:
                    continue
                bodies.append(body)
                targets.append((number, place))
        for (number, place), hits in zip(targets, self._answers(bodies), strict=True):
            part = self.parts[number]
            demoted = self._demotion.hits(queries[place], self._hits(part, hits), _FLOORS[part])
            lists[number][place] = demoted[:depth]
        return lists

    def _hits(self, part: Mode, hits: Sequence[dict[str, Any]]) -> list[Hit]:
        if part == "dense":  # a hit's score is (1 + cosine) / 2
            return [Hit(hit["_id"], 2 * hit["_score"] - 1) for hit in hits]
        return [Hit(hit["_id"], hit["_score"]) for hit in hits]

    def _scored(self, part: Mode, query: Query, product_ids: Sequence[str]) -> list[float]:
        text = wanted(query.text)
        if part == "bm25" and not words(text):
            return [0.0] * len(product_ids)
        chunks = [product_ids[start : start + _SCORED] for start in range(0, len(product_ids), _SCORED)]
        if part == "dense":
            vector = self.encoder.encode_queries([text])[0].tolist()
            bodies = [cosine_scores(self.cluster.engine, vector, chunk) for chunk in chunks]
            away = 1.0
        else:
            bodies = [bm25_scores(text, chunk) for chunk in chunks]
            away = 0.0
        found = {hit["_id"]: hit["_score"] - away for hits in self._answers(bodies) for hit in hits}
        scores = [found.get(product_id, 0.0) for product_id in product_ids]
        return self._demotion.scores(query, product_ids, scores, _FLOORS[part])

    def _answers(self, bodies: Sequence[Body]) -> list[list[dict[str, Any]]]:
        """The hits of each body, all in one request; those that failed for the moment are asked again."""
        answers: list[list[dict[str, Any]]] = [[] for _ in bodies]
        pending = list(range(len(bodies)))
        attempt = 0
        while pending:
            responses = self._request([bodies[place] for place in pending])
            failed: dict[int, ClusterError] = {}
            for place, response in zip(pending, responses, strict=True):
                error = self._incomplete(response)
                if error is None:
                    answers[place] = response["hits"]["hits"]
                else:
                    failed[place] = error
            attempt += 1
            worst = next((error for error in failed.values() if not error.transient), None)
            if worst is not None or (failed and attempt >= self.cluster.patience.attempts):
                raise worst or next(iter(failed.values()))
            pending = list(failed)
            if pending:
                time.sleep(self.cluster.patience.pause(attempt - 1))
        return answers

    def _request(self, bodies: Sequence[Body]) -> list[dict[str, Any]]:
        header = {
            "index": self.index,
            "search_type": "dfs_query_then_fetch",
            "preference": "distilrank",
            "allow_partial_search_results": False,
        }
        lines = [line for body in bodies for line in (header, body)]
        answer = self.cluster.call("search the index", lambda: self.cluster.client.msearch(body=lines))
        return list(answer["responses"])

    def _incomplete(self, response: dict[str, Any]) -> ClusterError | None:
        """Why an answer is none, or not the whole one."""
        if "error" in response:
            kind, reason = told(response)
            status = response.get("status", 500)
            return ClusterError(f"cannot search {self.index}: {status} ({kind}: {reason})", status, kind)
        shards = response["_shards"]
        if shards["failed"]:
            reasons = {told({"error": one["reason"]})[1] for one in shards.get("failures", ())}
            lost = f"{shards['failed']} of {shards['total']} shards failed ({'; '.join(sorted(reasons))})"
            return ClusterError(f"cannot search {self.index} completely: {lost}", 503)
        if response["timed_out"]:
            return ClusterError(f"cannot search {self.index} completely: the search timed out in the cluster", 503)
        return None
