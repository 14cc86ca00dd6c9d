"""Room for attempts: one slot each, or all of them for an attempt that must run alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


@dataclass(slots=True)
class Room:
    """Slots held by one who wanted all: ``free`` of them are given back at the end, the rest by who uses them."""

    free: int


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
    async def all(self, patience_seconds: float | None = None) -> AsyncIterator["Room"]:
        """Hold every slot: entered when all attempts have ended, left before any other begins.

        After ``patience_seconds`` it is entered as soon as one slot is free: with those, beside what still runs.
        """
        async with self._alone:
            self._wanting_all += 1
            room = Room(0)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience_seconds):
                        await self._until(lambda: self.free == self.total)
                await self._until(lambda: self.free > 0)
                room.free, self.free = self.free, 0
                yield room
            finally:
                self._wanting_all -= 1
                self.vacate(room.free)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
