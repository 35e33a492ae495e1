"""A search as the engine is asked for it, and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rerank.pipeline import RankedHit, SearchResult
from retrieval.types import Filter, Hit
from serving.facets import FacetCount
from serving.served import Versions


@dataclass(frozen=True)
class SearchAsk:
    """One search: hits `offset` … `offset` + `size` − 1 of the ranking, from 0.

    Args:
        window: candidates to rerank; None for the configured window, 0 for the first stage alone.
        facets: fields whose values are counted over the retrieved window.
        explain: also answer the same part of the first stage's ranking.
    """

    text: str
    size: int = 10
    offset: int = 0
    where: Filter | None = None
    facets: Sequence[str] = ()
    window: int | None = None
    explain: bool = False


class Ranked(NamedTuple):
    """A ranking, how many candidates were reranked, by what, and why none were although some should have been."""

    result: SearchResult
    window: int
    route: str
    degraded: str | None


class ServedHit(NamedTuple):
    """A hit with what is shown of it; `rank` counts from 1 over the whole ranking."""

    hit: RankedHit
    rank: int
    fields: Mapping[str, str]
    grade: str | None


@dataclass(frozen=True)
class SearchAnswer:
    """What a search found.

    Args:
        first_stage: hit, rank from 1, and fields of the first stage's ranking; None unless asked to explain.
        total_in_window: candidates retrieved, at most the window that was asked for (the usual one where that is 0).
        window: candidates that were reranked in fact.
        degraded: why the first stage's order is answered where a reranked one was asked for: "no_time" (the deadline
            left none), "late" (not done in time), "failed" (the reranker raised), "stuck" (all rerank workers hang);
            None when nothing is amiss.
        timings_ms: "retrieve", "fetch", "rerank", "blend", "total"; queueing is not the engine's.
        live: version of the live changes that were searched.
    """

    hits: list[ServedHit]
    first_stage: list[tuple[Hit, int, Mapping[str, str]]] | None
    facets: Mapping[str, list[FacetCount]]
    total_in_window: int
    window: int
    route: str
    degraded: str | None
    timings_ms: dict[str, float]
    versions: Versions
    live: int
