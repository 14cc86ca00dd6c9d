"""Tracing while it is on: the exporter that ``OTEL_*`` asks for, and the spans it exports.

Loaded only then (`traces`): OpenTelemetry's SDK is a tenth of all the code a process would otherwise load.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Self

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.semconv.attributes import service_attributes
from opentelemetry.semconv.schemas import Schemas

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.tracing.attempt import AttemptTrace
from salesloft_webhooks.telemetry.tracing.batch import BatchTrace
from salesloft_webhooks.telemetry.tracing.delivery import DeliveryTrace


class Tracing:
    """Makes spans and gives them to the provider's processors; `shutdown` flushes those."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("salesloft_webhooks", schema_url=Schemas.V1_44_0.value)

    @classmethod
    def configured(cls, role: str) -> Self:
        """With the exporter that ``OTEL_*`` asks for; ``role`` becomes part of the service's name.

        Raises:
            ConfigurationError: a variable asks for something this program does not have.
        """
        provider = TracerProvider(resource=_resource(role))
        provider.add_span_processor(BatchSpanProcessor(_exporter()))
        # Also the global one, so that instrumented libraries in handlers join our traces.
        trace.set_tracer_provider(provider)
        return cls(provider)

    def delivery(self, source: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> DeliveryTrace:
        """The spans of a delivery, not begun yet."""
        return DeliveryTrace(self._tracer, source, path, headers)

    def attempt(self, group: str, event: Event) -> AttemptTrace:
        """The span of an attempt, not begun yet."""
        return AttemptTrace(self._tracer, group, event)

    def batch(self, group: str, events: Sequence[Event]) -> BatchTrace:
        """The span of a call that handles several events, not begun yet."""
        return BatchTrace(self._tracer, group, events)

    def shutdown(self) -> None:
        """Export what is left, and end."""
        self._provider.shutdown()


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
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip() != "otlp":
        raise ConfigurationError("OTEL_TRACES_EXPORTER: only otlp and none are known")
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
    raise ConfigurationError(f"{variable}: only grpc and http/protobuf are known")
