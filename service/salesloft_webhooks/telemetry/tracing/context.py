"""What all our spans have in common: how they refer to each other across processes, and how errors stand in them.

Loaded only while tracing is on, like everything here that imports OpenTelemetry (`tracing`).
"""

import traceback
from collections.abc import Iterable, Sequence

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Link, Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from salesloft_webhooks.errors import error_type

SYSTEM = "redis"
"""``messaging.system``; the conventions list none for Redis Streams, and allow one's own."""
DESTINATION = "events"
"""``messaging.destination.name``: the logical stream, whatever the key prefix and the number of partitions."""

_propagator = TraceContextTextMapPropagator()


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
