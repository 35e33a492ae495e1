"""OpenTelemetry spans, where the extra is installed and traces are asked for; otherwise nothing, at no cost."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from eval.errors import MachineError

if TYPE_CHECKING:
    from opentelemetry import trace

_NOTHING: AbstractContextManager[None] = nullcontext()
_NO_REQUEST: AbstractContextManager[Callable[[str], None]] = nullcontext(lambda name: None)


class Tracer:
    """Opens spans on an OpenTelemetry tracer; without one, `span` does nothing."""

    def __init__(self, tracer: "trace.Tracer | None" = None) -> None:
        self._tracer = tracer

    def span(self, name: str, **attributes: int | str) -> AbstractContextManager[None]:
        """A span over the block, under the thread's current one."""
        return _NOTHING if self._tracer is None else self._span(name, attributes)

    def request(
        self, name: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> AbstractContextManager[Callable[[str], None]]:
        """A span over the block, under the one that the client's `traceparent` header names; yields what renames it."""
        return _NO_REQUEST if self._tracer is None else self._request(name, headers)

    @contextmanager
    def _span(self, name: str, attributes: Mapping[str, int | str]) -> Iterator[None]:
        assert self._tracer is not None
        with self._tracer.start_as_current_span(name, attributes=attributes):
            yield

    @contextmanager
    def _request(self, name: str, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Callable[[str], None]]:
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        assert self._tracer is not None
        carrier = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers}
        with self._tracer.start_as_current_span(name, context=extract(carrier), kind=SpanKind.SERVER) as span:
            yield span.update_name


def open_tracer() -> Tracer:
    """A tracer that exports as the standard OTEL_* variables say.

    Raises:
        MachineError: when the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise MachineError('traces need OpenTelemetry; run: pip install "distilrank[otel]"') from None
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "distilrank"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracer(provider.get_tracer("distilrank.serving"))
