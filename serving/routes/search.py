"""`POST /v1/search`."""

from fastapi import APIRouter, Depends, Request, Response

from serving.deadline import Deadline
from serving.engine import SearchAnswer, SearchAsk
from serving.envelope import facts_of
from serving.json_body import StrictRoute
from serving.schemas.base import errors
from serving.schemas.search import FacetValue, FirstStageHit, SearchHit, SearchRequest, SearchResponse, Version
from serving.service import Service, as_json


def router(service: Service) -> APIRouter:
    """The route of searches."""
    routes = APIRouter(route_class=StrictRoute, tags=["search"])

    @routes.post(
        "/v1/search",
        response_model=SearchResponse,
        responses=errors(),
        dependencies=[Depends(service.access.read)],
        summary="Search the catalogue",
    )
    async def search(body: SearchRequest, request: Request) -> Response:
        """Retrieve candidates, rerank the best of them within the deadline, and answer a page of the ranking."""
        service.limits.check(body)
        facts = facts_of(request)
        asked = service.settings.deadline_ms if body.deadline_ms is None else body.deadline_ms
        ask = SearchAsk(
            body.query,
            size=body.size,
            offset=body.from_,
            where=body.filters or None,
            facets=body.facets,
            window=body.window,
            explain=body.explain,
        )
        deadline = Deadline(asked, facts.arrived)
        answer, queue_ms = await service.searches.run(lambda: service.engine.search(ask, deadline), deadline)
        timings = {"queue": queue_ms} | answer.timings_ms | {"total": deadline.elapsed_ms()}
        timings = {stage: round(ms, 3) for stage, ms in timings.items()}
        facts.log |= {
            "query_characters": len(body.query),
            "window": answer.window,
            "ranked_by": answer.route,
            "degraded": answer.degraded,
            "live": answer.live,
            **{f"{stage}_ms": ms for stage, ms in timings.items()},
        }
        response = _response(body, answer, timings)
        return as_json(response, exclude=None if body.explain else {"first_stage"})

    return routes


def _response(body: SearchRequest, answer: SearchAnswer, timings: dict[str, float]) -> SearchResponse:
    hits = [
        SearchHit(
            id=served.hit.product_id,
            rank=served.rank,
            score=served.hit.score,
            first_score=served.hit.first_score,
            first_rank=served.hit.first_rank,
            rerank_score=served.hit.rerank_score,
            fields=dict(served.fields),
            grade=served.grade,
        )
        for served in answer.hits
    ]
    first_stage = None
    if answer.first_stage is not None:
        first_stage = [
            FirstStageHit(id=hit.product_id, rank=rank, score=hit.score, fields=dict(fields))
            for hit, rank, fields in answer.first_stage
        ]
    return SearchResponse(
        query=body.query,
        total_in_window=answer.total_in_window,
        size=body.size,
        from_=body.from_,
        degraded=answer.degraded is not None,
        degraded_reason=answer.degraded,
        hits=hits,
        first_stage=first_stage,
        facets={
            name: [FacetValue(value=one.value, count=one.count) for one in counts]
            for name, counts in answer.facets.items()
        },
        timings_ms=timings,
        window=answer.window,
        route=answer.route,
        version=Version(index=answer.versions.index, student=answer.versions.student, live=answer.live),
    )
