"""What a worker tells: one span per attempt, what it takes and settles, how its group and the stream stand."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from salesloft_webhooks.errors import error_type
from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry import metrics
from salesloft_webhooks.telemetry.labels import AttemptOutcome, DeadLetterReason, ErrorLabels, event_type_label
from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.store import StoreTelemetry
from salesloft_webhooks.telemetry.throttle import Throttle
from salesloft_webhooks.telemetry.tracing import active_tracing
from salesloft_webhooks.telemetry.tracing.off import UNTRACED_ATTEMPT, UntracedAttempt

if TYPE_CHECKING:
    from salesloft_webhooks.telemetry.tracing.attempt import AttemptTrace


class _EventTypeMetrics:
    """The children of one group and event type. All outcomes at once, so that the first failure is an increase."""

    def __init__(self, group: str, label: str) -> None:
        self.outcomes = {outcome: metrics.ATTEMPTS.labels(group, label, outcome) for outcome in AttemptOutcome}
        self.dead = {reason: metrics.DEAD_LETTERS.labels(group, label, reason) for reason in DeadLetterReason}
        self.seconds = metrics.ATTEMPT_SECONDS.labels(group, label)
        self.leases_lost = metrics.LEASES_LOST.labels(group, label)


class AttemptSpan:
    """One run of a handler. Exactly one verb is called before it ends; without one the attempt counts as lost."""

    __slots__ = ("_children", "_event", "_outcome", "_owner", "_started", "_trace")

    def __init__(self, owner: "WorkerTelemetry", event: Event, trace: "AttemptTrace | UntracedAttempt") -> None:
        self._owner = owner
        self._event = event
        self._children = owner.event_type(event.event_type)
        self._trace = trace
        self._outcome = AttemptOutcome.LOST
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        self._trace.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._children.outcomes[self._outcome].inc()
        self._children.seconds.observe(time.perf_counter() - self._started)
        if self._outcome is AttemptOutcome.LOST:
            self._say("warning", "attempt.lost", error)
        self._trace.end(self._outcome, error)

    def done(self) -> None:
        """The handler finished."""
        self._outcome = AttemptOutcome.DONE
        self._owner.age.observe(max(0.0, self._event.age_seconds))
        self._say("debug", "attempt.done")

    def retried(self, error: BaseException, *, after_seconds: float) -> None:
        """It failed and will run again."""
        self._failed(AttemptOutcome.RETRIED, error)
        self._say("warning", "attempt.retried", error, after_seconds=round(after_seconds, 3))

    def dead(self, error: BaseException, *, reason: str) -> None:
        """It failed for good; ``reason`` is a `DeadLetterReason`."""
        self._children.dead[DeadLetterReason(reason)].inc()
        self._failed(AttemptOutcome.DEAD, error)
        self._say("error", "attempt.dead", error, reason=reason)

    def released(self) -> None:
        """Handed back unharmed, because the worker stops."""
        self._outcome = AttemptOutcome.RELEASED
        self._say("info", "attempt.released")

    def paused(self, error: BaseException, *, after_seconds: float) -> None:
        """The handler's backend is down: the group pauses and the attempt is not counted."""
        self._failed(AttemptOutcome.PAUSED, error)
        self._say("warning", "attempt.paused", error, after_seconds=round(after_seconds, 3))

    def _failed(self, outcome: AttemptOutcome, error: BaseException) -> None:
        self._outcome = outcome
        self._owner.failed(outcome, error)
        self._trace.failed(error)

    def _say(self, level: str, name: str, error: BaseException | None = None, **fields: object) -> None:
        event = self._event
        if error is not None:
            fields |= {"error": error_type(error), "exc_info": error}
        getattr(self._owner.log, level)(
            name,
            group=self._owner.group,
            event_id=event.event_id,
            event_type=event.event_type,
            attempt=event.attempt,
            **fields,
        )


class WorkerTelemetry(StoreTelemetry):
    """A worker's verbs. Construct it inside `configure_tracing`; one per group and process."""

    def __init__(self, group: str) -> None:
        super().__init__("worker", get_logger("worker").bind())
        metrics.expose(metrics.WORKER)
        self.group = group
        self.age = metrics.EVENT_AGE.labels(group)
        self._tracing = active_tracing()
        self._event_types: dict[str, _EventTypeMetrics] = {}
        self._errors = ErrorLabels()
        self._in_flight = metrics.IN_FLIGHT.labels(group)
        self._blocked = metrics.LOOP_BLOCKED.labels(group)
        self._taken = metrics.ENTRIES_TAKEN.labels(group)
        self._skipped = metrics.ENTRIES_SKIPPED.labels(group)
        self._take_seconds = metrics.TAKE_SECONDS.labels(group)
        self._settle_batch = metrics.SETTLE_BATCH.labels(group)
        self._settle_seconds = metrics.SETTLE_SECONDS.labels(group)
        self._throttle = Throttle()

    def event_type(self, event_type: str) -> _EventTypeMetrics:
        """The children of the event type's label; `event_type_label` bounds how many there can be."""
        label = event_type_label(event_type)
        if (children := self._event_types.get(label)) is None:
            children = self._event_types[label] = _EventTypeMetrics(self.group, label)
        return children

    def attempt(self, event: Event) -> AttemptSpan:
        """Begin an attempt; everything logged inside carries its trace ids."""
        trace = UNTRACED_ATTEMPT if self._tracing is None else self._tracing.attempt(self.group, event)
        return AttemptSpan(self, event, trace)

    def failed(self, outcome: AttemptOutcome, error: BaseException) -> None:
        """An attempt did not end well."""
        metrics.ATTEMPT_ERRORS.labels(self.group, outcome, self._errors.of(error)).inc()

    def taken(self, *, entries: int, skipped: int, seconds: float) -> None:
        """One call took ``entries`` to run; ``skipped`` needed no run."""
        self._taken.inc(entries)
        self._skipped.inc(skipped)
        self._take_seconds.observe(seconds)

    def settled(self, *, outcomes: int, seconds: float) -> None:
        """One call settled ``outcomes`` attempts."""
        self._settle_batch.observe(outcomes)
        self._settle_seconds.observe(seconds)

    def lease_lost(self, event_type: str) -> None:
        """An attempt outlived its lease: another consumer runs the event again."""
        self.event_type(event_type).leases_lost.inc()
        self.log.warning("lease.lost", group=self.group, event_type=event_type)

    def loop_blocked(self, handler: str, *, where: str) -> None:
        """A handler blocks the event loop, and with it every other one; ``where``: the line it is at."""
        self._blocked.inc()
        self.log.warning("loop.blocked", group=self.group, handler=handler, where=where)

    def poisoned(self, event_type: str) -> None:
        """An entry became a dead letter without an attempt, because it kills its workers."""
        self.event_type(event_type).dead[DeadLetterReason.POISON].inc()
        self.log.error("event.poisoned", group=self.group, event_type=event_type)

    def set_aside(self, event_types: Sequence[str]) -> None:
        """Entries the group wants and this process has no handler for were left to others; one type for each."""
        for event_type, entries in Counter(map(event_type_label, event_types)).items():
            if (left_out := self._throttle.suppressed(event_type)) is not None:
                self.log.warning(
                    "event.unhandled", group=self.group, event_type=event_type, entries=entries, left_out=left_out
                )

    def unhandled_died(self, event_types: Sequence[str]) -> None:
        """Entries became dead letters because no worker of the group had a handler for too long; one type for each."""
        for event_type in event_types:
            self.event_type(event_type).dead[DeadLetterReason.NO_HANDLER].inc()
        for event_type, entries in Counter(map(event_type_label, event_types)).items():
            self.log.error("event.never_handled", group=self.group, event_type=event_type, entries=entries)

    def in_flight(self, count: int) -> None:
        """How many attempts run now."""
        self._in_flight.set(count)
