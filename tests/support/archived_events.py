"""Events as an archive has them, and an archive in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime

from salesloft_webhooks.broker.administration.archived_events import ArchivedEvent, Place, place_of

LONG_AGO = datetime(2026, 3, 7, 9, tzinfo=UTC)


def archived(number: int, *, name: str = "", person: int = 1, event_type: str = "person.updated") -> ArchivedEvent:
    """The event that was received as the one of that number; its id is that, unless it has a name."""
    received = LONG_AGO.replace(microsecond=1_000 * number)
    key = f"person:{person}"
    place = place_of(name or f"a{number:03}", received, None)
    return ArchivedEvent(place, event_type, key, "", "default", "2026-03-07T04:26:14-05:00", b'{"id":%d}' % number)


class Listed:
    """An archive of a few events."""

    def __init__(self, *events: ArchivedEvent) -> None:
        self.events = sorted(events, key=lambda each: each.place)

    def batches(self, behind: Place, size: int) -> Iterator[list[ArchivedEvent]]:
        """As an archive has it."""
        left = [each for each in self.events if each.place > behind]
        for first in range(0, len(left), size):
            yield left[first : first + size]
