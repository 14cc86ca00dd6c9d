"""How many attempts run at once: a slot for each, or all slots for isolated entries, which run alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from msgspec import Struct


class HeldSlots(Struct):
    """Slots somebody holds: the ``free`` ones are given back at the end, each other one when its attempt ends."""

    free: int


class ConcurrencyLimit:
    """Counts free slots.

    Whoever wants all of them is served before ordinary attempts, else it would wait for ever under load.

    Attributes:
        total: How many there are.
        free: How many nobody holds.
        running: Attempts under way.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self.running = 0
        self._changed = asyncio.Event()
        self._alone = asyncio.Lock()
        self._wanting_all = 0
        self._waiting = 0

    async def reserve(self, at_most: int | None = None) -> int:
        """Wait until a slot is free, then hold every free slot, or ``at_most`` so many; returns how many.

        Give back what is not needed.
        """
        self._waiting += 1
        try:
            await self._until(lambda: self.free > 0 and not self._wanting_all)
        finally:
            self._waiting -= 1
        reserved = self.free if at_most is None else min(self.free, at_most)
        self.free -= reserved
        return reserved

    @contextmanager
    def spare(self, at_most: int) -> Iterator[HeldSlots]:
        """Hold up to ``at_most`` slots that are free and that nobody waits for; those not used are given back."""
        reserved = 0 if self._waiting or self._wanting_all else min(at_most, self.free)
        self.free -= reserved
        held = HeldSlots(reserved)
        try:
            yield held
        finally:
            if held.free:
                self.release(held.free)

    def release(self, count: int = 1) -> None:
        """Give slots back."""
        self.free += count
        self._changed.set()

    @asynccontextmanager
    async def exclusive(self, wait_seconds: float | None = None) -> AsyncIterator["HeldSlots"]:
        """Hold every slot: entered when all attempts have ended, left before any other begins.

        After ``wait_seconds`` it is entered as soon as one slot is free: with those, beside what still runs.
        """
        async with self._alone:
            self._wanting_all += 1
            held = HeldSlots(0)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_seconds):
                        await self._until(lambda: self.free == self.total)
                await self._until(lambda: self.free > 0)
                held.free, self.free = self.free, 0
                yield held
            finally:
                self._wanting_all -= 1
                self.release(held.free)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
