"""What the receiver tells: one span per delivery, the store's state. The hot path: children are resolved once."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from prometheus_client import Counter

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.errors import RejectionReason, StoreError, StoreRefused, UnreadableReason, error_type
from salesloft_webhooks.telemetry import metrics
from salesloft_webhooks.telemetry.labels import event_type_label
from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.store import StoreTelemetry
from salesloft_webhooks.telemetry.throttle import Throttle
from salesloft_webhooks.telemetry.tracing import active_tracing
from salesloft_webhooks.telemetry.tracing.off import UNTRACED_DELIVERY, UntracedDelivery

if TYPE_CHECKING:
    from salesloft_webhooks.telemetry.tracing.delivery import DeliveryTrace

Headers = Iterable[tuple[bytes, bytes]]


class _EventTypeMetrics:
    """The children of one source and event type."""

    __slots__ = ("last", "stored")

    def __init__(self, source: str, event_type: str) -> None:
        self.stored = metrics.EVENTS_STORED.labels(source, event_type)
        self.last = metrics.LAST_DELIVERY.labels(source, event_type)


class _SourceMetrics:
    """The children of one source, made at its first delivery.

    All outcomes and reasons at once: a counter that starts at zero lets Prometheus see the first failure as an
    increase, one that appears with its first failure does not.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.outcomes = {outcome: metrics.DELIVERIES.labels(source, outcome) for outcome in DeliveryOutcome}
        self.seconds = {outcome: metrics.DELIVERY_SECONDS.labels(source, outcome) for outcome in DeliveryOutcome}
        self.failures = {reason: metrics.SIGNATURE_FAILURES.labels(source, reason) for reason in RejectionReason}
        self.unreadable = {reason: metrics.UNREADABLE.labels(source, reason) for reason in UnreadableReason}
        self.matches: dict[tuple[str, int], Counter] = {}
        self._event_types: dict[str, _EventTypeMetrics] = {}

    def event_type(self, event_type: str) -> _EventTypeMetrics:
        """The children of the event type's label; `event_type_label` bounds how many there can be."""
        label = event_type_label(event_type)
        if (children := self._event_types.get(label)) is None:
            children = self._event_types[label] = _EventTypeMetrics(self.source, label)
        return children

    def match(self, dialect: str, key_index: int) -> Counter:
        """The counter of the key at a position of a dialect's setting."""
        if (child := self.matches.get((dialect, key_index))) is None:
            child = self.matches[dialect, key_index] = metrics.SIGNATURE_MATCHES.labels(
                self.source, dialect, str(key_index)
            )
        return child


class DeliverySpan:
    """One delivery, from the request's headers to the answer. Exactly one verdict is told to it before it ends.

    Without a verdict it ends as `DeliveryOutcome.ERROR`, or as ``disconnected`` when its task was cancelled.
    """

    __slots__ = ("_children", "_log", "_outcome", "_started", "_throttle", "_trace")

    def __init__(
        self, owner: "ReceiverTelemetry", children: _SourceMetrics, trace: "DeliveryTrace | UntracedDelivery"
    ) -> None:
        self._children = children
        self._log = owner.log
        self._throttle = owner.throttle
        self._trace = trace
        self._outcome: DeliveryOutcome | None = None
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        self._trace.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        outcome = self._outcome
        if outcome is None:
            gone = isinstance(error, asyncio.CancelledError)
            outcome = DeliveryOutcome.DISCONNECTED if gone else DeliveryOutcome.ERROR
            if not gone:
                self._log.error(outcome.log_event, source=self._children.source, exc_info=error)
        self._children.outcomes[outcome].inc()
        self._children.seconds[outcome].observe(time.perf_counter() - self._started)
        self._trace.end(outcome, error)

    @property
    def traceparent(self) -> str:
        """W3C context to store with the event, empty while tracing is off. Reading it begins the publishing span."""
        return self._trace.publish()

    def verified(self, *, dialect: str, key_index: int) -> None:
        """The signature is good; ``key_index`` is the position of the key that matched, 0 the current one."""
        self._children.match(dialect, key_index).inc()
        self._trace.annotate("salesloft.dialect", dialect)

    def rejected(self, reason: RejectionReason) -> None:
        """Answered with 401."""
        self._outcome = DeliveryOutcome.REJECTED
        self._children.failures[reason].inc()
        self._trace.annotate("salesloft.rejection.reason", reason)
        self._warn(self._outcome, reason)

    def unreadable(self, reason: UnreadableReason) -> None:
        """Answered with 400 and kept in quarantine."""
        self._outcome = DeliveryOutcome.UNREADABLE
        self._children.unreadable[reason].inc()
        self._trace.annotate("salesloft.unreadable.reason", reason)
        self._warn(self._outcome, reason)

    def refused(self, outcome: DeliveryOutcome) -> None:
        """Its body was not read to its end: too large, too slow, no memory left for it, or its client is gone."""
        self._outcome = outcome
        if outcome.log_event:
            self._warn(outcome)

    def stored(self, event_type: str, *, duplicate: bool) -> DeliveryOutcome:
        """Answered with 200."""
        children = self._children.event_type(event_type)
        children.last.set(time.time())
        if duplicate:
            self._outcome = DeliveryOutcome.DUPLICATE
        else:
            self._outcome = DeliveryOutcome.STORED
            children.stored.inc()
        self._trace.annotate("salesloft.event.type", event_type)
        self._log.debug(
            self._outcome.log_event, source=self._children.source, event_type=event_type, duplicate=duplicate
        )
        return self._outcome

    def store_failed(self, error: StoreError) -> DeliveryOutcome:
        """Answered with 503."""
        self._outcome = DeliveryOutcome.of_store(error)
        self._trace.annotate("error.type", error_type(error))
        words = {"error": str(error)} if isinstance(error, StoreRefused) else {}
        self._warn(self._outcome, **words)
        return self._outcome

    def _warn(self, outcome: DeliveryOutcome, reason: str = "", **details: str) -> None:
        event, source, reason = outcome.log_event, self._children.source, reason or outcome
        if (suppressed := self._throttle.suppressed(event, source, reason)) is not None:
            self._log.warning(event, source=source, reason=reason, suppressed=suppressed, **details)


class ReceiverTelemetry(StoreTelemetry):
    """The receiver's verbs. Construct it inside `configure_tracing`; one per process.

    Args:
        sources: Names of the configured sources. Their counters exist from the start, so that a source that gets no
            delivery at all shows as zero instead of not at all.
    """

    def __init__(self, sources: Iterable[str] = ()) -> None:
        super().__init__("receiver", get_logger("receiver").bind())
        metrics.expose(metrics.RECEIVER)
        self.throttle = Throttle()
        self._tracing = active_tracing()
        self._sources = {source: _SourceMetrics(source) for source in sources}
        self._faults: tuple[str, ...] = ()

    def delivery(self, source: str, headers: Headers, *, path: str = "") -> DeliverySpan:
        """Begin a delivery to a configured source.

        Args:
            source: The source's name, a label: never a name that the sender chose.
            headers: As ASGI has them; the trace context is read from them while tracing is on.
            path: The source's configured path, for the span.
        """
        if (children := self._sources.get(source)) is None:
            children = self._sources[source] = _SourceMetrics(source)
        trace = UNTRACED_DELIVERY if self._tracing is None else self._tracing.delivery(source, path, headers)
        return DeliverySpan(self, children, trace)

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit ended well."""
        metrics.PUBLISH_BATCH.observe(deliveries)
        metrics.PUBLISH_SECONDS.observe(seconds)

    def durability_examined(self, faults: Sequence[str]) -> None:
        """In what the server's persistence is weaker than it should be. Logged when it changes."""
        metrics.DURABILITY_DEGRADED.set(bool(faults))
        if tuple(faults) != self._faults:
            if faults:
                self.log.warning("durability.degraded", faults=list(faults))
            else:
                self.log.warning("durability.restored")
            self._faults = tuple(faults)
