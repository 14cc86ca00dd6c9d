"""What is reported of alerts: what people are told of, and whether it reaches them."""

from enum import StrEnum

from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import ALERTS, counter, expose, gauge

log = get_logger(__name__)


class AlertKind(StrEnum):
    """What people are told of."""

    DEAD_LETTERS = "dead_letters"
    """A group has given up on events, for a new cause."""
    PAUSED = "paused"
    """A group's breaker has paused it: its backend is down."""
    SUBSCRIPTION_DISABLED = "subscription_disabled"
    """SalesLoft does not send an event type any more."""
    MISSED = "missed"
    """The backfill has found changes that no webhook had brought."""
    SEVERAL = "several"
    """More of these than anybody wants to be told of one by one."""


class AlertDelivery(StrEnum):
    """What became of an alert on one address."""

    TAKEN = "taken"
    """The service took it."""
    REFUSED = "refused"
    """The service refused it, could not be reached or did not answer: it is tried again."""
    DROPPED = "dropped"
    """It was given up: too old, or too many wait."""


LEADER = gauge(
    ALERTS,
    "alerts_leader",
    "1 while this process is the one that tells people, else 0.",
    unshown="finding the process whose log says more",
)
RAISED = counter(
    ALERTS, "alerts_total", "Alerts that were made, by what they tell of.", "kind", unshown="how often people are told"
)
DELIVERIES = counter(
    ALERTS,
    "alert_deliveries_total",
    "Tries to deliver an alert to one address, by what became of it.",
    "delivery",
    unshown="finding out why nobody was told: an alert about it would take the same way",
)
PENDING = gauge(
    ALERTS,
    "alerts_pending",
    "Alerts that some address has not taken yet.",
    unshown="finding out why nobody was told",
)


class AlertTelemetry:
    """The verbs of whoever tells people. No address is ever named: it holds secrets."""

    def __init__(self) -> None:
        expose(ALERTS)
        for kind in AlertKind:
            RAISED.labels(kind)
        for delivery in AlertDelivery:
            DELIVERIES.labels(delivery)
        self._refused: set[str] = set()

    def leading(self, *, leads: bool) -> None:
        """Whether this process tells people."""
        LEADER.set(leads)
        if not leads:
            PENDING.set(0)

    def raised(self, kind: AlertKind) -> None:
        """People are to be told."""
        RAISED.labels(kind).inc()
        log.info("alert.raised", kind=kind)

    def pending(self, count: int) -> None:
        """So many wait for an address."""
        PENDING.set(count)

    def delivered(self, channel: str, delivery: AlertDelivery) -> None:
        """A try has ended. Logged when an address begins to fail, and when it works again."""
        DELIVERIES.labels(delivery).inc()
        if delivery is AlertDelivery.REFUSED and channel not in self._refused:
            self._refused.add(channel)
            log.warning("alert.refused", channel=channel)
        elif delivery is AlertDelivery.TAKEN and channel in self._refused:
            self._refused.discard(channel)
            log.info("alert.taken_again", channel=channel)

    def dropped(self, count: int) -> None:
        """Alerts were given up."""
        if count:
            DELIVERIES.labels(AlertDelivery.DROPPED).inc(count)
            log.error("alert.dropped", alerts=count)

    def unusable(self, reason: str) -> None:
        """The addresses cannot be used; those known before stay."""
        log.error("alert.addresses_unusable", reason=reason)

    def failed(self, error: Exception) -> None:
        """A look or a write failed; it is tried again."""
        log.warning("alert.postponed", reason=type(error).__name__, exc_info=error)
