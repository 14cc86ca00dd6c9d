"""Storing deliveries: which partition each event goes to, deduplication, durability.

With one partition a delivery is one share of a group commit (`commit`). With several, its events belong into the
partition of their entity, so that order per person is the stream's; but an id must be known whatever the entity. So
an id is first *reserved*, in a slot that follows from the id alone (``reserve.lua``): the first to ask decides the
partition whose record is the authority, everybody else is sent there, and there ``publish.lua`` finds the duplicate.
A reservation alone stores nothing and says nothing about it: whoever dies between the two steps leaves a pointer to
a partition that does not know the event, and the next delivery of it is stored. The level an event raises is reserved
beside it, in the slot of what the level belongs to. Decision 20.
"""

import asyncio
from collections import defaultdict
from enum import StrEnum
from itertools import count
from secrets import token_urlsafe
from types import TracebackType
from typing import Self
from zlib import crc32

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.group_commit import CommitObserver, Committer, Row
from salesloft_webhooks.broker.memory_bounds import MemoryBounds
from salesloft_webhooks.broker.records import publish_row
from salesloft_webhooks.broker.store_format import StoreFormat
from salesloft_webhooks.deadlines import Deadlines
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.store_settings import BodyCompression

BELOW = b"below"
"""The scripts' result for an event whose level was reached before: there is nothing to store."""
FORMAT_OF_FRAMES = 2
"""The first format of the store in which bodies may be compressed."""
TOKEN_BYTES = 6
"""Random bytes that tell this process's deliveries from another's; a number tells them from each other."""


class Stored(StrEnum):
    """What the store made of a delivery."""

    NEW = "new"
    """Its event was not known."""
    DUPLICATE = "duplicate"
    """Its event id was known; it is stored, by an earlier delivery."""


class Publisher:
    """Stores deliveries; use as ``async with``. One per process."""

    def __init__(self, store: Store, settings: Settings, observer: CommitObserver | None = None) -> None:
        self._partitions = store.partitions
        self._timeout = settings.store_timeout_seconds
        numbers = range(store.partitions)
        written = self._format = StoreFormat(store, settings.store_format)
        self._compression = settings.body_compression is BodyCompression.ZSTD
        bounds = MemoryBounds(store, settings, observer)
        self._committers = [
            Committer(store, settings, "publish", number, bounds, observer, written) for number in numbers
        ]
        spread = numbers if store.partitions > 1 else ()
        self._reservers = [Committer(store, settings, "reserve", number, bounds) for number in spread]
        self._tokens = (f"{prefix}{number:x}" for prefix in [token_urlsafe(TOKEN_BYTES)] for number in count())
        self._turns: dict[str, asyncio.Event] = {}
        self._deadlines = Deadlines(self._timeout, self._too_late)
        self._background = Background()

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        for committer in (*self._reservers, *self._committers):
            self._background.start(committer.run(), name=str(committer))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)
        self._deadlines.end()

    async def publish(self, delivery: NewDelivery) -> Stored:
        """Store a delivery; returns when it is durable at the configured level.

        Raises:
            StoreUnavailable: not within ``STORE_TIMEOUT_SECONDS``; it may or may not be stored, a repeat is safe.
            StoreRefused: the server refuses what this delivery would write.
            StoreFull: the server is out of memory; nothing was written.
            NotDurable: written, but not confirmed at the configured level; a repeat is safe.
        """
        first = await self._store_spread(delivery) if self._reservers else (await self._store(delivery))[0]
        return Stored.DUPLICATE if first == b"duplicate" else Stored.NEW

    @property
    def _compress(self) -> bool:
        """Whether bodies are compressed: what version 0.1.0 cannot read is not written while it may be there."""
        return self._compression and self._format.known >= FORMAT_OF_FRAMES

    def _store(self, delivery: NewDelivery) -> asyncio.Future[list[bytes]]:
        """Write to the only partition, where levels live too."""
        token = next(self._tokens)
        rows = _rows(
            [(event, "raise" if event.watermark else "") for event in delivery.events], delivery, token, self._compress
        )
        answer = self._committers[0].add(*rows)
        self._deadlines.watch(answer)
        return answer

    def _too_late(self) -> StoreUnavailable:
        return StoreUnavailable(f"not stored within {self._timeout} s")

    async def _store_spread(self, delivery: NewDelivery) -> bytes:
        """Reserve and write within the time; the first event's result."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._reserve_and_write(delivery)
        except TimeoutError:
            raise self._too_late() from None

    async def _reserve_and_write(self, delivery: NewDelivery) -> bytes:
        """Reserve, then write to one or several partitions; the first event's result.

        Reservations lie in many slots, whose answers come in any order: deliveries of one entity are handed on in the
        order in which they came.
        """
        entity = delivery.events[0].entity_key
        before, turn = self._turns.get(entity), asyncio.Event()
        self._turns[entity] = turn
        try:
            places = await self._reserve(delivery, partition_of(entity, self._partitions))
            if before is not None:
                await before.wait()
            answers = self._write(delivery, places)
        finally:
            turn.set()
            if self._turns.get(entity) is turn:
                del self._turns[entity]
        results = await asyncio.gather(*answers.values())
        home = places[0]
        return BELOW if home is None else results[list(answers).index(home)][0]

    async def _reserve(self, delivery: NewDelivery, wished: int) -> list[int | None]:
        """The partition of each event; None when its level was reached before."""
        answers = [
            self._reservers[self._slot_of(event)].add([(event.event_id, wished, *_level(event))])
            for event in delivery.events
        ]
        found = [result for (result,) in await asyncio.gather(*answers)]
        return [None if result == BELOW else self._existing(int(result), wished) for result in found]

    def _slot_of(self, event: NewEvent) -> int:
        return partition_of(event.watermark.subject if event.watermark else event.event_id, self._partitions)

    def _existing(self, reserved: int, wished: int) -> int:
        return reserved if reserved < self._partitions else wished  # PARTITIONS was lowered since

    def _write(self, delivery: NewDelivery, places: list[int | None]) -> dict[int, asyncio.Future[list[bytes]]]:
        token = next(self._tokens)
        shares: defaultdict[int, list[tuple[NewEvent, str]]] = defaultdict(list)
        for event, place in zip(delivery.events, places, strict=True):
            if place is not None:
                # Up to version 0.1.0 levels lay with the entity; those are still looked at, and no longer raised.
                old = event.watermark is not None and self._slot_of(event) != place
                shares[place].append((event, "compare" if old else ""))
        return {
            place: self._committers[place].add(*_rows(share, delivery, token, self._compress))
            for place, share in shares.items()
        }


def partition_of(entity_key: str, partitions: int) -> int:
    """Where an entity's events go: all into one stream, so that their order is the stream's."""
    return crc32(entity_key.encode()) % partitions if partitions > 1 else 0


def _level(event: NewEvent) -> tuple[str, str, int]:
    mark = event.watermark
    return (mark.subject, mark.name, mark.level) if mark else ("", "", 0)


def _rows(
    share: list[tuple[NewEvent, str]],
    delivery: NewDelivery,
    token: str,
    compress: bool,  # noqa: FBT001 - of a private function
) -> tuple[list[Row], int]:
    """The events of a delivery for one partition, each with the use of its level, and the bytes of their data.

    Only the first has a whole body.
    """
    (first, use), *others = share
    rows: list[Row] = [(*publish_row(first, delivery, None, compress=compress), token, use, *_level(first))]
    for event, its_use in others:
        rows.append((*publish_row(event, delivery, first.data, compress=compress), token, its_use, *_level(event)))
    return rows, sum([len(event.data) for event, _ in share])
