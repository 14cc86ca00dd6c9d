"""Group commit: what many requests want written in one partition travels in one script call.

While one call is under way, the shares of other deliveries queue up, and the next call carries all of them. One round
trip, and with WAITAOF or WAIT one fsync or replica round trip, serves many requests.

A call can fail in two ways. The *server* may be in no state to write (down, read-only, failing over): the batch is
tried again within its requests' own time. Or the server refuses what is *written*: a value above its limit for one
(``proto-max-bulk-len``, where it hangs up without an answer) fails the command as a whole. Then the batch is halved
until what is refused stands alone, and only its sender is told; of n shares, k of them bad, that takes about
2 k log2(n) calls. Both ways repeat what the first try may have written: the script knows each share by its token, so
the one who was stored by an earlier try of ours is told what the first try would have said.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Protocol

from redis.exceptions import BusyLoadingError, ConnectionError, DataError, ResponseError  # noqa: A004 - redis-py's

from salesloft_webhooks.background import cancellation_requested
from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.durability import Durability, examine, least
from salesloft_webhooks.broker.memory_bounds import MemoryBounds, RoomObserver
from salesloft_webhooks.broker.store_format import StoreFormat
from salesloft_webhooks.errors import NotDurable, StoreError, StoreFull, StoreRefused, StoreUnavailable
from salesloft_webhooks.settings import Settings

MAX_EVENTS = 500
"""Events in one script call."""
MAX_BYTES = 8 * 1024 * 1024
"""Bodies in one script call: a few huge deliveries must not make a command the server refuses."""
RETRY_SECONDS = 0.05
"""Pause before a failed batch is tried again, doubled each time up to a second."""
BROKEN_CALLS = 2
"""So many connections to a server that answers must break in a row before the call is blamed for it."""
EXAMINE_SECONDS = 30.0
"""How long an answer about the server's persistence is trusted; any failure ends the trust at once."""
STATES = frozenset(
    {"NOREPLICAS", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "UNKILLABLE", "BUSY", "NOAUTH", "DENIED", "WAIT", "WAITAOF"}
)
"""First words of errors about the server and not about what was sent, beyond those redis-py has classes for."""
REFUSED = b"refused "
"""How a script begins its result for an event whose keys it cannot use; the server's words follow."""

Row = tuple[Argument, ...]


class CommitObserver(RoomObserver, Protocol):
    """What the publisher reports to; `telemetry.ReceiverTelemetry` is one."""

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit took place."""


class _Blame(Enum):
    """What a failed call failed by."""

    SERVER = auto()
    """The state of the server: the same call may succeed later."""
    PROMISE = auto()
    """What the server has or promises is not enough: nobody of the batch can be served now."""
    CONTENT = auto()
    """Something in the call."""
    CONNECTION = auto()
    """The connection broke although the server answers: a restart, or its answer to a call it cannot read."""


class _Share:
    """One delivery's events for one partition, and the request waiting for what becomes of them."""

    __slots__ = ("answer", "rows", "size")

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows = rows
        self.size = size
        self.answer: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()

    def fail(self, error: StoreError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def settle(self, results: list[bytes]) -> None:
        if self.answer.done():
            return
        if refused := next((result for result in results if result.startswith(REFUSED)), None):
            self.fail(StoreRefused(refused.removeprefix(REFUSED).decode(errors="backslashreplace")))
        else:
            self.answer.set_result(results)


class Committer:
    """Runs one script on one partition for everybody who asks, one batch after the other.

    Args:
        store: Where.
        settings: Durability level and time-outs.
        script: The script's name. It takes ``head`` and then the rows; its result is a list with one item a row.
        partition: Which one.
        bounds: Makes room where the server is full.
        observer: Told of each batch; nobody by default.
        written: The format of the store, which follows ``head``; None for a script that does not ask.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        script: str,
        partition: int,
        bounds: MemoryBounds,
        observer: CommitObserver | None = None,
        written: StoreFormat | None = None,
    ) -> None:
        self._store, self._settings = store, settings
        self._script, self._partition = script, partition
        self._bounds = bounds
        self._observer = observer
        self._written = written
        self._head: Row = (settings.idempotency_ttl_seconds, settings.watermark_ttl_seconds, store.partitions)
        self._queue: deque[_Share] = deque()
        self._filled = asyncio.Event()
        self._durability: Durability | None = None
        self._examined = 0.0

    def __str__(self) -> str:
        return f"{self._script} in partition {self._partition}"

    def add(self, rows: Sequence[Row], size: int = 0) -> asyncio.Future[list[bytes]]:
        """Queue the rows of a delivery, with ``size`` bytes of bodies; the future gives a result each, or raises."""
        share = _Share(rows, size)
        self._queue.append(share)
        self._filled.set()
        return share.answer

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._filled.wait()
            if batch := self._next_batch():
                await self._answer(batch)
            else:
                self._filled.clear()

    def _next_batch(self) -> list[_Share]:
        batch: list[_Share] = []
        events = size = 0
        while self._queue and events < MAX_EVENTS and size < MAX_BYTES:
            share = self._queue.popleft()
            if not share.answer.done():  # done: the request has timed out meanwhile, its sender comes again
                batch.append(share)
                events += len(share.rows)
                size += share.size
        return batch

    async def _answer(self, batch: list[_Share], *, halved: bool = False) -> None:
        """Commit until every share has its answer; ``halved``: it is part of a batch that was refused."""
        pause, broken = RETRY_SECONDS, 0
        while batch := [share for share in batch if not share.answer.done()]:
            try:
                # What broke the connection of many is tried again on one of its own: only it can have broken that.
                return await self._commit(batch, apart=halved or broken > 0)
            except Exception as exc:  # noqa: BLE001 - whatever it is, each caller waits for an answer
                error, blame = exc, await self._blame(exc) if not cancellation_requested() else _Blame.SERVER
            if cancellation_requested():
                raise asyncio.CancelledError from error
            if blame is not _Blame.CONTENT:
                self._durability = None
            # Once is no proof, not even for a halved batch: the connection may have been broken by the call before.
            broken = broken + 1 if blame is _Blame.CONNECTION else 0
            if blame is _Blame.CONTENT or broken >= BROKEN_CALLS:
                return await self._halve(batch, error)
            if blame is _Blame.PROMISE and not (isinstance(error, StoreFull) and await self._bounds.makes_room()):
                return _fail(batch, error)
            await asyncio.sleep(0 if halved and broken else pause)
            pause = min(2 * pause, 1.0)
        return None

    async def _halve(self, batch: list[_Share], error: Exception) -> None:
        if len(batch) == 1:
            return _fail(batch, StoreRefused(_words(error)))
        middle = len(batch) // 2
        await self._answer(batch[:middle], halved=True)
        return await self._answer(batch[middle:], halved=True)

    async def _blame(self, error: Exception) -> _Blame:
        if isinstance(error, StoreFull | NotDurable):
            return _Blame.PROMISE
        if not isinstance(error, StoreError):
            return _Blame.CONTENT  # it cannot even be sent, text that is no Unicode for one
        cause = error.__cause__
        if isinstance(cause, DataError) or (type(cause) is ResponseError and str(cause).split(" ")[0] not in STATES):
            return _Blame.CONTENT
        broken = isinstance(cause, ConnectionError | OSError) and not isinstance(cause, BusyLoadingError | TimeoutError)
        return _Blame.CONNECTION if broken and await self._server_answers() else _Blame.SERVER

    async def _server_answers(self) -> bool:
        with suppress(StoreError), translated():
            await self._store.client.exists(self._store.keys.events(self._partition))
            return True
        return False

    async def _commit(self, batch: list[_Share], *, apart: bool) -> None:
        durability = await self._current_durability()
        args = [*self._head]
        if self._written is not None:
            args.append(await self._written.current())
        for share in batch:
            for row in share.rows:
                args += row
        began = time.perf_counter()
        if wait := durability.wait_after(self._script):
            results, confirmed = await self._store.run_and_wait(self._script, self._partition, args, wait)
            if least(confirmed) < durability.required:
                raise NotDurable(f"{wait[0]!s} confirmed {least(confirmed)} of {durability.required}")
        else:
            run = self._store.run_apart if apart else self._store.run
            results = await run(self._script, self._partition, args)
        if self._observer is not None:
            self._observer.published(deliveries=len(batch), seconds=time.perf_counter() - began)
        outcomes = iter(results)
        for share in batch:
            share.settle([next(outcomes) for _ in share.rows])

    async def _current_durability(self) -> Durability:
        if self._durability is None or time.monotonic() - self._examined > EXAMINE_SECONDS:
            try:
                self._durability = await examine(self._store, self._settings)
            except StoreUnavailable as exc:
                raise StoreUnavailable(str(exc)) from exc  # whatever its cause, no share is to blame for it
            self._examined = time.monotonic()
        if self._durability.problem:
            problem, self._durability = self._durability.problem, None
            raise NotDurable(problem)
        return self._durability


def _fail(batch: list[_Share], error: Exception) -> None:
    for share in batch:
        share.fail(error if isinstance(error, StoreError) else StoreUnavailable(_words(error)))


def _words(error: Exception) -> str:
    """What may be said of an error: the server's own words, of others only the kind, for they may repeat a body."""
    return str(error) if isinstance(error, StoreError) else f"{type(error).__name__} while storing"
