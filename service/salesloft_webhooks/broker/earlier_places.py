"""What is known of an event from the time before the number of partitions was raised.

Its record lies where its entity was, its reservation and its level where its id was, both by the earlier number. These
places are final (`partition_raise`), so they are only read, by one call for many events: for as long as ids are
remembered, and levels. What is found moves on with the event: the reservation in its new slot names the old place, the
level is raised in its new one.
"""

import asyncio
import time

from msgspec import Struct

from salesloft_webhooks.broker.committer_context import CommitterContext
from salesloft_webhooks.broker.group_commit import Committer
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.events import NewEvent

CLOCK_SECONDS = 3600.0
"""How much longer than necessary earlier places are asked: a raise takes a moment, and clocks differ."""


class Known(Struct, frozen=True):
    """What the earlier places say of an event.

    Attributes:
        place: The partition that has its record; None: there is none.
        level: The highest level that its watermark has reached without this event.
    """

    place: int | None = None
    level: int = 0


UNKNOWN = Known()


class EarlierPlaces:
    """Asks the earlier places of one layout's events."""

    def __init__(self, context: CommitterContext) -> None:
        store, settings = context.store, context.settings
        self._ids = [(one.partitions, one.ended + settings.idempotency_ttl_seconds) for one in store.earlier]
        self._levels = [(one.partitions, one.ended + settings.watermark_ttl_seconds) for one in store.earlier]
        most = max((one.partitions for one in store.earlier), default=0)
        self.committers = [Committer(context, "recall", number) for number in range(most)]

    async def known(self, event: NewEvent) -> Known:
        """What they know.

        Raises:
            StoreError: they cannot be asked.
        """
        asked = self._places(event)
        if not asked:
            return UNKNOWN
        answers = dict(zip(asked, await asyncio.gather(*(self._ask(place, event) for place in asked)), strict=True))
        reserved = {partition_in(place) for place, _, _ in answers.values() if place != b"-"}
        further = sorted(place for place in reserved - answers.keys() if place < len(self.committers))
        answers |= zip(further, await asyncio.gather(*(self._ask(place, event) for place in further)), strict=True)
        place = next((number for number, (_, here, _) in answers.items() if here == b"1"), None)
        level = max(int(level) for _, _, level in answers.values())
        if event.watermark and level == event.watermark.level and reserved and place is None:
            level -= 1  # whoever raised it to this level did not live to store the event: that is still to be done
        return Known(place, level)

    async def _ask(self, place: int, event: NewEvent) -> list[bytes]:
        mark = event.watermark
        row = (event.event_id, mark.subject, mark.name) if mark else (event.event_id, "", "")
        (answer,) = await self.committers[place].add([row])
        return answer.split(b" ")

    def _places(self, event: NewEvent) -> list[int]:
        now, remembered = time.time() - CLOCK_SECONDS, self._levels if event.watermark else self._ids
        numbers = [number for number, until in remembered if until > now]
        return sorted({partition_of(key, number) for number in numbers for key in (slot_key(event), event.entity_key)})


def partition_in(place: bytes) -> int:
    """The partition that a reservation names, as ``reserve.lua`` writes it."""
    return int(place.partition(b"@")[0])


def slot_key(event: NewEvent) -> str:
    """What an event's slot follows from: never its entity, which may change."""
    return event.watermark.subject if event.watermark else event.event_id
