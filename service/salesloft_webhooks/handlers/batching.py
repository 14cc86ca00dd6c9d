"""Many callers, one write: concurrent handler calls of a process share a transaction or a request.

The first caller starts writing at once; whoever comes while that write is under way waits, and all of them go into
the next one. So an idle worker adds no delay and a busy one needs one round trip for hundreds of rows. Each caller
returns when its own item is written, and a bad item fails its own caller only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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
    """

    def __init__(self, write: Write[ItemT], *, limit: int) -> None:
        self._write = write
        self._limit = limit
        self._waiting: list[tuple[ItemT, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, item: ItemT) -> None:
        """Return when ``item`` is written; raise what became of it otherwise.

        A caller that is cancelled while waiting takes its item back, unless it is being written already.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, written))
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain(), name="coalescer")
        await written

    async def _drain(self) -> None:
        try:
            while batch := self._next_batch():
                await self._write_batch(batch)
        finally:
            self._writer = None

    def _next_batch(self) -> list[tuple[ItemT, asyncio.Future[None]]]:
        wanted = [(item, written) for item, written in self._waiting if not written.done()]
        self._waiting = wanted[self._limit :]
        return wanted[: self._limit]

    async def _write_batch(self, batch: Sequence[tuple[ItemT, asyncio.Future[None]]]) -> None:
        try:
            outcomes = await self._write([item for item, _ in batch])
            results = list(zip(batch, outcomes, strict=True))
        except Exception as exc:  # noqa: BLE001 - it belongs to the callers, whatever it is
            results = [(entry, exc) for entry in batch]
        for (_, written), outcome in results:
            if written.done():
                continue
            if outcome is None:
                written.set_result(None)
            else:
                written.set_exception(outcome)
