"""`POST` and `GET /{index}/_search`: a cluster's own search, answered reranked, for clients that cannot be changed.

With it go the requests that begin, go on with, or end a search in parts: scrolls and points in time.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from serving.envelope import facts_of
from serving.problems import ProblemError
from serving.proxy.cluster import Answered, Cluster, Headers, passed_on
from serving.proxy.indices import check_indices
from serving.proxy.proxy import ClientRequest, Proxied, SearchProxy
from serving.schemas.base import errors
from serving.schemas.proxy import POINT_BODY, SEARCH_ANSWER, SEARCH_BODY, ElasticError
from serving.service import Service

Index = Annotated[
    str,
    Path(
        description="Indices, aliases and patterns, parted by commas; `serve.proxy.indices` says which may be searched."
    ),
]
_NAMED = "x-distilrank-query"
"""A header that names the query's text, percent-encoded where it is more than ASCII."""
_OURS = ("x-api-key", _NAMED)
"""Headers that are for this server and not for the cluster."""


class _ElasticRoute(APIRoute):
    """A route whose errors are in Elasticsearch's shape, and in this server's as well."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def elastic(request: Request) -> Response:
            try:
                return await handler(request)
            except ProblemError as problem:
                answer = problem.answer(facts_of(request).id)
                cause = {"type": problem.kind, "reason": problem.message}
                error = cause | {"root_cause": [cause], "message": problem.message, "field": problem.field}
                return JSONResponse(
                    answer.body | {"error": error, "status": answer.status}, answer.status, answer.headers
                )

        return elastic


def router(service: Service, cluster: Cluster) -> APIRouter:
    """The proxy's routes."""
    routes = APIRouter(route_class=_ElasticRoute, tags=["search proxy"], dependencies=[Depends(service.access.read)])
    proxy = SearchProxy(service, cluster)
    allowed = service.settings.proxy.indices
    documented: dict[int | str, dict[str, Any]] = {
        status: about | {"model": ElasticError} for status, about in errors(404, 502, 504).items()
    }
    documented |= {200: SEARCH_ANSWER, "default": {"description": "The cluster's own answer, as it gave it."}}

    async def search(request: Request, index: str | None) -> Response:
        path = "/_search" if index is None else _path(index, "/_search")
        found = await proxy.search(await client_request(request, path), indexed=index is not None)
        facts_of(request).log |= {
            "outcome": found.outcome,
            "reason": found.reason,
            "window": found.window,
            **{f"{stage}_ms": round(ms, 3) for stage, ms in found.timings_ms.items()},
        }
        service.engine.metrics.proxied.labels(found.outcome, found.reason or "").inc()
        return _response(found.answer, _told(found))

    def _path(index: str, rest: str) -> str:
        check_indices(index, allowed)
        return f"/{quote(index, safe=',*')}{rest}"

    async def client_request(request: Request, path: str) -> ClientRequest:
        headers = [(name, value) for name, value in passed_on(request.headers.raw) if name not in _OURS]
        if service.access.was_bearer(request):
            headers = [(name, value) for name, value in headers if name != "authorization"]
        query = request.scope["query_string"].decode("latin-1")
        return ClientRequest(
            request.method,
            path,
            query,
            headers,
            await request.body(),
            facts_of(request).arrived,
            named=unquote(request.headers.get(_NAMED, "")),
        )

    @routes.post(
        "/{index}/_search",
        responses=documented,
        openapi_extra={"requestBody": SEARCH_BODY},
        summary="Search the cluster, reranked",
    )
    async def post_search(index: Index, request: Request) -> Response:
        """The cluster's own search API, with all its parameters. Where the body has a query's text, and the order is
        the scores', the hits are reranked by it; all other searches, and their answers, pass through as they are."""
        return await search(request, index)

    @routes.get("/{index}/_search", responses=documented, summary="Search the cluster, reranked (GET)")
    async def get_search(index: Index, request: Request) -> Response:
        """The same; the query may stand in the body, in `source` or in `q`."""
        return await search(request, index)

    @routes.post(
        "/_search",
        responses=documented,
        openapi_extra={"requestBody": POINT_BODY},
        summary="Search a point in time of the cluster, reranked",
    )
    async def post_point(request: Request) -> Response:
        """A search whose body names a point in time (`pit`), and so its indices."""
        return await search(request, None)

    @routes.get("/_search", responses=documented, summary="Search a point in time of the cluster, reranked (GET)")
    async def get_point(request: Request) -> Response:
        """The same."""
        return await search(request, None)

    def part_of_a_search(method: str, rest: str, summary: str) -> None:
        async def go_on(request: Request) -> Response:
            return _response(await proxy.go_on(await client_request(request, rest)), [])

        routes.add_api_route(rest, go_on, methods=[method], responses=documented, summary=summary)

    def beginning_of_a_search(rest: str, summary: str) -> None:
        async def begin(index: Index, request: Request) -> Response:
            return _response(await proxy.go_on(await client_request(request, _path(index, rest))), [])

        routes.add_api_route(f"/{{index}}{rest}", begin, methods=["POST"], responses=documented, summary=summary)

    part_of_a_search("POST", "/_search/scroll", "Go on with a scroll")
    part_of_a_search("GET", "/_search/scroll", "Go on with a scroll (GET)")
    part_of_a_search("DELETE", "/_search/scroll", "End a scroll")
    beginning_of_a_search("/_pit", "Open a point in time (Elasticsearch)")
    part_of_a_search("DELETE", "/_pit", "Close a point in time (Elasticsearch)")
    beginning_of_a_search("/_search/point_in_time", "Open a point in time (OpenSearch)")
    part_of_a_search("DELETE", "/_search/point_in_time", "Close points in time (OpenSearch)")
    return routes


def _told(found: Proxied) -> Headers:
    """What became of the search, as headers."""
    headers: Headers = [("x-distilrank", found.outcome)]
    if found.reason is not None:
        headers.append(("x-distilrank-reason", found.reason))
    if found.outcome == "reranked":
        headers.append(("x-distilrank-window", str(found.window)))
    if found.timings_ms:
        headers.append(("server-timing", ", ".join(f"{stage};dur={ms:.1f}" for stage, ms in found.timings_ms.items())))
    return headers


def _response(answer: Answered, more: Headers) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in [*answer.headers, *more, ("content-length", str(len(answer.body)))]
    ]
    return response
