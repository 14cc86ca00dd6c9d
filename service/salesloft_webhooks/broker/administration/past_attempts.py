"""How the attempts at an event ended, as its record keeps them: the first one and the last nine that a group made.

An event that succeeded at once has none. Nor has what a worker of an earlier version has run: numbers are missing then.
Written by ``lua/include/attempt_history.lua``; decision 68.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class AttemptEnd(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    """The event is handled."""
    RETRY = "retry"
    """It failed; there was to be another one."""
    DEAD = "dead"
    """It failed, and the group gave the event up."""
    LOST = "lost"
    """Its worker died or lost its lease: nobody knows how far it came."""


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One attempt that has ended.

    Attributes:
        number: Which one, from 1; after a redrive or replay from 1 again.
        began_at: When it began, by the store's clock; when that is not known, when its end was written down.
        seconds: How long it took; None when nobody knows.
        ended: How.
        trace_id: Of its trace; empty without one.
        error: One line that says what went wrong, without personal data; of a lost one the worker; empty when done.
    """

    number: int
    began_at: datetime
    seconds: float | None
    ended: AttemptEnd
    trace_id: str
    error: str

    @property
    def error_class(self) -> str:
        """The error's type, by which errors are grouped."""
        return self.error.partition(":")[0]


def read_attempts(kept: str) -> tuple[PastAttempt, ...]:
    """The attempts in a record's field, in their order. Lines that a later version may write otherwise are left out."""
    return tuple(_attempts(kept))


def _attempts(kept: str) -> Iterator[PastAttempt]:
    for line in kept.splitlines():
        with suppress(ValueError):  # also of too few words
            number, began, length, ended, trace, error = line.split(" ", 5)
            yield PastAttempt(
                number=int(number),
                began_at=datetime.fromtimestamp(int(began) / 1_000, UTC),
                seconds=None if length == "-" else int(length) / 1_000,
                ended=AttemptEnd(ended),
                trace_id="" if trace == "-" else trace,
                error=error,
            )
