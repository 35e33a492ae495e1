"""Live changes: `PUT`, `DELETE` and `GET /v1/products/{id}`, and `POST /v1/products:bulk`.

An answer means durable: the change is synced to the log before it is acknowledged, and searched on this replica by
then.
"""

import itertools
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import TypeAdapter, ValidationError

from retrieval.types import Product
from serving.json_body import StrictRoute, parse
from serving.problems import ProblemError, invalid
from serving.schemas.base import errors
from serving.schemas.products import Change, Changed, DeleteChange, ProductAnswer, ProductBody, ProductId, PutChange
from serving.service import Service, as_json
from serving.validation import first_error

IdInPath = Annotated[ProductId, Path(description="The product's id; any text without control characters.")]
_CHANGE: TypeAdapter[Change] = TypeAdapter(Change)
_REFERENCES = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in (PutChange, DeleteChange)]
_BULK = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "array", "minItems": 1, "items": {"anyOf": _REFERENCES}}},
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"put": {"id": "p1", "fields": {"title": "Red shoe"}}}\n{"delete": "p2"}\n',
            },
        },
    }
}


def router(service: Service) -> APIRouter:
    """The routes of live changes."""
    routes = APIRouter(route_class=StrictRoute, tags=["products"])
    engine = service.engine
    writer = [Depends(service.access.write)]

    @routes.get(
        "/v1/products/{product_id:path}",
        response_model=ProductAnswer,
        responses=errors(404),
        dependencies=[Depends(service.access.read)],
        summary="Read a product",
    )
    async def get(product_id: IdInPath, request: Request) -> Response:
        """The product as it is searched now."""
        product = await service.run(request, lambda: engine.product(product_id))
        if product is None:
            raise ProblemError("not_found", "there is no product with this id")
        return as_json(ProductAnswer(id=product.id, fields=dict(product.fields)))

    @routes.put(
        "/v1/products/{product_id:path}",
        response_model=Changed,
        responses=errors(404),
        dependencies=writer,
        summary="Add or replace a product",
    )
    async def put(product_id: IdInPath, body: ProductBody, request: Request) -> Response:
        """Add the product, or replace it whole."""
        service.limits.check(body)
        version = await service.run(request, lambda: engine.put([Product(product_id, body.fields)]))
        return as_json(Changed(changes=1, version=version))

    @routes.delete(
        "/v1/products/{product_id:path}",
        response_model=Changed,
        responses=errors(404),
        dependencies=writer,
        summary="Take a product out",
    )
    async def delete(product_id: IdInPath, request: Request) -> Response:
        """Take the product out; one that is not there is no error."""
        version = await service.run(request, lambda: engine.delete([product_id]))
        return as_json(Changed(changes=1, version=version))

    @routes.post(
        "/v1/products:bulk",
        response_model=Changed,
        responses=errors(404),
        dependencies=writer,
        summary="Many changes at once",
        openapi_extra=_BULK,
    )
    async def bulk(request: Request) -> Response:
        """Changes in order, as a JSON list or as NDJSON; all are checked before the first is made.

        Changes are stored in runs of puts and of deletes. When storing one fails, those before it are kept, and the
        whole request can be sent again: a change that is there already changes nothing.
        """
        body = await request.body()
        lines = request.headers.get("content-type", "").startswith("application/x-ndjson")
        version, count = await service.run(request, lambda: apply(read(body, lines)))
        return as_json(Changed(changes=count, version=version))

    def read(body: bytes, lines: bool) -> list[Change]:
        entries = [parse(line) for line in body.split(b"\n") if line.strip()] if lines else parse(body)
        if not isinstance(entries, list):
            raise invalid("the body is no list of changes; send a JSON list, or NDJSON as application/x-ndjson")
        if not 1 <= len(entries) <= service.settings.max_documents:
            raise invalid(f"there are {len(entries)} changes; 1 to {service.settings.max_documents} are taken")
        changes = []
        for place, entry in enumerate(entries):
            try:
                change = _CHANGE.validate_python(entry)
            except ValidationError as error:
                where, message = first_error(error.errors(include_url=False, include_input=False), skip=1)
                raise invalid(f"change {place}: {message}", where) from None
            if isinstance(change, PutChange):
                service.limits.check(change.put)
            changes.append(change)
        return changes

    def apply(changes: list[Change]) -> tuple[int, int]:
        engine.check_products([_product(change) for change in changes if isinstance(change, PutChange)])
        version = 0
        for kind, run in itertools.groupby(changes, key=type):
            if kind is PutChange:
                version = engine.put([_product(change) for change in run if isinstance(change, PutChange)])
            else:
                version = engine.delete([change.delete for change in run if isinstance(change, DeleteChange)])
        return version, len(changes)

    return routes


def _product(change: PutChange) -> Product:
    return Product(change.put.id, change.put.fields)
