"""Spans arrive at a real collector as OpenTelemetry prescribes, and tell one delivery's story across processes."""

import os
import subprocess
import sys
import textwrap

import pytest
from opentelemetry.semconv.schemas import Schemas

from tests.support.trace_collectors import (
    CONSUMER,
    PRODUCER,
    SERVER,
    Received,
    grpc_collector,
    http_collector,
)

RECEIVER = """
    from salesloft_webhooks.telemetry import ReceiverTelemetry, configure_tracing
    from salesloft_webhooks.errors import *
    with configure_tracing("receiver"):
        telemetry = ReceiverTelemetry()
        with telemetry.delivery("default", HEADERS, path="/webhooks/salesloft") as delivery:
            delivery.verified(dialect="native", key_index=0)
            print(delivery.traceparent)
            delivery.stored("person.updated", duplicate=False)
"""
WORKER = """
    import sys
    from datetime import UTC, datetime
    from salesloft_webhooks.events import Event
    from salesloft_webhooks.telemetry import WorkerTelemetry, configure_tracing
    with configure_tracing("worker"):
        telemetry = WorkerTelemetry("crm")
        event = Event("person.updated/1", "person.updated", "", "default", datetime.now(UTC), b"{}",
                      attempt=ATTEMPT, group="crm", traceparent=TRACEPARENT)
        with telemetry.attempt(event) as attempt:
            try:
                END
            except ValueError as exc:
                attempt.retried(exc, after_seconds=1)
"""
FAILS, SUCCEEDS = 'raise ValueError("no account for jane@example.com")', "attempt.done()"
INCOMING = f"00-{'a' * 32}-{'b' * 16}-01"


def run(program: str, **environment: str) -> str:
    """The standard output of a Python process that runs ``program`` with these variables."""
    completed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return completed.stdout.splitlines()[0] if completed.stdout else ""


def receive(headers: str = "[]", **environment: str) -> str:
    """One delivery in a receiver process of its own; returns the traceparent it stores."""
    return run(RECEIVER.replace("HEADERS", headers), **environment)


def attempt(traceparent: str, *, number: int, end: str, **environment: str) -> None:
    """One attempt in a worker process of its own."""
    values = {"ATTEMPT": str(number), "TRACEPARENT": repr(traceparent), "END": end}
    program = WORKER
    for name, value in values.items():
        program = program.replace(name, value)
    run(program, **environment)


def story(**environment: str) -> None:
    """One delivery, an attempt that fails, an attempt that succeeds: three processes."""
    traceparent = receive(**environment)
    attempt(traceparent, number=1, end=FAILS, **environment)
    attempt(traceparent, number=2, end=SUCCEEDS, **environment)


def assert_one_story(collector: Received) -> None:
    """The spans of `story` hang together: request, publish, and two attempts linked to the publishing span."""
    request, publish, first, second = collector.spans
    assert [each.span.kind for each in collector.spans] == [SERVER, PRODUCER, CONSUMER, CONSUMER]
    assert len({each.span.trace_id for each in collector.spans}) == 1
    assert publish.span.parent_span_id == request.span.span_id
    for each in (first, second):
        assert each.span.parent_span_id == publish.span.span_id
        assert [link.span_id for link in each.span.links] == [publish.span.span_id]
    assert [each.service for each in collector.spans] == ["salesloft-webhooks-receiver"] * 2 + [
        "salesloft-webhooks-worker"
    ] * 2
    assert (first.span.status.code, second.span.status.code) == (2, 0)


def test_one_delivery_is_one_story_over_http() -> None:
    """Receiver and two worker processes export to OTLP/HTTP; their spans form one trace, a retry included."""
    with http_collector() as collector:
        story(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    assert_one_story(collector)


def test_one_delivery_is_one_story_over_grpc() -> None:
    """The same over OTLP/gRPC, chosen by the standard variable."""
    with grpc_collector() as collector:
        story(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")

    assert_one_story(collector)


def test_spans_follow_the_messaging_conventions() -> None:
    """Names, kinds and attributes are those of the current semantic conventions, and say which version that is."""
    with http_collector() as collector:
        story(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    request, publish, first, _ = collector.spans
    assert request.span.name == "POST /webhooks/salesloft"
    assert request.attributes["http.response.status_code"] == 200
    assert publish.span.name == "publish events"
    assert publish.attributes["messaging.system"] == "redis"
    assert publish.attributes["messaging.operation.type"] == "send"
    assert first.span.name == "process events"
    assert first.attributes["messaging.operation.type"] == "process"
    assert first.attributes["messaging.consumer.group.name"] == "crm"
    assert first.attributes["messaging.message.id"] == "person.updated/1"
    assert {each.schema_url for each in collector.spans} == {Schemas.V1_44_0.value}


def test_errors_are_recorded_without_what_they_say() -> None:
    """A failed attempt names the type of its error and where it happened; its message may quote the event."""
    with http_collector() as collector:
        story(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    failed = collector.spans[2]
    (exception,) = failed.span.events
    assert failed.attributes["error.type"] == "ValueError"
    assert {pair.key for pair in exception.attributes} == {"exception.type", "exception.stacktrace"}
    assert all(b"jane" not in request.SerializeToString() for request in collector.requests)


def test_the_callers_context_is_continued() -> None:
    """A request that comes with a W3C traceparent becomes part of the caller's trace."""
    with http_collector() as collector:
        receive(f'[(b"TraceParent", b"{INCOMING}")]', OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    request, publish = collector.spans
    assert request.span.parent_span_id.hex() == "b" * 16
    assert request.span.trace_id.hex() == publish.span.trace_id.hex() == "a" * 32


@pytest.mark.parametrize("value", ["garbage", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "é" * 600], ids=ascii)
def test_a_malformed_context_starts_a_new_trace(value: str) -> None:
    """Whatever a sender writes into traceparent, the delivery is served and traced by itself."""
    with http_collector() as collector:
        receive(f'[(b"traceparent", {value.encode()!r})]', OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    assert collector.spans[0].span.parent_span_id == b""


@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, id="our-own-sampler"),
        pytest.param({"INCOMING": INCOMING[:-1] + "0"}, id="the-callers-flag"),
    ],
)
def test_sampling_is_respected_across_processes(sampler: dict[str, str]) -> None:
    """A delivery that is not sampled is not exported, and neither are its attempts in other processes."""
    incoming = sampler.pop("INCOMING", "")
    headers = f'[(b"traceparent", b"{incoming}")]' if incoming else "[]"
    with http_collector() as collector:
        traceparent = receive(headers, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **sampler)
        attempt(traceparent, number=1, end=SUCCEEDS, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    sampled = int(traceparent.rpartition("-")[2], base=16) & 1
    assert not sampled
    assert collector.spans == []


def test_standard_variables_decide() -> None:
    """Endpoint of the signal, headers, service name and resource attributes come from OTEL_* and win over ours."""
    with http_collector() as collector:
        receive(
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.endpoint}/v1/traces",
            OTEL_EXPORTER_OTLP_HEADERS="x-tenant=planted",
            OTEL_SERVICE_NAME="mine",
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test",
        )

    assert collector.spans[0].service == "mine"
    assert collector.spans[0].resource["deployment.environment.name"] == "test"
    assert {name.lower(): value for name, value in collector.headers[0].items()}["x-tenant"] == "planted"


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="nothing-set"),
        pytest.param({"OTEL_SDK_DISABLED": "true"}, id="sdk-disabled"),
        pytest.param({"OTEL_TRACES_EXPORTER": "none"}, id="exporter-none"),
    ],
)
def test_tracing_can_be_off(environment: dict[str, str]) -> None:
    """Without OTEL_* nothing is exported or stored, and each standard way of switching off works."""
    with http_collector() as collector:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint} if environment else {}
        traceparent = receive(**environment, **endpoint)

    assert traceparent == ""
    assert collector.requests == []


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon"}, "OTLP_PROTOCOL"),
    ],
    ids=["exporter", "protocol"],
)
def test_what_we_do_not_have_is_refused_by_name(environment: dict[str, str], named: str) -> None:
    """A variable that asks for an exporter or protocol we lack stops the start, naming itself."""
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        receive(**environment)

    assert "ConfigurationError" in stopped.value.stderr
    assert named in stopped.value.stderr


def test_a_collector_that_is_down_costs_nothing_but_the_spans() -> None:
    """Deliveries are served and the process ends in good time although nobody listens at the endpoint."""
    traceparent = receive(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_TIMEOUT="1")

    assert traceparent.startswith("00-")
