"""Picks among the candidates of queries by the strategy that `mine.selection` names."""

from collections.abc import Sequence

import numpy as np

from augment.candidates import CandidateSources
from augment.mine_options import MineOptions
from augment.selection import Candidate, Chosen, sample
from augment.strategies import across_range, by_weight, disagreement, farthest_first
from eval.errors import InputError
from rerank.types import Reranker
from retrieval.types import Product, Query


class Picker:
    """Picks as many candidates of each query as the strata would, a chunk of queries at a time.

    `vectors` are the catalogue's unit vectors by row, for "diversity". `scorer` scores candidates: "score" spreads over
    its scores; with one, "difficulty" is how far its ranking of the candidates is from the first stage's, and without,
    how far the sources are from each other.

    Raises:
        InputError: when the strategy lacks what it needs.
    """

    def __init__(
        self,
        options: MineOptions,
        sources: CandidateSources,
        vectors: np.ndarray | None = None,
        scorer: Reranker | None = None,
    ) -> None:
        self.strategy = options.selection
        self.size = sum(stratum.take for stratum in options.strata)
        self.depth = options.depth
        self.group = options.groups[0]
        self.sources = sources
        self.vectors = vectors
        self.scorer = scorer if self.strategy in ("score", "difficulty") else None
        if self.strategy == "score" and scorer is None:
            raise InputError("mine.selection is 'score' and nothing scores the candidates; give a scorer, or 'rank'")
        if self.strategy == "diversity" and vectors is None:
            raise InputError("mine.selection is 'diversity' and the catalogue has no vectors; give them, or 'rank'")
        if self.strategy == "difficulty" and scorer is None and len(sources.retrievers) < 2:
            raise InputError(
                "mine.selection is 'difficulty' and there is one source of candidates, expected two that can disagree; "
                "give another retriever, or 'rank'"
            )

    def pick(
        self,
        queries: Sequence[Query],
        ranked: Sequence[Sequence[Candidate]],
        generators: Sequence[np.random.Generator],
    ) -> list[list[Chosen] | None]:
        """Of each query what was picked; None leaves it to the strata of first-stage rank."""
        if self.strategy == "rank":
            return [None] * len(queries)
        texts_needed = self.strategy == "length" or self.scorer is not None
        products = [self._products(some) if texts_needed else [] for some in ranked]
        scores = self._scores(queries, products)
        picked: list[list[Chosen] | None] = []
        for place, candidates in enumerate(ranked):
            places = self._places(candidates, products[place], scores[place], generators[place])
            picked.append([Chosen(candidates[at], self.group) for at in places])
        return picked

    def _places(
        self,
        candidates: Sequence[Candidate],
        products: Sequence[Product],
        scores: np.ndarray,
        generator: np.random.Generator,
    ) -> np.ndarray:
        if self.strategy == "random":
            return np.sort(sample(np.arange(len(candidates)), self.size, generator))
        if self.strategy == "score":
            return across_range(scores, self.size, generator)
        if self.strategy == "length":
            words = [len(self.sources.template.text(product).split()) for product in products]
            return across_range(np.array(words, dtype=np.float64), self.size, generator)
        if self.strategy == "diversity":
            assert self.vectors is not None
            rows = [self.sources.catalogue.row(candidate.product_id) for candidate in candidates]
            return farthest_first(np.asarray(self.vectors[rows]), self.size)
        ranks: list[tuple[int | None, ...]] = [candidate.ranks for candidate in candidates]
        if self.scorer is not None:
            own = np.empty(len(candidates), dtype=np.int64)
            own[np.argsort(-scores, kind="stable")] = np.arange(1, len(candidates) + 1)
            ranks = [(candidate.rank, int(rank)) for candidate, rank in zip(candidates, own, strict=True)]
        return by_weight(np.array([disagreement(some, self.depth) for some in ranks]), self.size, generator)

    def _products(self, candidates: Sequence[Candidate]) -> list[Product]:
        catalogue = self.sources.catalogue
        return catalogue.products([catalogue.row(candidate.product_id) for candidate in candidates])

    def _scores(self, queries: Sequence[Query], products: Sequence[Sequence[Product]]) -> list[np.ndarray]:
        """The scorer's scores of each query's products, from one call; empty without a scorer."""
        if self.scorer is None:
            return [np.empty(0, dtype=np.float32) for _ in queries]
        pairs = [(query, product) for query, some in zip(queries, products, strict=True) for product in some]
        return np.split(self.scorer.score(pairs), np.cumsum([len(some) for some in products])[:-1])
