"""The closed sets of label values: whatever a sender does, the number of time series stays bounded."""

from enum import StrEnum

from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES, OWN_EVENT_TYPES
from salesloft_webhooks.errors import Retry, Unavailable, error_type
from salesloft_webhooks.follow_ups import is_task_type


class AttemptOutcome(StrEnum):
    """How one run of a handler ended."""

    DONE = "done"
    """The handler finished."""
    FILTERED = "filtered"
    """No handler ran: the group's filters did not want what the event says."""
    DEBOUNCED = "debounced"
    """No handler ran: it is called for several events together, later, by a follow-up of the last one."""
    RETRIED = "retried"
    """It failed and will run again."""
    DEAD = "dead"
    """It failed for good: the event is a dead letter of the group."""
    RELEASED = "released"
    """Handed back unharmed, because the worker stops. Not counted as an attempt of the event."""
    PAUSED = "paused"
    """The handler's backend is down: the group pauses. Not counted as an attempt of the event."""
    SNOOZED = "snoozed"
    """It was too early for the handler: it will run again. Not counted as an attempt of the event."""
    HELD_UP = "held_up"
    """No handler ran: it waits for the limit of one of them. Not counted as an attempt of the event."""
    LOST = "lost"
    """It ended without a settlement: cancelled, or a defect of ours. Another consumer takes over."""


class DeadLetterReason(StrEnum):
    """Why a group gave an event up."""

    EXHAUSTED = "exhausted"
    """Every allowed attempt failed."""
    PERMANENT = "permanent"
    """The handler said that no attempt can succeed."""
    POISON = "poison"
    """Taken more often than allowed without ever being settled: it kills its workers."""
    NO_HANDLER = "no_handler"
    """The group wants it, and for too long none of its workers had a handler for it."""


OTHER = "other"
"""Label value of every event type that is not in the table, and of errors and named tasks beyond the bound."""

MAX_ERROR_LABELS, MAX_TASK_LABELS = 50, 50
"""Types of errors, and named tasks, that a process tells apart: enough for any handler, too few to hurt."""


class _FirstOnes:
    """The first names of a process, up to a bound, stand for themselves; the others are `OTHER`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, name: str) -> str:
        if name not in self._known and len(self._known) >= self._most:
            return OTHER
        self._known.add(name)
        return name


class ErrorLabels:
    """Label values for errors: names of their types, the first `MAX_ERROR_LABELS` of a process."""

    def __init__(self) -> None:
        self._names = _FirstOnes(MAX_ERROR_LABELS)

    def of(self, error: BaseException) -> str:
        """The type's name. A plain `Unavailable` or `Retry` says only what follows, so its cause speaks for it."""
        if type(error) in (Retry, Unavailable) and error.__cause__ is not None:
            error = error.__cause__
        return self._names.of(error_type(error))


class TakenTypeLabels:
    """Label values for the types of what a worker takes: events, and the first `MAX_TASK_LABELS` named tasks.

    A task's type is its author's word, for no sender can send one (`follow_ups.TASK_PREFIX`).
    """

    def __init__(self) -> None:
        self._tasks = _FirstOnes(MAX_TASK_LABELS)

    def of(self, event_type: str) -> str:
        """Of one type."""
        if event_type in _EXPECTED:  # nearly all: each event asks
            return event_type
        return self._tasks.of(event_type) if is_task_type(event_type) else OTHER


_EXPECTED = KNOWN_EVENT_TYPES | OWN_EVENT_TYPES


def event_type_label(event_type: str) -> str:
    """The event type itself if SalesLoft is known to have it or it is our own, else `OTHER`."""
    return event_type if event_type in _EXPECTED else OTHER
