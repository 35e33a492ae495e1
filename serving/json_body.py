"""Bodies as JSON, strictly: no NaN, no lone surrogate, no nesting that would exhaust the stack."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from serving.problems import invalid


def parse(body: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ProblemError: when it is none, holds NaN, Infinity or a lone surrogate, or is nested deeper than 200 levels.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise invalid(f"the body is not valid JSON: {error}") from None


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route whose JSON body is read by `parse`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a request that parses strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict
