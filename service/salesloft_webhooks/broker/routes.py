"""The ways of events into the store by one layout: which committer each event is handed to."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

from salesloft_webhooks.broker.committer_context import CommitObserver, CommitterContext
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.earlier_places import EarlierPlaces, partition_in, slot_key
from salesloft_webhooks.broker.group_commit import Committer
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.records import publish_row
from salesloft_webhooks.broker.sealing import Sealing
from salesloft_webhooks.broker.shares import Row
from salesloft_webhooks.broker.store_format import StoreFormat
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.store_settings import BodyCompression

BELOW = b"below"
"""The scripts' result for an event whose level was reached before: there is nothing to store."""
FORMAT_OF_HEADS = 2
"""The first format of the store in which entries have heads, and bodies may be compressed."""
MOVED = b"moved"
"""The scripts' result for every row of a call that was routed by a number of partitions that is not in force."""


class Routes:
    """Routes deliveries by the number of partitions that the store had when this was made.

    Attributes:
        partitions: That number.
    """

    def __init__(
        self,
        context: CommitterContext,
        store_format: StoreFormat,
        sealing: Sealing | None,
        observer: CommitObserver | None,
    ) -> None:
        store = context.store
        self.partitions = store.partitions
        self._format = store_format
        self._sealing = sealing
        self._compression = context.settings.body_compression is BodyCompression.ZSTD
        numbers = range(store.partitions)
        self._writers = [Committer(context, "publish", number, observer, store_format) for number in numbers]
        spread = numbers if store.partitions > 1 else ()
        self._reservers = [Committer(context, "reserve", number) for number in spread]
        self._earlier = EarlierPlaces(context)
        self._mark = f"@{store.partitions}" if store.earlier else ""  # of what is reserved by this number
        self._ended = store.earlier if store.asked else None

    def fits(self, store: Store) -> bool:
        """Whether the store has the number, and the same earlier ones, as far as this process knows."""
        return self._ended is store.earlier and self.partitions == store.partitions

    def committers(self) -> Iterator[Committer]:
        """All of them; they must run."""
        yield from (*self._earlier.committers, *self._reservers, *self._writers)

    def _rows(self, share: list[tuple[NewEvent, str]], delivery: NewDelivery, token: str) -> tuple[list[Row], int]:
        """The events of a delivery for one partition, each with the use of its level, and the bytes of their data.

        Only the first has a whole body. What version 0.1.0 cannot read is not written while it may be there.
        """
        pack = self._format.known >= FORMAT_OF_HEADS
        compress = pack and self._compression
        keys = self._sealing.keys if self._sealing else None
        rows: list[Row] = []
        for event, use in share:
            first = share[0][0] if rows else None
            row = publish_row(event, delivery, first, pack=pack, compress=compress, keys=keys)
            rows.append((*row, token, use, *_level(event)))
        return rows, sum([len(event.data) for event, _ in share])

    def store(self, delivery: NewDelivery, token: str) -> asyncio.Future[list[bytes]]:
        """Write to the only partition, where levels live too; one result an event."""
        share = [(event, "raise" if event.watermark else "") for event in delivery.events]
        return self._writers[0].add(*self._rows(share, delivery, token))

    async def reserve(self, delivery: NewDelivery) -> list[int | None] | None:
        """The partition of each event, None when its level was reached before; no list when another layout is in force.

        All events of a delivery are wanted where the first one's entity is.
        """
        wished = partition_of(delivery.events[0].entity_key, self.partitions)
        found = await asyncio.gather(*(self._reserve(event, wished) for event in delivery.events))
        if MOVED in found:
            return None
        return [None if result == BELOW else self._existing(partition_in(result), wished) for result in found]

    async def _reserve(self, event: NewEvent, wished: int) -> bytes:
        known = await self._earlier.known(event)
        place = f"{wished if known.place is None else known.place}{self._mark}"
        slot = self._reservers[self._slot_of(event)]
        (result,) = await slot.add([(event.event_id, place, *_level(event), known.level)])
        return result

    def _slot_of(self, event: NewEvent) -> int:
        return partition_of(slot_key(event), self.partitions)

    def _existing(self, reserved: int, wished: int) -> int:
        return reserved if reserved < self.partitions else wished  # PARTITIONS was lowered since

    def write(
        self, delivery: NewDelivery, places: list[int | None], token: str
    ) -> dict[int, asyncio.Future[list[bytes]]]:
        """Hand each event to its partition; the results of the events there, by partition."""
        shares: defaultdict[int, list[tuple[NewEvent, str]]] = defaultdict(list)
        for event, place in zip(delivery.events, places, strict=True):
            if place is not None:
                # Up to version 0.1.0 levels lay with the entity; those are still looked at, and no longer raised.
                old = event.watermark is not None and self._slot_of(event) != place
                shares[place].append((event, "compare" if old else ""))
        return {place: self._writers[place].add(*self._rows(share, delivery, token)) for place, share in shares.items()}


def _level(event: NewEvent) -> tuple[str, str, int]:
    mark = event.watermark
    return (mark.subject, mark.name, mark.level) if mark else ("", "", 0)
