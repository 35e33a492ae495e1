"""Failures on purpose: which requests fail, how, and how often."""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fake_elastic.protocol import Request, Response

When = Literal["before", "middle", "after"]


@dataclass
class _Fault:
    pattern: str
    times: int
    after: int
    response: Response | None = None
    seconds: float = 0.0
    close: When | None = None
    shards: int = 0


@dataclass
class _Rejection:
    status: int
    kind: str
    reason: str
    times: float


@dataclass
class Faults:
    """Each fault meets requests whose "METHOD /path" its pattern is found in (a regular expression): `times` of them,
    once `after` have gone well."""

    _faults: list[_Fault] = field(default_factory=list)
    _rejections: dict[str, _Rejection] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def status(
        self,
        pattern: str,
        status: int,
        *,
        times: int = 1,
        after: int = 0,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> None:
        """Answer `status` without doing the work."""
        kind = "es_rejected_execution_exception" if status == 429 else "fault_on_purpose"
        error = {"type": kind, "reason": "a fault on purpose"}
        body = {"error": {"root_cause": [error], **error}, "status": status} if body is None else body
        self._faults.append(_Fault(pattern, times, after, Response(status, body, dict(headers or {}))))

    def delay(self, pattern: str, seconds: float, *, times: int = 1, after: int = 0) -> None:
        """Answer late."""
        self._faults.append(_Fault(pattern, times, after, seconds=seconds))

    def close(self, pattern: str, when: When = "before", *, times: int = 1, after: int = 0) -> None:
        """Close the connection without an answer: before the work, after half of a bulk request, or after all of it."""
        self._faults.append(_Fault(pattern, times, after, close=when))

    def fail_shards(self, shards: int = 1, *, pattern: str = "_m?search", times: int = 1, after: int = 0) -> None:
        """Searches miss the hits of the first `shards` shards; refused where partial results are not allowed."""
        self._faults.append(_Fault(pattern, times, after, shards=shards))

    def reject(self, statuses: Mapping[str, int], *, times: float = float("inf"), kind: str | None = None) -> None:
        """Documents, by id, that bulk requests do not take: 400 for good, 429 for now (`times`)."""
        for document, status in statuses.items():
            default = "es_rejected_execution_exception" if status == 429 else "document_parsing_exception"
            self._rejections[document] = _Rejection(status, kind or default, "a rejection on purpose", times)

    def clear(self) -> None:
        """No more faults."""
        self._faults.clear()
        self._rejections.clear()

    def meet(self, request: Request) -> _Fault | None:
        """The fault that this request meets, counted."""
        with self._lock:
            for fault in self._faults:
                if fault.times <= 0 or not re.search(fault.pattern, f"{request.method} {request.path}"):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.seconds:
                    break
                return fault
            else:
                return None
        time.sleep(fault.seconds)
        return None

    def rejection(self, document: str) -> tuple[int, dict[str, Any]] | None:
        """Status and error of a document that is not taken, counted."""
        with self._lock:
            found = self._rejections.get(document)
            if found is None or found.times <= 0:
                return None
            found.times -= 1
            return found.status, {"type": found.kind, "reason": found.reason}
