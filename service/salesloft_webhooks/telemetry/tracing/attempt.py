"""The span of one attempt: a child of the delivery that published the event, and linked to it."""

from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.semconv._incubating.attributes import messaging_attributes as messaging
from opentelemetry.trace import Span, SpanKind, Tracer

from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.labels import AttemptOutcome
from salesloft_webhooks.telemetry.tracing.context import DESTINATION, SYSTEM, links_to, record_error, stored_context

if TYPE_CHECKING:
    from contextvars import Token


class AttemptTrace:
    """The span of an attempt while tracing is on."""

    def __init__(self, tracer: Tracer, group: str, event: Event) -> None:
        self._tracer = tracer
        self._group = group
        self._event = event
        self._span: Span = trace.INVALID_SPAN
        self._token: Token[otel_context.Context] | None = None

    def start(self) -> None:
        """Begin the span and make it current: a handler's own spans become its children."""
        delivery = stored_context(self._event.traceparent)
        self._span = self._tracer.start_span(
            f"process {DESTINATION}",
            delivery,
            kind=SpanKind.CONSUMER,
            links=links_to(delivery),
            attributes={
                messaging.MESSAGING_SYSTEM: SYSTEM,
                messaging.MESSAGING_DESTINATION_NAME: DESTINATION,
                messaging.MESSAGING_OPERATION_NAME: "process",
                messaging.MESSAGING_OPERATION_TYPE: messaging.MessagingOperationTypeValues.PROCESS.value,
                messaging.MESSAGING_CONSUMER_GROUP_NAME: self._group,
                messaging.MESSAGING_MESSAGE_ID: self._event.event_id,
                "salesloft.event.type": self._event.event_type,
                "salesloft.attempt": self._event.attempt,
            },
        )
        self._token = otel_context.attach(trace.set_span_in_context(self._span, delivery))

    @property
    def trace_id(self) -> str:
        """As W3C writes it: 32 hexadecimal digits."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def failed(self, error: BaseException) -> None:
        """The handler raised ``error``."""
        record_error(self._span, error)

    def end(self, outcome: AttemptOutcome, error: BaseException | None) -> None:
        """End the span."""
        self._span.set_attribute("salesloft.outcome", outcome)
        if error is not None and outcome is AttemptOutcome.LOST:
            record_error(self._span, error)
        self._span.end()
        if self._token is not None:
            otel_context.detach(self._token)
