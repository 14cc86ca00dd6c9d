"""How many attempts run at once: a slot for each, or all slots for isolated entries, which run alone.

How much a take asks for is a matter of the slots, too. All that it brings starts when the whole answer is there, so the
slots of a large take are empty for longer; a small one costs the store and us as much as a large one. While handlers
end as soon as they have begun, half of the slots are asked for: the store answers one take while the attempts of the
one before run. Slots that are held by handlers for longer become free a few at a time, and are filled so.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

SMALLEST_PORTION = 10
"""A tenth of the slots: with 20 ms in a handler, one is then empty for less than a millisecond."""


@dataclass(slots=True)
class HeldSlots:
    """Slots somebody holds: the ``free`` ones are given back at the end, each other one when its attempt ends."""

    free: int


class ConcurrencyLimit:
    """Counts free slots.

    Whoever wants all of them is served before ordinary attempts, else it would wait for ever under load.

    Attributes:
        total: How many there are.
        free: How many nobody holds.
        running: Attempts under way.
        lasting: So many ran when the store last answered a take: longer than a round trip takes.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self.running = 0
        self.lasting = 0
        self._changed = asyncio.Event()
        self._alone = asyncio.Lock()
        self._wanting_all = 0
        self._waiting = 0

    @property
    def portion(self) -> int:
        """How much the next take may ask for, of all slots."""
        return max((self.total - self.lasting + 1) // 2, self.total // SMALLEST_PORTION, 1)

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
