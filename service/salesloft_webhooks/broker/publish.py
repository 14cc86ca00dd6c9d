"""Storing deliveries: group commit, deduplication and durability.

Publishes of concurrent requests are coalesced: while one script call is under way, deliveries queue up, and the next
call carries all of them. One round trip, and with WAITAOF or WAIT one fsync or replica round trip, serves many
requests. A batch that fails is tried again within its requests' own time: a repeat is harmless, because what the first
try has stored comes back as a duplicate.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self
from zlib import crc32

from salesloft_webhooks.broker.connection import Argument, Store
from salesloft_webhooks.broker.durability import Durability, examine
from salesloft_webhooks.errors import NotDurable, StoreError, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings

MAX_EVENTS = 500
"""Events in one script call."""
MAX_BYTES = 8 * 1024 * 1024
"""Bodies in one script call: a few huge deliveries must not make a command the server refuses."""
RETRY_SECONDS = 0.05
"""Pause before a failed batch is tried again, doubled each time up to a second."""
EXAMINE_SECONDS = 30.0
"""How long an answer about the server's persistence is trusted; any failure ends the trust at once."""


class Stored(StrEnum):
    """What the store made of a delivery."""

    NEW = "new"
    """Its event was not known."""
    DUPLICATE = "duplicate"
    """Its event id was known; it is stored, by an earlier delivery."""


class CommitObserver(Protocol):
    """What the publisher reports to; `telemetry.ReceiverTelemetry` is one."""

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit took place."""


class _Waiting:
    """A delivery in the queue and the request waiting for it."""

    __slots__ = ("answer", "delivery", "size")

    def __init__(self, delivery: NewDelivery) -> None:
        self.delivery = delivery
        self.answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self.size = sum(len(event.data) for event in delivery.events)


class Publisher:
    """Stores deliveries; use as ``async with``. One per process."""

    def __init__(self, store: Store, settings: Settings, observer: CommitObserver) -> None:
        self._store = store
        self._timeout = settings.store_timeout_seconds
        self._committers = [_Committer(store, settings, observer, number) for number in range(store.partitions)]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(committer.run()) for committer in self._committers]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def publish(self, delivery: NewDelivery) -> Stored:
        """Store a delivery; returns when it is durable at the configured level.

        Raises:
            StoreUnavailable: not within ``STORE_TIMEOUT_SECONDS``; it may or may not be stored, a repeat is safe.
            StoreFull: the server is out of memory; nothing was written.
            NotDurable: written, but not confirmed at the configured level; a repeat is safe.
        """
        committer = self._committers[partition_of(delivery.events[0].entity_key, self._store.partitions)]
        waiting = _Waiting(delivery)
        committer.add(waiting)
        try:
            async with asyncio.timeout(self._timeout):
                return await waiting.answer
        except TimeoutError:
            raise StoreUnavailable(f"not stored within {self._timeout} s") from None


def partition_of(entity_key: str, partitions: int) -> int:
    """Where an entity's events go: all into one stream, so that their order is the stream's."""
    return crc32(entity_key.encode()) % partitions if partitions > 1 else 0


class _Committer:
    """Writes one partition's batches, one after the other."""

    def __init__(self, store: Store, settings: Settings, observer: CommitObserver, partition: int) -> None:
        self._store = store
        self._settings = settings
        self._observer = observer
        self._partition = partition
        self._queue: deque[_Waiting] = deque()
        self._filled = asyncio.Event()
        self._durability: Durability | None = None
        self._examined = 0.0
        self._ttls = (settings.idempotency_ttl_seconds, settings.watermark_ttl_seconds)

    def add(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self._filled.set()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._filled.wait()
            if batch := self._next_batch():
                await self._commit_until_answered(batch)
            else:
                self._filled.clear()

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        events = size = 0
        while self._queue and events < MAX_EVENTS and size < MAX_BYTES:
            waiting = self._queue.popleft()
            if not waiting.answer.done():  # done: the request has timed out meanwhile, its sender comes again
                batch.append(waiting)
                events += len(waiting.delivery.events)
                size += waiting.size
        return batch

    async def _commit_until_answered(self, batch: list[_Waiting]) -> None:
        pause = RETRY_SECONDS
        while batch:
            try:
                await self._commit(batch)
            except StoreUnavailable:
                self._durability = None
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)
                batch = [waiting for waiting in batch if not waiting.answer.done()]
            except Exception as exc:
                # A committer that dies would leave every later request to its time-out; its requests are told instead.
                error = exc if isinstance(exc, StoreError) else StoreUnavailable(f"{type(exc).__name__} while storing")
                self._durability = None
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                return
            else:
                return

    async def _commit(self, batch: list[_Waiting]) -> None:
        durability = await self._current_durability()
        args: list[Argument] = [*self._ttls]
        for waiting in batch:
            for event in waiting.delivery.events:
                args += _arguments(event, waiting.delivery)
        began = time.perf_counter()
        if durability.wait:
            results, confirmed = await self._store.run_and_wait("publish", self._partition, args, durability.wait)
            if _least(confirmed) < durability.required:
                raise NotDurable(f"{durability.wait[0]!s} confirmed {_least(confirmed)} of {durability.required}")
        else:
            results = await self._store.run("publish", self._partition, args)
        self._observer.published(deliveries=len(batch), seconds=time.perf_counter() - began)
        outcomes = iter(results)
        for waiting in batch:
            first, *_ = [next(outcomes) for _ in waiting.delivery.events]
            if not waiting.answer.done():
                waiting.answer.set_result(Stored.DUPLICATE if first == b"duplicate" else Stored.NEW)

    async def _current_durability(self) -> Durability:
        if self._durability is None or time.monotonic() - self._examined > EXAMINE_SECONDS:
            self._durability = await examine(self._store, self._settings)
            self._examined = time.monotonic()
        if self._durability.problem:
            problem, self._durability = self._durability.problem, None
            raise NotDurable(problem)
        return self._durability


def _arguments(event: NewEvent, delivery: NewDelivery) -> tuple[Argument, ...]:
    mark = event.watermark
    level = (mark.subject, mark.name, mark.level) if mark else ("", "", 0)
    key, made, trace = event.entity_key, event.created_at, delivery.traceparent
    return (event.event_id, event.event_type, key, delivery.source, made, trace, event.data, *level)


def _least(confirmed: int | list[int]) -> int:
    """Confirmations of WAIT (a number) or WAITAOF (local and replicas: the local one counts)."""
    return confirmed[0] if isinstance(confirmed, list) else confirmed
