"""What telemetry costs on the hot path, beside what a delivery costs in all.

    .venv/bin/python -m bench.telemetry

In one run, on this machine: the CPU time that a real receiver process spends on a delivery (telemetry included), and
the CPU time of exactly the verbs it says about one, its share of a group commit included. The promise is a share
below 5 % with tracing off. What making the spans costs with tracing on is shown as well: it is a choice, and samplers
scale it.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bench.receiver import deliveries, measure, running
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
PROMISED_SHARE = 0.05


def verbs(count: int) -> float:
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


@contextmanager
def traced() -> Iterator[None]:
    """Spans are made and kept in memory for as long as it lasts."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    tracing._active.append(Tracing(provider))  # noqa: SLF001 - without a collector and its network
    try:
        yield
    finally:
        tracing._active.pop().shutdown()  # noqa: SLF001 - see above


def main() -> None:
    """Measure both and print the share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    configure_logging(Settings.load(), "bench")
    with running(None) as receiver:
        measure(receiver, deliveries(2_000, 0), arguments.connections)
        figures = measure(receiver, deliveries(arguments.deliveries, 1), arguments.connections)
        verbs(2_000)
        off = verbs(arguments.deliveries)
    with traced():
        on = verbs(2_000)
    whole = figures.user_microseconds + figures.system_microseconds
    share = off / whole
    print(f"receiver: {figures.per_second} deliveries/s, {whole:.1f} us CPU each")
    print(f"telemetry: {off:.2f} us of it ({share:.1%}; promised below {PROMISED_SHARE:.0%})")
    print(f"with every delivery traced: {on:.1f} us")
    assert share < PROMISED_SHARE  # noqa: S101 - a benchmark that fails loudly


if __name__ == "__main__":
    main()
