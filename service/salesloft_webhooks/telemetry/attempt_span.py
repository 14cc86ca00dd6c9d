"""The span of one attempt, and the metrics it feeds."""

from typing import TYPE_CHECKING

from salesloft_webhooks.authors_line import authors_line
from salesloft_webhooks.errors import error_type
from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.labels import AttemptOutcome, DeadLetterReason, ErrorLabels, TakenTypeLabels
from salesloft_webhooks.telemetry.logs import Logger
from salesloft_webhooks.telemetry.measured_span import MeasuredSpan
from salesloft_webhooks.telemetry.metrics import AGE_SECONDS, HANDLER_SECONDS, WORKER, Cache, counter, histogram

if TYPE_CHECKING:
    from salesloft_webhooks.telemetry.tracing.attempt import AttemptTrace
    from salesloft_webhooks.telemetry.tracing.off import UntracedAttempt

ATTEMPTS = counter(
    WORKER, "attempts", "Ended attempts: runs of a handler, by outcome.", "group", "event_type", "outcome"
)
ATTEMPT_ERRORS = counter(
    WORKER,
    "attempt_errors",
    "Attempts that did not end well, by outcome and by what was raised: why events are retried and groups are paused.",
    "group",
    "outcome",
    "error",
)
ATTEMPT_SECONDS = histogram(
    WORKER, "attempt_duration_seconds", "Run time of an attempt.", "group", "event_type", buckets=HANDLER_SECONDS
)
EVENT_AGE = histogram(
    WORKER,
    "event_age_seconds",
    "Age of an event, from being stored to being done: what a user waits, retries included.",
    "group",
    buckets=AGE_SECONDS,
)
DEAD_LETTERS = counter(
    WORKER, "dead_letters", "Events that a group gave up on, by reason.", "group", "event_type", "reason"
)
HANDLER_HELD_UP = counter(
    WORKER,
    "handler_held_up",
    "Times that an event found no permit for a limited handler, so that it comes again without an attempt.",
    "group",
    "handler",
    "limit",
    unshown="finding out which handler's limit holds events up",
)
LEASES_LOST = counter(
    WORKER, "leases_lost", "Attempts that outlived their lease, so that others took over.", "group", "event_type"
)


class EventTypeMetrics:
    """The metrics of one group and event type. All outcomes at once, so that the first failure is an increase."""

    def __init__(self, group: str, label: str) -> None:
        self.outcomes = {outcome: ATTEMPTS.labels(group, label, outcome) for outcome in AttemptOutcome}
        self.dead = {reason: DEAD_LETTERS.labels(group, label, reason) for reason in DeadLetterReason}
        self.seconds = ATTEMPT_SECONDS.labels(group, label)
        self.leases_lost = LEASES_LOST.labels(group, label)


class GroupMetrics:
    """The metrics of one group's attempts."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.age = EVENT_AGE.labels(group)
        self._event_types = Cache[str, EventTypeMetrics](lambda label: EventTypeMetrics(group, label))
        self._errors = ErrorLabels()
        self.labels = TakenTypeLabels()

    def event_type(self, event_type: str) -> EventTypeMetrics:
        """Those of an event type's label; `TakenTypeLabels` bounds how many there can be."""
        return self._event_types[self.labels.of(event_type)]

    def failed(self, outcome: AttemptOutcome, error: BaseException) -> None:
        """An attempt did not end well."""
        ATTEMPT_ERRORS.labels(self.group, outcome, self._errors.of(error)).inc()


class AttemptSpan(MeasuredSpan[AttemptOutcome]):
    """One run of a handler. Exactly one verb is called before it ends; without one the attempt counts as lost."""

    __slots__ = ("_event", "_event_type", "_group", "_log", "_outcome")
    _trace: "AttemptTrace | UntracedAttempt"

    def __init__(
        self, metrics: GroupMetrics, log: Logger, event: Event, trace: "AttemptTrace | UntracedAttempt"
    ) -> None:
        super().__init__(trace)
        self._group = metrics
        self._event_type = metrics.event_type(event.event_type)
        self._log = log
        self._event = event
        self._outcome = AttemptOutcome.LOST

    def _ended(self, error: BaseException | None, seconds: float) -> AttemptOutcome:
        self._event_type.outcomes[self._outcome].inc()
        if self._outcome is not AttemptOutcome.HELD_UP:  # no handler ran: how long they take is not about it
            self._event_type.seconds.observe(seconds)
        if self._outcome is AttemptOutcome.LOST:
            self._write("warning", "attempt.lost", error)
        return self._outcome

    @property
    def trace_id(self) -> str:
        """Of the trace it belongs to; empty while tracing is off."""
        return self._trace.trace_id

    def done(self) -> None:
        """The handler finished."""
        self._outcome = AttemptOutcome.DONE
        self._group.age.observe(max(0.0, self._event.age_seconds))
        self._write("debug", "attempt.done")

    def filtered(self) -> None:
        """No handler ran: the filters did not want what the event says."""
        self._outcome = AttemptOutcome.FILTERED
        self._write("debug", "attempt.filtered")

    def debounced(self) -> None:
        """No handler ran: debounced ones are called later."""
        self._outcome = AttemptOutcome.DEBOUNCED
        self._write("debug", "attempt.debounced")

    def retried(self, error: BaseException, *, after_seconds: float) -> None:
        """It failed and will run again."""
        self._failed(AttemptOutcome.RETRIED, error)
        self._write("warning", "attempt.retried", error, after_seconds=round(after_seconds, 3))

    def dead(self, error: BaseException, *, reason: str) -> None:
        """It failed for good; ``reason`` is a `DeadLetterReason`."""
        self._event_type.dead[DeadLetterReason(reason)].inc()
        self._failed(AttemptOutcome.DEAD, error)
        self._write("error", "attempt.dead", error, reason=reason)

    def released(self) -> None:
        """Handed back unharmed, because the worker stops."""
        self._outcome = AttemptOutcome.RELEASED
        self._write("info", "attempt.released")

    def paused(self, error: BaseException, *, after_seconds: float) -> None:
        """The handler's backend is down: the group pauses and the attempt is not counted."""
        self._failed(AttemptOutcome.PAUSED, error)
        self._write("warning", "attempt.paused", error, after_seconds=round(after_seconds, 3))

    def snoozed(self, *, after_seconds: float) -> None:
        """It was too early: the handler wants the event again later, and the attempt is not counted."""
        self._outcome = AttemptOutcome.SNOOZED
        self._write("info", "attempt.snoozed", after_seconds=round(after_seconds, 3))

    def held_up(self, handler: str, limit: str, *, after_seconds: float) -> None:
        """No handler ran: there is no permit for one of them, because of ``running``, ``rate`` or ``store``."""
        self._outcome = AttemptOutcome.HELD_UP
        HANDLER_HELD_UP.labels(self._group.group, handler, limit).inc()
        self._write("debug", "attempt.held_up", handler=handler, limit=limit, after_seconds=round(after_seconds, 3))

    def _failed(self, outcome: AttemptOutcome, error: BaseException) -> None:
        self._outcome = outcome
        self._group.failed(outcome, error)
        self._trace.failed(error)

    def _write(self, level: str, name: str, error: BaseException | None = None, **fields: object) -> None:
        event = self._event
        if error is not None:
            line = {"line": str(line)} if (line := authors_line(error)) else {}
            fields |= {"error": error_type(error), **line, "exc_info": error}
        getattr(self._log, level)(
            name,
            group=self._group.group,
            event_id=event.event_id,
            event_type=event.event_type,
            attempt=event.attempt,
            **fields,
        )
