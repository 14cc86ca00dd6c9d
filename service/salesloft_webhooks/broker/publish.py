"""Storing deliveries: which partition each event goes to, deduplication, durability.

With one partition a delivery is one share of a group commit (`commit`). With several, its events belong into the
partition of their entity, so that order per person is the stream's; but an id must be known whatever the entity. So
an id is first *reserved*, in a slot that follows from the id alone (``reserve.lua``): the first to ask decides the
partition whose record is the authority, everybody else is sent there, and there ``publish.lua`` finds the duplicate.
A reservation alone stores nothing and says nothing about it: whoever dies between the two steps leaves a pointer to
a partition that does not know the event, and the next delivery of it is stored. The level an event raises is reserved
beside it, in the slot of what the level belongs to. Decision 20.

When the number of partitions is raised, what was routed by the old one is answered `moved`, is routed again by the new
one and is stored once (`partition_raise`). Decision 40.
"""

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from itertools import count, product
from secrets import randbits
from string import ascii_letters, digits
from types import TracebackType
from typing import Self

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker.committer_context import CommitObserver, CommitterContext
from salesloft_webhooks.broker.confirmation import Confirmer
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.memory_bounds import MemoryBounds
from salesloft_webhooks.broker.partition_count import decide_partitions, follow_partitions, highest_layout
from salesloft_webhooks.broker.routes import BELOW, MOVED, Routes
from salesloft_webhooks.broker.sealing import Sealing
from salesloft_webhooks.broker.store_format import StoreFormat
from salesloft_webhooks.deadlines import Deadlines
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import BACKFILL_TOKEN, NewDelivery
from salesloft_webhooks.settings import Settings

TOKEN_BITS = 24
"""Of the number that tells one delivery of an event from another: four characters, which is what a compact record has
room for. It begins at random, so that two processes give one event the same token once in 16 million times; the
second of such deliveries would be counted as the first."""

_PAIRS = [first + second for first, second in product(f"{ascii_letters}{digits}-_", repeat=2)]
"""What each half of a token is written as."""
_PAIR_MASK = len(_PAIRS) - 1
"""4,096 pairs: 12 bits."""


class Stored(StrEnum):
    """What the store made of a delivery."""

    NEW = "new"
    """Its event was not known, or only by an earlier try of the same delivery."""
    DUPLICATE = "duplicate"
    """Its event id was known; it is stored, by an earlier delivery."""


class Publisher:
    """Stores deliveries; use as ``async with``. One per process."""

    def __init__(self, store: Store, settings: Settings, observer: CommitObserver | None = None) -> None:
        self._store = store
        self._observer = observer
        self._timeout = settings.store_timeout_seconds
        self._background = Background()
        bounds = MemoryBounds(store, settings, observer)
        self._context = CommitterContext(store, settings, bounds, Confirmer(store, self._background))
        self._format = StoreFormat(store, settings.store_format)
        keys = store.sealing_keys
        self._sealing = None if keys is None else Sealing(store, keys, self._format)
        self._routes = self._routes_now()
        self._asking: asyncio.Event | None = None
        self._tokens = _tokens()
        self._turns: dict[str, asyncio.Event] = {}
        self._deadlines = Deadlines[asyncio.Future[list[bytes]]](self._timeout, self._give_up)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        self._start_committers()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)
        self._deadlines.end_all()

    async def publish(self, delivery: NewDelivery) -> Stored:
        """Store a delivery; returns when it is durable at the configured level.

        Raises:
            StoreUnavailable: not within ``STORE_TIMEOUT_SECONDS``; it may or may not be stored, a repeat is safe.
            StoreRefused: the server refuses what this delivery would write.
            StoreFull: the server is out of memory; nothing was written.
            NotDurable: written, but not confirmed at the configured level; a repeat is safe.
        """
        routes, token = self._routes, BACKFILL_TOKEN if delivery.backfilled else next(self._tokens)
        first = MOVED  # as if it had: the general way, unless the short one does
        certain = self._sealing is None or self._sealing.certain
        if certain and routes.partitions == 1 and routes.fits(self._store):
            answer = routes.store(delivery, token)
            self._deadlines.begin(answer)
            try:
                first = (await answer)[0]
            finally:
                self._deadlines.end(answer)
                del answer  # has the error, whose traceback has this frame: a circle, of everything the delivery has
        if first == MOVED:
            first = await self._store_in_time(delivery, token)
        return Stored.DUPLICATE if first == b"duplicate" else Stored.NEW

    def _give_up(self, answer: asyncio.Future[list[bytes]]) -> None:
        if not answer.done():
            answer.set_exception(self._too_late())

    def _too_late(self) -> StoreUnavailable:
        return StoreUnavailable(f"not stored within {self._timeout} s")

    async def _store_in_time(self, delivery: NewDelivery, token: str) -> bytes:
        """Store by the layout that is in force when it is stored; the first event's result."""
        try:
            async with asyncio.timeout(self._timeout):
                if self._sealing is not None and not self._sealing.certain:
                    await self._sealing.ask()
                if not self._routes.fits(self._store):
                    await self._follow(self._routes)
                while (first := await self._try(routes := self._routes, delivery, token)) == MOVED:
                    await self._follow(routes)
                return first
        except TimeoutError:
            raise self._too_late() from None

    async def _try(self, routes: Routes, delivery: NewDelivery, token: str) -> bytes:
        """Store by one layout; the first event's result, or `MOVED` when another one is in force for any of them."""
        if routes.partitions == 1:
            return (await routes.store(delivery, token))[0]
        return await self._store_spread(routes, delivery, token)

    async def _store_spread(self, routes: Routes, delivery: NewDelivery, token: str) -> bytes:
        """Reserve, then write to one or several partitions.

        Reservations lie in many slots, whose answers come in any order: deliveries of one entity are handed on in the
        order in which they came.
        """
        entity = delivery.events[0].entity_key
        before, turn = self._turns.get(entity), asyncio.Event()
        self._turns[entity] = turn
        try:
            places = await routes.reserve(delivery)
            if before is not None:
                await before.wait()
            if places is None:
                return MOVED
            answers = routes.write(delivery, places, token)
        finally:
            turn.set()
            if self._turns.get(entity) is turn:
                del self._turns[entity]
        results = await asyncio.gather(*answers.values())
        if any(MOVED in shares for shares in results):
            return MOVED
        home = places[0]
        return BELOW if home is None else results[list(answers).index(home)][0]

    async def _follow(self, old: Routes) -> None:
        """Route anew: another number of partitions is in force, or the store was not asked yet. One asks for all."""
        while self._routes is old:
            if self._asking is not None:
                await self._asking.wait()
                continue
            self._asking = asyncio.Event()
            try:
                await self._learn(old)
            finally:
                self._asking.set()
                self._asking = None

    async def _learn(self, old: Routes) -> None:
        if not self._store.asked:
            await follow_partitions(self._store)
        elif old.fits(self._store):  # a partition knows better than we do: finish the raise if nobody has
            await decide_partitions(self._store, await highest_layout(self._store))
        self._routes = self._routes_now()
        self._start_committers()

    def _routes_now(self) -> Routes:
        return Routes(self._context, self._format, self._sealing, self._observer)

    def _start_committers(self) -> None:
        for committer in self._routes.committers():
            self._background.start(committer.run(), name=str(committer))


def _tokens() -> Iterator[str]:
    half = TOKEN_BITS // 2
    for number in count(randbits(TOKEN_BITS)):
        token = _PAIRS[(number >> half) & _PAIR_MASK] + _PAIRS[number & _PAIR_MASK]
        if token != BACKFILL_TOKEN:
            yield token
