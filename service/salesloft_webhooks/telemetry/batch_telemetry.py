"""What calls report that handle several events at once; each event's own end is reported by its attempt."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.metrics import BATCH_SIZES, HANDLER_SECONDS, WORKER, histogram
from salesloft_webhooks.telemetry.tracing import active_tracing

BATCH_EVENTS = histogram(
    WORKER,
    "handler_batch_events",
    "Events in one call of a batch handler.",
    "group",
    buckets=BATCH_SIZES,
    unshown="choosing `max_size` and `max_wait` of a batch handler",
)
BATCH_SECONDS = histogram(
    WORKER,
    "handler_batch_duration_seconds",
    "Run time of one call of a batch handler; an attempt's time has the wait for company in it.",
    "group",
    buckets=HANDLER_SECONDS,
    unshown="telling a slow batch handler from a long wait for company",
)


class BatchTelemetry:
    """Construct it inside `configure_tracing`; one per group and process will do."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._tracing = active_tracing()
        self._events = BATCH_EVENTS.labels(group)
        self._seconds = BATCH_SECONDS.labels(group)

    @contextmanager
    def batch(self, events: Sequence[Event]) -> Iterator[None]:
        """Around one call; everything logged inside carries its trace ids."""
        began = time.perf_counter()
        trace = None if self._tracing is None else self._tracing.batch(self._group, events)
        if trace is not None:
            trace.start()
        try:
            yield
        finally:
            self._events.observe(len(events))
            self._seconds.observe(time.perf_counter() - began)
            if trace is not None:
                trace.end()
