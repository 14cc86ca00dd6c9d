"""Many callers, one write: concurrent handler calls of a process share a transaction, a request, or a batch handler.

The first caller starts writing at once; whoever comes while that write is under way waits, and all of them go into
the next one. So an idle worker adds no delay and a busy one needs one round trip for hundreds of rows. Each caller
returns when its own item is written, and a bad item fails its own caller only. Who would rather have fewer and larger
writes lets the first caller wait for others, and full batches begin beside each other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from itertools import islice
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

Outcomes = Sequence[BaseException | None]
"""One per item, in the order given; None: written."""

Write = Callable[[Sequence[ItemT]], Awaitable[Outcomes]]
"""Writes a batch and says for each item how it went. If it raises, the whole batch failed that way."""


async def write_bisecting(
    write: Write[ItemT], items: Sequence[ItemT], item_errors: tuple[type[Exception], ...]
) -> Outcomes:
    """Write a batch that fails as a whole when one item is bad, so that only the bad ones fail.

    The batch is halved until the bad items stand alone: a few more writes per bad item, not one per item.

    Args:
        write: Must be repeatable: a good half may be written again later.
        items: The batch.
        item_errors: What `write` raises when an item is to blame. Anything else is passed on for the whole batch.
    """
    try:
        return await write(items)
    except item_errors as exc:
        if len(items) == 1:
            return [exc]
        middle = len(items) // 2
        halves = [await write_bisecting(write, half, item_errors) for half in (items[:middle], items[middle:])]
        return [outcome for half in halves for outcome in half]


class Batcher(Generic[ItemT]):
    """Collects the items of concurrent callers into batches.

    Args:
        write: See `Write`.
        limit: Items of one batch at most.
        wait_seconds: How long the first item waits for others, whatever is written meanwhile. 0: until nothing is.
        full_at_once: A full batch waits for nothing. Else one batch is written at a time.
    """

    def __init__(
        self, write: Write[ItemT], *, limit: int, wait_seconds: float = 0.0, full_at_once: bool = False
    ) -> None:
        self._write = write
        self._limit = limit
        self._wait_seconds = wait_seconds
        self._full_at_once = full_at_once
        self._waiting: dict[asyncio.Future[None], tuple[ItemT, float]] = {}  # each with when it came, the first first
        self._one_by_one: asyncio.Task[None] | None = None
        self._others: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def write(self, item: ItemT) -> None:
        """Return when ``item`` is written; raise what became of it otherwise.

        A caller that is cancelled while waiting takes its item back, unless it is being written already.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        self._waiting[written] = item, loop.time()
        self._look()
        try:
            await written
        finally:
            self._waiting.pop(written, None)
            del written  # has the error, whose traceback has this frame: a circle

    async def write_all(self, items: Sequence[ItemT]) -> Outcomes:
        """The same for several items of one caller; what became of each, in their order."""
        loop = asyncio.get_running_loop()
        written: dict[asyncio.Future[None], ItemT] = {loop.create_future(): item for item in items}
        self._waiting.update((one, (item, loop.time())) for one, item in written.items())
        self._look()
        try:
            await asyncio.wait(written)
        finally:
            for one in written:
                self._waiting.pop(one, None)
                one.cancel()  # nobody asks any more what becomes of what is being written
        return [one.exception() for one in written]

    def wait_no_more(self) -> None:
        """Write what waits for others now, and whatever comes from now on as if the wait were 0."""
        self._wait_seconds = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._look()

    def _look(self) -> None:
        """Begin what can begin."""
        while self._full_at_once and len(self._waiting) >= self._limit:
            self._begin_beside_others()
        if not self._waiting:
            return
        if self._wait_seconds:
            self._watch()
        elif self._one_by_one is None:
            self._one_by_one = asyncio.create_task(self._drain(), name="batches")

    def _watch(self) -> None:
        if self._timer is None:
            _, came = next(iter(self._waiting.values()))
            self._timer = asyncio.get_running_loop().call_at(came + self._wait_seconds, self._waited, context=Context())

    def _waited(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        # Whoever was first when the timer was set may be gone.
        if self._waiting and now - next(iter(self._waiting.values()))[1] >= self._wait_seconds:
            self._begin_beside_others()
        self._look()

    def _begin_beside_others(self) -> None:
        task = asyncio.create_task(self._write_batch(self._next_batch()), name="batch")
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def _drain(self) -> None:
        try:
            while batch := self._next_batch():
                await self._write_batch(batch)
        finally:
            self._one_by_one = None

    def _next_batch(self) -> "Mapping[asyncio.Future[None], ItemT]":
        batch = {written: item for written, (item, _) in islice(self._waiting.items(), self._limit)}
        for written in batch:
            del self._waiting[written]
        return batch

    async def _write_batch(self, batch: "Mapping[asyncio.Future[None], ItemT]") -> None:
        try:
            outcomes = await self._write(list(batch.values()))
            results = list(zip(batch, outcomes, strict=True))
        except Exception as exc:  # noqa: BLE001 - it belongs to the callers, whatever it is
            results = [(written, exc) for written in batch]
        for written, outcome in results:
            if written.done():
                continue
            if outcome is None:
                written.set_result(None)
            else:
                written.set_exception(outcome)
