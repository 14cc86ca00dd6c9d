"""Whether events have arrived, when, and how: looked up without writing, for whoever finds them by other means.

Publishing says it as well, but counts a duplicate each time, which costs a record of its own in memory.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.errors import StoreRefused
from salesloft_webhooks.events import BACKFILL_TOKEN, NewEvent

REFUSED = b"refused "
NOTHING = b"-"


class Arrival(Struct, frozen=True):
    """What the store knows of a delivery.

    Attributes:
        at: When it accepted the delivery's own event, by its clock; None: it does not know the event.
        backfilled: Whether a backfill brought it; else a webhook did.
        whole: Whether it knows all events of the delivery, or that there is nothing new in them.
    """

    at: datetime | None
    backfilled: bool
    whole: bool


async def arrivals(store: Store, deliveries: Sequence[Sequence[NewEvent]]) -> list[Arrival]:
    """What the store knows of each delivery, given its events.

    Raises:
        StoreError: it cannot be asked.
    """
    events = [event for delivery in deliveries for event in delivery]
    args = [word for event in events for word in _words(event)]
    known = [_Known() for _ in events]
    if events:
        for partition in range(store.partitions):
            for each, answer in zip(known, await store.run("arrivals", partition, args), strict=True):
                each.learn(answer)
    remaining = iter(zip(events, known, strict=True))
    return [_arrival([next(remaining) for _ in delivery]) for delivery in deliveries]


class _Known(Struct):
    """What all partitions together know of an event."""

    at: datetime | None = None
    backfilled: bool = False
    level: int = 0

    def learn(self, answer: bytes) -> None:
        if answer.startswith(REFUSED):
            raise StoreRefused(answer.removeprefix(REFUSED).decode(errors="backslashreplace"))
        entry, token, level = answer.split(b" ")
        self.level = max(self.level, int(level))
        if entry != NOTHING:
            self.at = datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1_000, UTC)
            self.backfilled = token == BACKFILL_TOKEN.encode()


def _words(event: NewEvent) -> tuple[str, str, str]:
    mark = event.watermark
    return (event.event_id, mark.subject, mark.name) if mark else (event.event_id, "", "")


def _arrival(delivery: Sequence[tuple[NewEvent, _Known]]) -> Arrival:
    own = delivery[0][1]
    whole = all(
        known.at is not None or (event.watermark is not None and event.watermark.level <= known.level)
        for event, known in delivery
    )
    return Arrival(own.at, own.backfilled, whole)
