"""The span of a batch at a real collector."""

from tests.integration.telemetry.test_traces import run
from tests.support.trace_collectors import http_collector

BATCH = """
    from datetime import UTC, datetime
    from salesloft_webhooks.events import Event
    from salesloft_webhooks.telemetry import BatchTelemetry, configure_tracing
    with configure_tracing("worker"):
        events = [Event(f"e{number}", "person.updated", "", "default", datetime.now(UTC), b"{}", traceparent=each)
                  for number, each in enumerate(TRACEPARENTS)]
        with BatchTelemetry("crm").batch(events):
            pass
"""


def test_the_span_of_a_batch_is_linked_to_each_delivery() -> None:
    """A trace of its own, with how many events there were; one without a context has no link."""
    with http_collector() as collector:
        parents = [f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-01", ""]
        run(BATCH.replace("TRACEPARENTS", repr(parents)), OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    (received,) = collector.spans

    assert [link.span_id.hex() for link in received.span.links] == ["b" * 16, "d" * 16]
    assert received.span.trace_id.hex() not in ("a" * 32, "c" * 32)
    assert received.attributes["messaging.batch.message_count"] == 3
