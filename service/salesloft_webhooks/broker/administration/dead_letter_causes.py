"""What dead letters died of, counted in slices of a walk (``count_dead.lua``)."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.error_classes import CONSIDERED, class_key, error_class, exception_type
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.event_patterns import matches

AT_ONCE = 100
"""Letters in one slice: a millisecond of the server's."""
_LAST_OF_A_MS = 2**64 - 1


class Cause(NamedTuple):
    """What letters died of.

    Attributes:
        reason: ``exhausted``, ``permanent``, ``poison`` or ``no_handler``.
        event_type: Of the event.
        error: The class of the error.
    """

    reason: str
    event_type: str
    error: str

    def is_wanted(self, choice: DeadLetterFilter) -> bool:
        """Whether a filter wants its letters, as far as a cause tells."""
        return (
            choice.reason in {"", self.reason}
            and (not choice.types or matches(self.event_type, choice.types))
            and choice.error in {"", class_key(self.error), exception_type(self.error)}
        )


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a filter says that a cause does not tell: a walk is about these letters only. Empty fields choose all.

    Attributes:
        group: Of this group; said only with another one, since every count knows groups.
        entity_key: Of this person.
        since: Died at this time or later.
        until: Died at this time or earlier.
    """

    group: str = ""
    entity_key: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, choice: DeadLetterFilter) -> "Narrowing":
        """What a filter says."""
        if not (choice.entity_key or choice.since or choice.until):
            return EVERYTHING
        return cls(choice.group, choice.entity_key, choice.since, choice.until)

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @property
    def begins_behind(self) -> str:
        """The id behind which a walk begins: a letter's id is no earlier than its death."""
        return f"{self._since_ms - 1}-{_LAST_OF_A_MS}" if self._since_ms > 0 else "0-0"

    @property
    def words(self) -> list[Argument]:
        """As the script takes it."""
        until = "" if self.until is None else str(math.floor(self.until.timestamp() * 1_000))
        return [self.entity_key, str(self._since_ms) if self.since else "", until]

    @property
    def _since_ms(self) -> int:
        return 0 if self.since is None else math.ceil(self.since.timestamp() * 1_000)


EVERYTHING = Narrowing()


async def count_slice(
    store: Store, group: str, partition: int, after: str, end: str = "+", *, narrowing: Narrowing = EVERYTHING
) -> tuple[int, str, list[tuple[Cause, int, int]]]:
    """Count what is wanted of a slice of the letters behind an id, up to an id.

    Returns:
        How many letters there are in all, the id behind which to go on (empty: none was left), and of each cause in the
        slice how many letters there are, and when the last of them died, in the server's ms.

    Raises:
        StoreError: the store cannot be asked.
    """
    args: list[Argument] = [group, after, end, AT_ONCE, CONSIDERED, *narrowing.words]
    length, last, rows = await store.run("count_dead", partition, args)
    counts = [
        (Cause(_text(reason), _text(event_type), error_class(_text(error))), int(count), int(died))
        for reason, event_type, error, count, died in rows
    ]
    return int(length), last.decode(), counts


def _text(said: bytes) -> str:
    return said.decode(errors="backslashreplace")
