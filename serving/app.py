"""The application: routes over an engine, free of Ray. `create_app(engine)` is all that a server needs."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

from serving import page
from serving.access import Access
from serving.admission import Admission
from serving.engine import SearchEngine
from serving.envelope import Envelope, facts_of
from serving.limits import Limits
from serving.problems import Kind, ProblemError, invalid
from serving.proxy.cluster import Cluster
from serving.routes import embeddings, info, products, proxy, rerank, search
from serving.schemas.products import Change
from serving.service import Service
from serving.validation import first_error

_EXAMPLES = 8
"""Queries that the page offers."""


def create_app(engine: SearchEngine) -> FastAPI:
    """All routes over `engine`, whose `settings`, `metrics` and `tracer` they use.

    Starting the application (its lifespan) starts the engine's background thread, stopping it closes the engine. One
    application serves one engine, on one event loop.

    Raises:
        InputError: for an API key that is none.
    """
    settings = engine.settings
    searches = Admission("search", settings.workers, settings.queue, engine.metrics)
    others = Admission("other", settings.other_workers, settings.queue, engine.metrics)
    service = Service(engine, settings, Access(settings), searches, others, Limits(settings))
    cluster = None if settings.proxy.url is None else Cluster(settings.proxy)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            if cluster is not None:
                await opened.enter_async_context(cluster)
            engine.start()
            yield
        searches.close()
        others.close()
        engine.close()

    app = FastAPI(title=settings.title, summary="Two-stage product search", lifespan=lifespan, redoc_url=None)
    for part in (search, rerank, embeddings, products, info):
        app.include_router(part.router(service))
    app.include_router(_page(engine))
    app.state.proxied = cluster is not None
    if cluster is not None:
        app.include_router(proxy.router(service, cluster))
    app.add_middleware(Envelope, settings=settings, metrics=engine.metrics, tracer=engine.tracer)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    _document(app, service)
    return app


def _page(engine: SearchEngine) -> APIRouter:
    """The search page; it offers judged queries to try, unless keys keep what there is from strangers."""
    settings = engine.settings
    if settings.api_keys:
        return page.router(title=settings.title)
    return page.router(
        examples=lambda: list(itertools.islice(engine.served.grades, _EXAMPLES)),
        facets=lambda: engine.served.fields[: settings.max_facets],
        title=settings.title,
    )


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    answer = error.answer(facts_of(request).id)
    return JSONResponse(answer.body, answer.status, answer.headers)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    where, message = first_error(error.errors())
    return await _on_problem(request, invalid(message, where))


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: no such route, no such method, a body that cannot be parsed."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, ProblemError):
        return await _on_problem(request, error.__cause__)
    kind: Kind = "not_found" if error.status_code == 404 else "invalid_request"
    message = str(error.detail)
    if error.status_code == 404:
        message = "there is no such route here; /docs lists them"
        if request.app.state.proxied:
            message += ". Of the cluster's API only /INDEX/_search is answered: ask the cluster itself for the rest"
    response = await _on_problem(request, ProblemError(kind, message, status=error.status_code))
    response.headers.update(error.headers or {})
    return response


def _document(app: FastAPI, service: Service) -> None:
    """Complete the OpenAPI document: limits, fields, the shapes of bulk changes; FastAPI's own 422 goes."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            schemas |= TypeAdapter(Change).json_schema(ref_template="#/components/schemas/{model}")["$defs"]
            service.limits.document(schemas)
            _name_fields(schemas, service.engine.served.fields)
            for operation in (one for path in document["paths"].values() for one in path.values()):
                operation["responses"].pop("422", None)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _name_fields(schemas: dict[str, Any], fields: Sequence[str]) -> None:
    """Say which product fields there are, wherever a request may name one."""
    names = {"enum": list(fields)}
    for model, name in (("SearchRequest", "filters"), ("ProductBody", "fields"), ("PutOne", "fields")):
        schemas[model]["properties"][name]["propertyNames"] = names
    schemas["SearchRequest"]["properties"]["facets"]["items"] |= names
