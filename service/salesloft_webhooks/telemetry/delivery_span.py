"""The span of one delivery, and the metrics it feeds. The hot path: label values are resolved once."""

import asyncio
import time
from typing import TYPE_CHECKING

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.errors import RejectionReason, StoreError, StoreRefused, UnreadableReason, error_type
from salesloft_webhooks.telemetry.labels import event_type_label
from salesloft_webhooks.telemetry.logs import Logger
from salesloft_webhooks.telemetry.measured_span import MeasuredSpan
from salesloft_webhooks.telemetry.metrics import (
    CALL_SECONDS,
    RECEIVER,
    Cache,
    counter,
    counter_of_events,
    gauge_of_events,
    histogram,
)
from salesloft_webhooks.telemetry.tally import Number
from salesloft_webhooks.telemetry.throttle import Throttle

if TYPE_CHECKING:
    from salesloft_webhooks.telemetry.tracing.delivery import DeliveryTrace
    from salesloft_webhooks.telemetry.tracing.off import UntracedDelivery

DELIVERIES = counter_of_events(RECEIVER, "deliveries", "Deliveries answered, by outcome.", "source", "outcome")
DELIVERY_SECONDS = histogram(
    RECEIVER,
    "delivery_duration_seconds",
    "Time from the request's headers to the answer being ready.",
    "source",
    "outcome",
    buckets=CALL_SECONDS,
)
SIGNATURE_FAILURES = counter(
    RECEIVER, "signature_failures", "Deliveries refused with 401, by reason.", "source", "reason"
)
SIGNATURE_MATCHES = counter_of_events(
    RECEIVER,
    "signature_matches",
    "Deliveries verified, by the position of the key that matched in its setting: 0 is the current key.",
    "source",
    "dialect",
    "key",
)
UNREADABLE = counter(RECEIVER, "unreadable", "Signed deliveries answered with 400, by reason.", "source", "reason")
EVENTS_STORED = counter_of_events(
    RECEIVER,
    "events_stored",
    "Deliveries stored for the first time, by the type of the event they carry.",
    "source",
    "event_type",
)
LAST_DELIVERY = gauge_of_events(
    RECEIVER,
    "last_delivery_timestamp_seconds",
    "When this process last stored or recognised a delivery of the type (Unix time).",
    "source",
    "event_type",
)


class SourceMetrics:
    """The metrics of one source.

    All outcomes and reasons at once: a counter that starts at zero lets Prometheus see the first failure as an
    increase, one that appears with its first failure does not.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.outcomes = {
            outcome: (DELIVERIES.labels(source, outcome), DELIVERY_SECONDS.labels(source, outcome))
            for outcome in DeliveryOutcome
        }
        self.failures = {reason: SIGNATURE_FAILURES.labels(source, reason) for reason in RejectionReason}
        self.unreadable = {reason: UNREADABLE.labels(source, reason) for reason in UnreadableReason}
        self.matches = Cache[tuple[str, int], Number](
            lambda match: SIGNATURE_MATCHES.labels(source, match[0], str(match[1]))
        )
        self.event_types = Cache[str, tuple[Number, Number]](
            lambda label: (EVENTS_STORED.labels(source, label), LAST_DELIVERY.labels(source, label))
        )


class DeliverySpan(MeasuredSpan[DeliveryOutcome]):
    """One delivery, from the request's headers to the answer. Exactly one verdict is reported before it ends.

    Without a verdict it ends as `DeliveryOutcome.ERROR`, or as ``disconnected`` when its task was cancelled.
    """

    __slots__ = ("_log", "_metrics", "_outcome", "_throttle")
    _trace: "DeliveryTrace | UntracedDelivery"

    def __init__(
        self, metrics: SourceMetrics, log: Logger, throttle: Throttle, trace: "DeliveryTrace | UntracedDelivery"
    ) -> None:
        super().__init__(trace)
        self._metrics = metrics
        self._log = log
        self._throttle = throttle
        self._outcome: DeliveryOutcome | None = None

    def _ended(self, error: BaseException | None, seconds: float) -> DeliveryOutcome:
        outcome = self._outcome
        if outcome is None:
            gone = isinstance(error, asyncio.CancelledError)
            outcome = DeliveryOutcome.DISCONNECTED if gone else DeliveryOutcome.ERROR
            if not gone:
                self._log.error(outcome.log_event, source=self._metrics.source, exc_info=error)
        count, duration = self._metrics.outcomes[outcome]
        count.inc()
        duration.observe(seconds)
        return outcome

    @property
    def traceparent(self) -> str:
        """W3C context to store with the event, empty while tracing is off. Reading it begins the publishing span."""
        return self._trace.publish()

    def verified(self, *, dialect: str, key_index: int) -> None:
        """The signature is good; ``key_index`` is the position of the key that matched, 0 the current one."""
        self._metrics.matches[dialect, key_index].inc()
        self._trace.annotate("salesloft.dialect", dialect)

    def rejected(self, reason: RejectionReason) -> None:
        """Answered with 401."""
        self._outcome = DeliveryOutcome.REJECTED
        self._metrics.failures[reason].inc()
        self._trace.annotate("salesloft.rejection.reason", reason)
        self._warn(self._outcome, reason)

    def unreadable(self, reason: UnreadableReason) -> None:
        """Answered with 400 and kept in quarantine."""
        self._outcome = DeliveryOutcome.UNREADABLE
        self._metrics.unreadable[reason].inc()
        self._trace.annotate("salesloft.unreadable.reason", reason)
        self._warn(self._outcome, reason)

    def refused(self, outcome: DeliveryOutcome) -> None:
        """Its body was not read to its end: too large, too slow, no memory left for it, or its client is gone."""
        self._outcome = outcome
        if outcome.log_event:
            self._warn(outcome)

    def stored(self, event_type: str, *, duplicate: bool) -> DeliveryOutcome:
        """Answered with 200."""
        stored, last = self._metrics.event_types[event_type_label(event_type)]
        last.value = time.time()
        if duplicate:
            self._outcome = DeliveryOutcome.DUPLICATE
        else:
            self._outcome = DeliveryOutcome.STORED
            stored.inc()
        self._trace.annotate("salesloft.event.type", event_type)
        self._log.debug(
            self._outcome.log_event, source=self._metrics.source, event_type=event_type, duplicate=duplicate
        )
        return self._outcome

    def link_swap(self, outcome: DeliveryOutcome) -> DeliveryOutcome:
        """Answered with links, or that there are none; `LinkSwapTelemetry` says more."""
        self._outcome = outcome
        return outcome

    def store_failed(self, error: StoreError) -> DeliveryOutcome:
        """Answered with 503."""
        self._outcome = DeliveryOutcome.of_store(error)
        self._trace.annotate("error.type", error_type(error))
        words = {"error": str(error)} if isinstance(error, StoreRefused) else {}
        self._warn(self._outcome, **words)
        return self._outcome

    def _warn(self, outcome: DeliveryOutcome, reason: str = "", **details: str) -> None:
        event, source, reason = outcome.log_event, self._metrics.source, reason or outcome
        if (suppressed := self._throttle.suppressed(event, source, reason)) is not None:
            self._log.warning(event, source=source, reason=reason, suppressed=suppressed, **details)
