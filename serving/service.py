"""What the routes share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request, Response
from pydantic import BaseModel
from pydantic.main import IncEx

from serving.access import Access
from serving.admission import Admission
from serving.deadline import Deadline
from serving.engine import SearchEngine
from serving.envelope import facts_of
from serving.limits import Limits
from serving.settings import ServeSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    """An engine, and all that stands before it."""

    engine: SearchEngine
    settings: ServeSettings
    access: Access
    searches: Admission
    others: Admission
    limits: Limits

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """What `work` returns, done off the event loop; for all but searches.

        Raises:
            ProblemError: when the server is too busy, or what `work` raises.
        """
        facts = facts_of(request)
        result, waited_ms = await self.others.run(work, Deadline(None, facts.arrived))
        facts.log["queue_ms"] = round(waited_ms, 2)
        return result


def as_json(body: BaseModel, *, exclude: IncEx | None = None) -> Response:
    """The answer, written by pydantic at once: the framework's way through dictionaries takes ten times as long."""
    return Response(body.model_dump_json(by_alias=True, exclude=exclude), media_type="application/json")
