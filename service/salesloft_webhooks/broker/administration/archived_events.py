"""Events as an archive has them, and their order."""

from datetime import UTC, datetime
from typing import Self

from msgspec import Struct


class Place(Struct, frozen=True, order=True):
    """Where an event stands in the order of an archive, and so how far a run is: everything up to there is dealt with.

    Attributes:
        received_us: When it was received, microseconds since 1970.
        happened_us: When it happened, likewise: it decides where several were received together.
        event_id: Decides where that is the same, too.
    """

    received_us: int
    happened_us: int
    event_id: str

    def __str__(self) -> str:
        """As a run's place in a partition."""
        return f"{self.received_us} {self.happened_us} {self.event_id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The inverse of ``str()``.

        Raises:
            ValueError: it is none.
        """
        received, happened, event_id = text.split(" ", 2)
        return cls(int(received), int(happened), event_id)


BEGINNING = Place(-1, 0, "")
"""A place before everything."""


class ArchivedEvent(Struct, frozen=True):
    """An event as an archive has it.

    Attributes:
        place: Its id, and its place in the order.
        event_type: Of the event.
        entity_key: What it is ordered by.
        person_key: The entity key of the person it is about, if that is another one; empty: it is not.
        source: Where it came from.
        created_at: When it happened, as the sender wrote it.
        data: The resource as JSON.
    """

    place: Place
    event_type: str
    entity_key: str
    person_key: str
    source: str
    created_at: str
    data: bytes

    @property
    def event_id(self) -> str:
        """Its id."""
        return self.place.event_id

    @property
    def received_ms(self) -> int:
        """When it was received, milliseconds since 1970."""
        return self.place.received_us // 1_000


def place_of(event_id: str, received_at: datetime, happened_at: datetime | None) -> Place:
    """Where an event stands; one whose sender wrote no time happened when it was received."""
    received = _microseconds(received_at)
    return Place(received, received if happened_at is None else _microseconds(happened_at), event_id)


def _microseconds(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
