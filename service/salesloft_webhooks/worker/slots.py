"""Room for attempts: one slot each, or all of them for an attempt that must run alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Slots:
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

    async def reserve(self) -> int:
        """Wait until there is room, then hold every free slot; returns how many. Give back what is not needed."""
        await self._until(lambda: self.free > 0 and not self._wanting_all)
        reserved, self.free = self.free, 0
        return reserved

    def vacate(self, count: int = 1) -> None:
        """Give slots back."""
        self.free += count
        self._changed.set()

    @asynccontextmanager
    async def all(self) -> AsyncIterator[None]:
        """Hold every slot: entered when all attempts have ended, left before any other begins."""
        async with self._alone:
            self._wanting_all += 1
            try:
                await self._until(lambda: self.free == self.total)
                self.free = 0
                try:
                    yield
                finally:
                    self.free = self.total
            finally:
                self._wanting_all -= 1
                self._changed.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
