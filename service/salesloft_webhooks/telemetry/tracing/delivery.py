"""The spans of one delivery: the server span of the request and the span that publishes the event."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.semconv._incubating.attributes import messaging_attributes as messaging
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.attributes import url_attributes as url
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.telemetry.tracing.context import (
    DESTINATION,
    SYSTEM,
    record_error,
    remote_context,
    traceparent_of,
)

if TYPE_CHECKING:
    from contextvars import Token

SOURCE = "salesloft.source"


class DeliveryTrace:
    """The spans of a delivery while tracing is on."""

    def __init__(self, tracer: Tracer, source: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._tracer = tracer
        self._name = f"POST {path}".rstrip()
        self._attributes = {http.HTTP_REQUEST_METHOD: "POST", SOURCE: source}
        if path:
            self._attributes |= {http.HTTP_ROUTE: path, url.URL_PATH: path}
        self._parent = remote_context(headers)
        self._server: Span = trace.INVALID_SPAN
        self._publish: Span | None = None
        self._token: Token[otel_context.Context] | None = None

    def start(self) -> None:
        """Begin the server span and make it current, so that log lines carry its ids."""
        self._server = self._tracer.start_span(
            self._name,
            self._parent,
            kind=SpanKind.SERVER,
            attributes=self._attributes,
        )
        self._token = otel_context.attach(trace.set_span_in_context(self._server, self._parent))

    def publish(self) -> str:
        """Begin the publishing span, once, and return the context that refers to it."""
        if self._publish is None:
            self._publish = self._tracer.start_span(
                f"publish {DESTINATION}",
                trace.set_span_in_context(self._server, self._parent),
                kind=SpanKind.PRODUCER,
                attributes={
                    messaging.MESSAGING_SYSTEM: SYSTEM,
                    messaging.MESSAGING_DESTINATION_NAME: DESTINATION,
                    messaging.MESSAGING_OPERATION_NAME: "publish",
                    messaging.MESSAGING_OPERATION_TYPE: messaging.MessagingOperationTypeValues.SEND.value,
                },
            )
        return traceparent_of(self._publish)

    def annotate(self, name: str, value: str) -> None:
        """Set an attribute on every span of the delivery that has begun."""
        for span in (self._server, self._publish):
            if span is not None:
                span.set_attribute(name, value)

    def end(self, outcome: DeliveryOutcome, error: BaseException | None) -> None:
        """End all spans. Server errors mark them as failed; a refusal is no failure of ours."""
        self.annotate("salesloft.outcome", outcome)
        if outcome.status:
            self._server.set_attribute(http.HTTP_RESPONSE_STATUS_CODE, outcome.status)
        for span in (self._publish, self._server):
            if span is None:
                continue
            if error is not None and outcome is DeliveryOutcome.ERROR:
                record_error(span, error)
            elif outcome.status >= 500:
                span.set_status(Status(StatusCode.ERROR, outcome))
            span.end()
        if self._token is not None:
            otel_context.detach(self._token)
