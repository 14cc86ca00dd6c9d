"""What the receiver reports: one span per delivery, group commits, durability, and the store's state."""

from collections.abc import Iterable, Iterator, Sequence

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.telemetry.delivery_span import DeliverySpan, SourceMetrics
from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import BATCH_SIZES, CALL_SECONDS, RECEIVER, Cache, expose, gauge, histogram
from salesloft_webhooks.telemetry.store_telemetry import StoreTelemetry
from salesloft_webhooks.telemetry.throttle import Throttle
from salesloft_webhooks.telemetry.tracing import active_tracing
from salesloft_webhooks.telemetry.tracing.off import UNTRACED_DELIVERY

Headers = Iterable[tuple[bytes, bytes]]

PUBLISH_BATCH = histogram(
    RECEIVER, "publish_batch_deliveries", "Deliveries that one group commit carried.", buckets=BATCH_SIZES
)
PUBLISH_SECONDS = histogram(
    RECEIVER, "publish_duration_seconds", "Time of one group commit, durability included.", buckets=CALL_SECONDS
)
DURABILITY_DEGRADED = gauge(
    RECEIVER, "durability_degraded", "1 while the server's persistence is weaker than what a 200 promises, else 0."
)


class ReceiverTelemetry(StoreTelemetry):
    """The receiver's verbs. Construct it inside `configure_tracing`; one per process.

    Args:
        sources: Names of the configured sources. Their counters exist from the start, so that a source that gets no
            delivery at all shows as zero instead of not at all.
    """

    def __init__(self, sources: Iterable[str] = ()) -> None:
        super().__init__("receiver", get_logger("receiver").bind())
        expose(RECEIVER)
        self._publish_batch, self._publish_seconds = PUBLISH_BATCH.labels(), PUBLISH_SECONDS.labels()
        self._throttle = Throttle()
        self._tracing = active_tracing()
        self._sources = Cache(SourceMetrics)
        for source in sources:
            _ = self._sources[source]
        self._faults: tuple[str, ...] = ()

    def delivery(self, source: str, headers: Headers, *, path: str = "") -> DeliverySpan:
        """Begin a delivery to a configured source.

        Args:
            source: The source's name, a label: never a name that the sender chose.
            headers: As ASGI has them; the trace context is read from them while tracing is on.
            path: The source's configured path, for the span.
        """
        trace = UNTRACED_DELIVERY if self._tracing is None else self._tracing.delivery(source, path, headers)
        return DeliverySpan(self._sources[source], self.log, self._throttle, trace)

    def counted(self) -> Iterator[tuple[str, DeliveryOutcome, int]]:
        """How many deliveries this process has answered, by source and outcome."""
        for name, source in self._sources.items():
            for outcome, (count, _) in source.outcomes.items():
                yield name, outcome, int(count.value)

    def seen_types(self) -> Iterator[tuple[str, str, int, float]]:
        """How many deliveries it has stored, by source and event type, and when the latest came (Unix time)."""
        for name, source in self._sources.items():
            for event_type, (stored, last) in source.event_types.items():
                yield name, event_type, int(stored.value), last.value

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit ended well."""
        self._publish_batch.observe(deliveries)
        self._publish_seconds.observe(seconds)

    def durability_examined(self, faults: Sequence[str]) -> None:
        """In what the server's persistence is weaker than it should be. Logged when it changes."""
        DURABILITY_DEGRADED.set(bool(faults))
        if tuple(faults) != self._faults:
            if faults:
                self.log.warning("durability.degraded", faults=list(faults))
            else:
                self.log.warning("durability.restored")
            self._faults = tuple(faults)
