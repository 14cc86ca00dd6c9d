"""What telemetry costs on the hot path, beside what a delivery costs in all: promised below 5 % with tracing off."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bench.load import Order
from bench.options import Options
from bench.sections.receive import ours
from bench.slices import Measured, Stage
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReceiverTelemetry, configure_logging, tracing
from salesloft_webhooks.telemetry.tracing.sdk import Tracing

HEADERS = [
    (b"host", b"hooks.example.com"),
    (b"content-type", b"application/json"),
    (b"x-salesloft-timestamp", b"1772857574"),
    (b"x-salesloft-signature", b"0" * 64),
]
BATCH = 20
"""Deliveries to a group commit, about what the receiver reaches under load."""


def run(options: Options) -> Stage:
    """Measure a whole delivery, and the verbs that a receiver says about one, its share of a commit included."""
    stage = Stage("telemetry", options)
    configure_logging(Settings.load(), "bench")
    count = round(10_000 * options.scale)
    with ours({}, "memory") as receiver:
        receiver.warm()

        def whole(number: int) -> Measured:
            return {"cpu us": receiver.measure(Order(port=0, count=count, run=number))["cpu us"]}

        stage.interleave(
            {
                "a delivery": whole,
                "telemetry of it": lambda _: {"cpu us": _verbs(count)},
                "telemetry, traced": lambda _: _traced_verbs(),
            }
        )
    return stage


def _verbs(count: int) -> float:
    """CPU microseconds that the verbs of one accepted delivery take, on average over ``count``."""
    telemetry = ReceiverTelemetry(["default"])
    began = time.process_time()
    for number in range(count):
        with telemetry.delivery("default", HEADERS, path="/webhooks/salesloft") as span:
            span.verified(dialect="native", key_index=0)
            _ = span.traceparent
            span.stored("email.updated", duplicate=False)
        if number % BATCH == 0:
            telemetry.published(deliveries=BATCH, seconds=0.001)
    return (time.process_time() - began) / count * 1e6


def _traced_verbs() -> Measured:
    """What making the spans costs as well: a choice, and samplers scale it."""
    with _traced():
        return {"cpu us": _verbs(2_000)}


@contextmanager
def _traced() -> Iterator[None]:
    """Spans are made and kept in memory for as long as it lasts."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    tracing._active.append(Tracing(provider))  # noqa: SLF001 - without a collector and its network
    try:
        yield
    finally:
        tracing._active.pop().shutdown()  # noqa: SLF001 - see above
