"""What the backfill reports: how many of SalesLoft's changes came by webhook, how late, and how many it has fetched."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import AGE_SECONDS, BACKFILL, counter, expose, gauge, histogram

log = get_logger(__name__)


class Found(StrEnum):
    """How a change that stands in a list had come."""

    ARRIVED = "arrived"
    """By its webhook."""
    MISSED = "missed"
    """By no webhook: the backfill has published it."""
    UNREADABLE = "unreadable"
    """Not at all: it cannot be read as an event, and lies in quarantine."""


class BackfillState(StrEnum):
    """How a resource gets on."""

    FOLLOWING = "following"
    """All there was has been read."""
    CATCHING_UP = "catching_up"
    """There is more to read."""
    IDLE = "idle"
    """None of its events is subscribed or wanted, so it is not read."""
    FAILING = "failing"
    """SalesLoft's API cannot be reached, fails, or has no units left; or the store does."""
    UNAUTHORIZED = "unauthorized"
    """SalesLoft takes none of our credentials."""
    FORBIDDEN = "forbidden"
    """The credentials may not read this list."""
    UNRELIABLE = "unreliable"
    """The list does not do what it is asked for, so that its cursor must not move."""
    TOO_OLD = "too_old"
    """What is to be read was handled so long ago that nobody remembers it."""


CHANGES = counter(
    BACKFILL,
    "backfill_changes_total",
    "Changes found in SalesLoft's lists, each counted once: arrived by its webhook, missed, or unreadable.",
    "resource",
    "found",
)
DELAY = histogram(
    BACKFILL,
    "backfill_change_delay_seconds",
    "From a change, by SalesLoft's clock, until the store had it, by its clock: by webhook (arrived) or by backfill.",
    "found",
    buckets=AGE_SECONDS,
)
READ_UNTIL = gauge(
    BACKFILL,
    "backfill_read_until_timestamp_seconds",
    "Until when a list has been read to its end (Unix time, SalesLoft's clock); never yet: since when that is tried.",
    "resource",
)
KEPT_SINCE = gauge(
    BACKFILL,
    "backfill_kept_since_timestamp_seconds",
    "Since when the store keeps a list's cursor (Unix time, by the store's clock). It moves when the store loses it.",
    "resource",
)
STATE = gauge(BACKFILL, "backfill_state", "1 for the state that a resource is in, else 0.", "resource", "state")
LEADER = gauge(BACKFILL, "backfill_leader", "1 while this process is the one that reads the lists, else 0.")
PAGES = counter(
    BACKFILL, "backfill_pages_total", "Pages of lists that were read.", "resource", unshown="finding out what it costs"
)
TIES_CUT = counter(
    BACKFILL,
    "backfill_ties_cut_total",
    "Bulk changes of more than 50,000 records with one time, of which not all were read.",
    "resource",
)
YIELDED = counter(
    BACKFILL,
    "backfill_yielded_seconds_total",
    "Time in which nothing was published, by why: live events go first, or the store's memory is short.",
    "by",
    unshown="finding out why the backfill takes so long",
)


class BackfillTelemetry:
    """The verbs of a backfill.

    Args:
        resources: What it reads: their counters exist from the start, so that the first loss is an increase.
    """

    def __init__(self, resources: Iterable[str]) -> None:
        expose(BACKFILL)
        self._states: dict[str, BackfillState] = {}
        self._resources = tuple(resources)
        for resource in self._resources:
            for found in Found:
                CHANGES.labels(resource, found)
            TIES_CUT.labels(resource)

    def leading(self, *, leads: bool) -> None:
        """Whether this process reads the lists. One that does not says nothing about them."""
        LEADER.set(leads)
        if leads:
            return
        self._states.clear()
        for resource in self._resources:
            READ_UNTIL.remove(resource)
            KEPT_SINCE.remove(resource)
            for state in BackfillState:
                STATE.remove(resource, state)

    def page_read(self, resource: str) -> None:
        """A page was read."""
        PAGES.labels(resource).inc()

    def counted(self, resource: str, counts: Mapping[Found, int], delays: Iterable[tuple[Found, float]]) -> None:
        """Changes were found and are written down as such."""
        for found, count in counts.items():
            CHANGES.labels(resource, found).inc(count)
        for found, seconds in delays:
            DELAY.labels(found).observe(max(seconds, 0.0))

    def read_until(self, resource: str, until: datetime) -> None:
        """A list was read to its end."""
        READ_UNTIL.labels(resource).set(until.timestamp())

    def kept_since(self, resource: str, since: datetime) -> None:
        """Since when the store keeps the cursor of a list."""
        KEPT_SINCE.labels(resource).set(since.timestamp())

    def state(self, resource: str, state: BackfillState, reason: str = "") -> None:
        """How a resource gets on. Logged when it changes."""
        for each in BackfillState:
            STATE.labels(resource, each).set(each is state)
        if state is BackfillState.IDLE:
            READ_UNTIL.remove(resource)  # what nobody reads is not behind
        if self._states.get(resource) is not state:
            quiet = state in {BackfillState.FOLLOWING, BackfillState.CATCHING_UP, BackfillState.IDLE}
            if quiet:
                log.info("backfill.state", resource=resource, state=state, reason=reason)
            else:
                log.warning("backfill.state", resource=resource, state=state, reason=reason)
            self._states[resource] = state

    def tie_cut(self, resource: str) -> None:
        """Not all rows of one time were read."""
        TIES_CUT.labels(resource).inc()
        log.error("backfill.tie_cut", resource=resource)

    def yielded(self, by: str, seconds: float) -> None:
        """Nothing was published for so long."""
        YIELDED.labels(by).inc(seconds)
