"""`POST /v1/rerank`, `/v2/rerank` (Cohere's shape) and `/rerank` (text-embeddings-inference's).

Every document is scored, whatever their number; answers are sorted by score unless `order=input` asks otherwise.
"""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter

from serving.documents import Document, as_products
from serving.json_body import StrictRoute
from serving.schemas.base import errors
from serving.schemas.rerank import CohereRequest, CohereResponse, CohereResult, Order, TeiRequest, TeiResult
from serving.service import Service, as_json

OrderOption = Annotated[
    Order, Query(description='"score": best first. "input": in the order of the documents, as Elasticsearch needs it.')
]
RawOption = Annotated[bool, Query(description="Answer the student's logits instead of scores in 0 … 1.")]
_SMALL = 1e-4
_TEI_RESULTS = TypeAdapter(list[TeiResult])


def router(service: Service) -> APIRouter:
    """The rerank routes."""
    routes = APIRouter(route_class=StrictRoute, tags=["rerank"], dependencies=[Depends(service.access.read)])

    async def score(
        request: Request, query: str, documents: Sequence[Document], rank_fields: Sequence[str] | None = None
    ) -> np.ndarray:
        def work() -> np.ndarray:
            products = as_products(documents, service.engine.served.template, rank_fields)
            return service.engine.rerank(query, products)

        return await service.run(request, work)

    async def cohere(body: CohereRequest, request: Request, order: Order, raw_scores: bool, version: str) -> Response:
        service.limits.check(body)
        scores = await score(request, body.query, body.documents, body.rank_fields)
        shown = _shown(scores, raw_scores)
        results = [
            CohereResult(
                index=place,
                relevance_score=shown[place],
                document=_returned(body.documents[place]) if body.return_documents else None,
            )
            for place in _places(scores, order, body.top_n)
        ]
        answer = CohereResponse(id=str(uuid.uuid4()), results=results, meta={"api_version": {"version": version}})
        omit = None if body.return_documents else {"results": {"__all__": {"document"}}}
        return as_json(answer, exclude=omit)

    @routes.post(
        "/v1/rerank", response_model=CohereResponse, responses=errors(), summary="Rerank documents (Cohere, version 1)"
    )
    async def rerank_v1(
        body: CohereRequest, request: Request, order: OrderOption = "score", raw_scores: RawOption = False
    ) -> Response:
        """Score any documents for a query; `cohere.Client` works with it unchanged."""
        return await cohere(body, request, order, raw_scores, "1")

    @routes.post(
        "/v2/rerank", response_model=CohereResponse, responses=errors(), summary="Rerank documents (Cohere, version 2)"
    )
    async def rerank_v2(
        body: CohereRequest, request: Request, order: OrderOption = "score", raw_scores: RawOption = False
    ) -> Response:
        """Score any documents for a query; `cohere.ClientV2` works with it unchanged."""
        return await cohere(body, request, order, raw_scores, "2")

    @routes.post(
        "/rerank",
        response_model=list[TeiResult],
        responses=errors(),
        summary="Rerank texts (text-embeddings-inference)",
    )
    async def rerank_tei(
        body: TeiRequest, request: Request, order: OrderOption = "score", raw_scores: RawOption = False
    ) -> Response:
        """Score any texts for a query, as the clients of text-embeddings-inference expect it."""
        service.limits.check(body)
        scores = await score(request, body.query, body.texts)
        shown = _shown(scores, body.raw_scores or raw_scores)
        results = [
            TeiResult(index=place, score=shown[place], text=body.texts[place] if body.return_text else None)
            for place in _places(scores, order, None)
        ]
        omit: Any = None if body.return_text else {"__all__": {"text"}}
        return Response(_TEI_RESULTS.dump_json(results, exclude=omit), media_type="application/json")

    return routes


def _places(scores: np.ndarray, order: Order, top_n: int | None) -> list[int]:
    """Places of the `top_n` best documents (all without), best first or in the order of the input; ties as given."""
    best = np.argsort(-scores, kind="stable")[:top_n]
    return (best if order == "score" else np.sort(best)).tolist()


def _shown(scores: np.ndarray, raw: bool) -> list[float]:
    """The logits themselves, or their sigmoids: in double precision, where scores up to 36 stay apart; clipped, so that
    no exponential overflows.

    All of them are written in at most 18 characters: OpenSearch reads longer numbers as BigDecimal, and then fails to
    cast them to Double. A logit's few digits are those that tell float32 numbers apart.
    """
    if raw:
        return [float(str(score)) for score in scores]
    sigmoids = 1.0 / (1.0 + np.exp(-np.clip(scores.astype(np.float64), -700, 700)))
    return [round(one, 16) if one >= _SMALL else float(f"{one:.12g}") for one in sigmoids.tolist()]


def _returned(document: Document) -> dict[str, Any]:
    return {"text": document} if isinstance(document, str) else document
