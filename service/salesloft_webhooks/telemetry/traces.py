"""Traces: configured by OpenTelemetry's own variables, and nothing but two attribute look-ups when they are not set.

One trace tells one delivery's story across processes: the server span of the request, the span that publishes (its
W3C context is stored in the entry), and one span per attempt of each group, which is a child of the publishing span
*and* links to it. The link is what the messaging conventions require. The parent makes the sampling decision of the
receiver hold for the workers (ParentBased samplers do not look at links) and lets one query find the whole story.

Exceptions are recorded as their type and the code lines they passed, never with their message: a handler's error may
quote the event, and an event is personal data.
"""

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.semconv.attributes import service_attributes
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import Link, Span, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from salesloft_webhooks.errors import ConfigurationError

SYSTEM = "redis"
"""``messaging.system``; the conventions list none for Redis Streams, and allow one's own."""
DESTINATION = "events"
"""``messaging.destination.name``: the logical stream, whatever the key prefix and the number of partitions."""

_propagator = TraceContextTextMapPropagator()
_active: list[Tracer] = []


def active_tracer() -> Tracer | None:
    """The tracer of this process, or None while tracing is off."""
    return _active[-1] if _active else None


@contextmanager
def configure_tracing(role: str) -> Iterator[None]:
    """Export spans for as long as the context lasts; leaving it flushes. Does nothing unless ``OTEL_*`` asks for it.

    On when ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` or ``OTEL_TRACES_EXPORTER`` is set;
    off with ``OTEL_SDK_DISABLED=true`` or ``OTEL_TRACES_EXPORTER=none``. Protocol, headers, TLS, sampler, batching and
    resource attributes follow the OpenTelemetry specification's variables.

    Raises:
        ConfigurationError: if a variable asks for something this program does not have.
    """
    if not _wanted():
        yield
        return
    provider = TracerProvider(resource=_resource(role))
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    # Also the global one, so that instrumented libraries in handlers join our traces.
    trace.set_tracer_provider(provider)
    _active.append(provider.get_tracer("salesloft_webhooks", schema_url=Schemas.V1_44_0.value))
    try:
        yield
    finally:
        _active.pop()
        provider.shutdown()


def _wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter == "none":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return bool(exporter) or any(os.environ.get(name) for name in names)


def _resource(role: str) -> Resource:
    """Ours first, so that ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` win."""
    ours = Resource.create(
        {
            service_attributes.SERVICE_NAME: f"salesloft-webhooks-{role}",
            service_attributes.SERVICE_NAMESPACE: "salesloft-webhooks",
        }
    )
    return ours.merge(OTELResourceDetector().detect())


def _exporter() -> SpanExporter:
    if (exporter := os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip()) != "otlp":
        raise ConfigurationError(f"OTEL_TRACES_EXPORTER: only otlp and none are known, not {exporter!r}")
    names = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    variable = next((name for name in names if os.environ.get(name)), names[-1])
    protocol = os.environ.get(variable) or "http/protobuf"
    # Imported here: gRPC alone costs tens of megabytes and a tenth of a second that nobody should pay unasked.
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415 - see above
            OTLPSpanExporter as GrpcExporter,
        )

        return GrpcExporter()
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - see above
            OTLPSpanExporter as HttpExporter,
        )

        return HttpExporter()
    raise ConfigurationError(f"{variable}: grpc and http/protobuf are known, not {protocol!r}")


def remote_context(headers: Iterable[tuple[bytes, bytes]]) -> otel_context.Context:
    """The context a request came with (W3C ``traceparent`` and ``tracestate``), or an empty one."""
    carrier = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in ((name.lower(), value) for name, value in headers)
        if name in (b"traceparent", b"tracestate")
    }
    return _propagator.extract(carrier, otel_context.Context())


def stored_context(traceparent: str) -> otel_context.Context:
    """The context that was stored with an entry, or an empty one."""
    return _propagator.extract({"traceparent": traceparent}, otel_context.Context())


def traceparent_of(span: Span) -> str:
    """The W3C header value that refers to ``span``."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span, otel_context.Context()))
    return carrier.get("traceparent", "")


def links_to(context: otel_context.Context) -> Sequence[Link]:
    """A link to the span a context refers to; none if it refers to none."""
    span_context = trace.get_current_span(context).get_span_context()
    return [Link(span_context)] if span_context.is_valid else []


def record_error(span: Span, error: BaseException) -> None:
    """Mark ``span`` as failed: the type of ``error`` and the code lines it passed, without its message."""
    name = error_type(error)
    frames = "".join(traceback.format_tb(error.__traceback__))
    span.set_attribute("error.type", name)
    span.add_event("exception", {"exception.type": name, "exception.stacktrace": frames})
    span.set_status(Status(StatusCode.ERROR, name))


def error_type(error: BaseException) -> str:
    """The name of an error's type, with its module unless that says nothing."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
