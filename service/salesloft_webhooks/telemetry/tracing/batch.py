"""The span of a call that handles several events at once: a trace of its own, linked to each delivery."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.semconv._incubating.attributes import messaging_attributes as messaging
from opentelemetry.trace import Span, SpanKind, Tracer

from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.tracing.context import DESTINATION, SYSTEM, links_to, stored_context

if TYPE_CHECKING:
    from contextvars import Token


class BatchTrace:
    """The span of a call while tracing is on. How each event ended stands in the span of its attempt."""

    def __init__(self, tracer: Tracer, group: str, events: Sequence[Event]) -> None:
        self._tracer = tracer
        self._group = group
        self._events = events
        self._span: Span = trace.INVALID_SPAN
        self._token: Token[otel_context.Context] | None = None

    def start(self) -> None:
        """Begin the span and make it current: a handler's own spans become its children."""
        links = [link for event in self._events for link in links_to(stored_context(event.traceparent))]
        self._span = self._tracer.start_span(
            f"process {DESTINATION}",
            otel_context.Context(),  # of no single event
            kind=SpanKind.CONSUMER,
            links=links,
            attributes={
                messaging.MESSAGING_SYSTEM: SYSTEM,
                messaging.MESSAGING_DESTINATION_NAME: DESTINATION,
                messaging.MESSAGING_OPERATION_NAME: "process",
                messaging.MESSAGING_OPERATION_TYPE: messaging.MessagingOperationTypeValues.PROCESS.value,
                messaging.MESSAGING_CONSUMER_GROUP_NAME: self._group,
                messaging.MESSAGING_BATCH_MESSAGE_COUNT: len(self._events),
            },
        )
        self._token = otel_context.attach(trace.set_span_in_context(self._span, otel_context.Context()))

    def end(self) -> None:
        """End the span."""
        self._span.end()
        if self._token is not None:
            otel_context.detach(self._token)
