"""`/v1/info`, `/health/live`, `/health/ready` and `/metrics`: answered on the event loop, since they take no time."""

import asyncio
from dataclasses import asdict

from fastapi import APIRouter, Depends, Response

from serving.metrics import CONTENT_TYPE
from serving.problems import unavailable
from serving.schemas.base import errors
from serving.schemas.info import Health, Info
from serving.service import Service, as_json


def router(service: Service) -> APIRouter:
    """The routes that tell how the server is."""
    routes = APIRouter(tags=["server"])
    engine = service.engine

    @routes.get(
        "/v1/info",
        response_model=Info,
        responses=errors(),
        dependencies=[Depends(service.access.read)],
        summary="What is being served",
    )
    async def info() -> Response:
        """Versions of the index, the student and the configuration; live changes; limits."""
        served = engine.served
        view = served.shop.view()
        return as_json(
            Info(
                title=service.settings.title,
                **asdict(served.versions),
                live=view.version,
                products=view.products,
                delta_rows=view.delta_rows,
                retired=view.retired,
                fields=list(served.fields),
                window=service.settings.usual_window(served.window),
                deadline_ms=service.settings.deadline_ms,
                writes=engine.takes_changes(),
                about=dict(served.about),
            )
        )

    @routes.get("/health/live", response_model=Health, summary="Does the process answer?")
    async def live() -> Response:
        """200 as long as the process answers at all."""
        return as_json(Health(status="alive"))

    @routes.get("/health/ready", response_model=Health, responses=errors(), summary="Can it take requests?")
    async def ready() -> Response:
        """200 when requests should be sent here; 503 while starting, shutting down, or when all rerank workers hang."""
        reason = engine.not_ready()
        if reason is not None:
            raise unavailable(reason)
        return as_json(Health(status="ready"))

    @routes.get("/metrics", response_class=Response, summary="Prometheus' metrics")
    async def metrics() -> Response:
        """Counters, gauges and histograms in Prometheus' text form."""
        engine.observe_gauges()
        text = await asyncio.to_thread(engine.metrics.render)
        return Response(text, media_type=CONTENT_TYPE)

    return routes
