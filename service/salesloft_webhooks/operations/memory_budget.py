"""One limit on what everything unfinished in this process may hold in memory, and who goes when it is reached.

Whoever is not proven to be a sender may open connections, begin heads and begin bodies, and a limit for each of these
leaves the sum to their number. So all of them draw on one budget, and so do the bodies of signed deliveries until they
are answered. Nobody can tell a sender's unfinished body from another client's, but whoever cannot sign keeps memory
only by not finishing. So when the budget is spent, those go who have cost the most: bytes times seconds. A sender's
body arrives within milliseconds and costs next to nothing by then; to get it evicted, unauthenticated clients would
have to fill the whole budget anew in that time. `docs/decisions/0024-what-strangers-may-hold.md` has the alternatives.

Signed deliveries in work are never evicted.
"""

import time
from collections.abc import Callable
from typing import Protocol

MINIMUM_BYTES = 65_536
"""Whoever holds less counts as if it were this much: else many clients with little would outlast a sender who has a
large body, and what counts is the time."""
LOW_WATER = 7 / 8
"""Evictions go on until this part of the limit is held, so that looking through all holders pays."""
PAUSE_SECONDS = 0.05
"""After a look that found nothing to evict."""

UNAUTHENTICATED = 0
IDLE_SENDER = 2
"""Rests between two requests and was answered as a sender: proxies reopen such connections, at the price of a delay."""
JUST_CONNECTED = 3
"""Has only just connected, as a sender may have: the longest idle of those that rest can be missed more easily."""
JUST_CONNECTED_SECONDS = 0.25


class Holder(Protocol):
    """What draws on the budget."""

    held_bytes: int

    def age_seconds(self, now: float) -> float:
        """For how long it has held it."""

    def eviction_rank(self) -> int | None:
        """Who goes first, the lowest number; None if it must not be evicted now."""

    def evict(self) -> None:
        """Give everything back, at once, by `MemoryBudget.release`."""


class MemoryBudget:
    """The budget of one process.

    Args:
        limit_bytes: What all holders may hold together.
        clock: Monotonic seconds.
    """

    def __init__(self, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.clock = clock
        self._holders: dict[Holder, None] = {}
        self._pause_until = 0.0

    def take(self, holder: Holder, more_bytes: int) -> bool:
        """Let the holder have more, evicting others or the holder itself; False if there is not enough for that.

        It has it in any case: a caller that gets False gives it back, or knows what it does.
        """
        self._holders[holder] = None
        holder.held_bytes += more_bytes
        self.held_bytes += more_bytes
        if self.held_bytes > self.limit_bytes:
            self._evict()
        return self.held_bytes <= self.limit_bytes

    def give_back(self, holder: Holder, fewer_bytes: int) -> None:
        """The holder needs that much less."""
        holder.held_bytes -= fewer_bytes
        self.held_bytes -= fewer_bytes

    def release(self, holder: Holder) -> None:
        """The holder is done, or evicted; may be called again."""
        self.give_back(holder, holder.held_bytes)
        self._holders.pop(holder, None)

    def _evict(self) -> None:
        now = self.clock()
        if now < self._pause_until:
            return
        evictable = [
            (rank, -max(holder.held_bytes, MINIMUM_BYTES) * holder.age_seconds(now), number, holder)
            for number, holder in enumerate(self._holders)
            if (rank := holder.eviction_rank()) is not None
        ]
        if not evictable:
            self._pause_until = now + PAUSE_SECONDS
        for _, _, _, holder in sorted(evictable):
            if self.held_bytes <= self.limit_bytes * LOW_WATER:
                return
            holder.evict()
