"""What a worker reports: one span per attempt, what it takes and settles, and the store's state."""

from collections import Counter
from collections.abc import Callable, Sequence

from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.attempt_span import AttemptSpan, GroupMetrics
from salesloft_webhooks.telemetry.labels import DeadLetterReason
from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import (
    AGE_SECONDS,
    BATCH_SIZES,
    CALL_SECONDS,
    WORKER,
    counter,
    expose,
    gauge,
    histogram,
)
from salesloft_webhooks.telemetry.store_telemetry import StoreTelemetry
from salesloft_webhooks.telemetry.throttle import Throttle
from salesloft_webhooks.telemetry.tracing import active_tracing
from salesloft_webhooks.telemetry.tracing.off import UNTRACED_ATTEMPT

LOOP_BLOCKED = counter(
    WORKER, "loop_blocked", "Times that a handler kept the event loop from running anything else.", "group"
)
IN_FLIGHT = gauge(WORKER, "attempts_in_flight", "Attempts running in this process now.", "group")
ENTRIES_TAKEN = counter(WORKER, "entries_taken", "Entries taken to be run.", "group")
ENTRIES_SKIPPED = counter(
    WORKER, "entries_skipped", "Entries that needed no run: already done by the group, or not for it.", "group"
)
TAKE_SECONDS = histogram(
    WORKER, "take_duration_seconds", "Time of one call that takes entries.", "group", buckets=CALL_SECONDS
)
SETTLE_BATCH = histogram(WORKER, "settle_batch_outcomes", "Attempts settled by one call.", "group", buckets=BATCH_SIZES)
SETTLE_SECONDS = histogram(
    WORKER, "settle_duration_seconds", "Time of one call that settles.", "group", buckets=CALL_SECONDS
)

HELD_UP_SECONDS = counter(
    WORKER,
    "held_up_seconds",
    "Time that loops of this process have waited for permits, because of the limits of the group.",
    "group",
    "limit",
)
FOLLOW_UPS_LATE = histogram(
    WORKER,
    "follow_up_late_seconds",
    "How long after its time a follow-up became an entry that workers take.",
    "group",
    buckets=AGE_SECONDS,
    unshown="judging whether follow-ups come in time",
)


FOLLOW_UPS_REFUSED = counter(
    WORKER,
    "follow_ups_refused",
    "Times that the store did not take what a handler wanted of a follow-up, so that its event comes again.",
    "group",
    unshown="finding out why events that ask for follow-ups come again and again",
)


class WorkerTelemetry(StoreTelemetry):
    """A worker's verbs. Construct it inside `configure_tracing`; one per group and process."""

    def __init__(self, group: str) -> None:
        super().__init__("worker", get_logger("worker").bind())
        expose(WORKER)
        self.group = group
        self._metrics = GroupMetrics(group)
        self._tracing = active_tracing()
        self._in_flight = IN_FLIGHT.labels(group)
        self._blocked = LOOP_BLOCKED.labels(group)
        self._taken = ENTRIES_TAKEN.labels(group)
        self._skipped = ENTRIES_SKIPPED.labels(group)
        self._take_seconds = TAKE_SECONDS.labels(group)
        self._settle_batch = SETTLE_BATCH.labels(group)
        self._settle_seconds = SETTLE_SECONDS.labels(group)
        self._late = FOLLOW_UPS_LATE.labels(group)
        self._refused = FOLLOW_UPS_REFUSED.labels(group)
        self._held_up = {limit: HELD_UP_SECONDS.labels(group, limit) for limit in ("running", "rate")}
        self._throttle = Throttle()

    def attempt(self, event: Event) -> AttemptSpan:
        """Begin an attempt; everything logged inside carries its trace ids."""
        trace = UNTRACED_ATTEMPT if self._tracing is None else self._tracing.attempt(self.group, event)
        return AttemptSpan(self._metrics, self.log, event, trace)

    def taken(self, *, entries: int, skipped: int, seconds: float) -> None:
        """One call took ``entries`` to run; ``skipped`` needed no run."""
        if entries or skipped:
            self._taken.inc(entries)
            self._skipped.inc(skipped)
        self._take_seconds.observe(seconds)

    def handed_over(self, *, entries: int) -> None:
        """A call that settled gave ``entries`` to run, each the next of a lane."""
        self._taken.inc(entries)

    def settled(self, *, outcomes: int, seconds: float) -> None:
        """One call settled ``outcomes`` attempts."""
        self._settle_batch.observe(outcomes)
        self._settle_seconds.observe(seconds)

    def lease_lost(self, event_type: str) -> None:
        """An attempt outlived its lease: another consumer runs the event again."""
        self._metrics.event_type(event_type).leases_lost.inc()
        self.log.warning("lease.lost", group=self.group, event_type=event_type)

    def loop_blocked(self, handler: str, *, where: str) -> None:
        """A handler blocks the event loop, and with it every other one; ``where``: the line it is at."""
        self._blocked.inc()
        self.log.warning("loop.blocked", group=self.group, handler=handler, where=where)

    def poisoned(self, event_type: str) -> None:
        """An entry became a dead letter without an attempt, because it kills its workers."""
        self._metrics.event_type(event_type).dead[DeadLetterReason.POISON].inc()
        self.log.error("event.poisoned", group=self.group, event_type=event_type)

    def left_unhandled(self, event_types: Sequence[str]) -> None:
        """Entries the group wants and this process has no handler for were left to others; one type for each."""
        for event_type, entries in Counter(map(self._metrics.labels.of, event_types)).items():
            if (left_out := self._throttle.suppressed(event_type)) is not None:
                self.log.warning(
                    "event.unhandled", group=self.group, event_type=event_type, entries=entries, left_out=left_out
                )

    def unhandled_expired(self, event_types: Sequence[str]) -> None:
        """Entries became dead letters because no worker of the group had a handler for too long; one type for each."""
        for event_type in event_types:
            self._metrics.event_type(event_type).dead[DeadLetterReason.NO_HANDLER].inc()
        for event_type, entries in Counter(map(self._metrics.labels.of, event_types)).items():
            self.log.error("event.never_handled", group=self.group, event_type=event_type, entries=entries)

    def follow_ups_begun(self, partition: int, late_seconds: Sequence[float]) -> None:
        """Follow-ups were due and are entries now; how long after its time each."""
        for late in late_seconds:
            self._late.observe(late)
        if late_seconds:
            self.log.info("follow_ups.begun", group=self.group, partition=partition, entries=len(late_seconds))

    def follow_ups_postponed(self, partition: int, reason: str) -> None:
        """The store could not be asked for those that are due: soon again."""
        self.log.info("follow_ups.postponed", group=self.group, partition=partition, reason=reason)

    def held_up(self, limit: str, *, seconds: float) -> None:
        """A loop had something to do and no permit for it, because of ``running`` or ``rate``."""
        if limit in self._held_up:  # else a newer worker's script names another one
            self._held_up[limit].inc(seconds)

    def follow_up_refused(self, partition: int, reason: str) -> None:
        """The store has not taken what a handler has asked for or cancelled: its event comes again."""
        self._refused.inc()
        if (left_out := self._throttle.suppressed("follow-up", str(partition))) is not None:
            self.log.warning(
                "follow_up.refused", group=self.group, partition=partition, reason=reason, left_out=left_out
            )

    def in_flight(self, count: Callable[[], int]) -> None:
        """What tells how many attempts run now: it is asked at each scrape."""
        self._in_flight.set_function(count)
