"""The rate limit: what a request costs, and who keeps count."""

import time
from collections.abc import Callable
from typing import Protocol

from salesloft_webhooks.errors import StoreError

PER_MINUTE = 600
"""Units a team has by default. SalesLoft grants more to some; then this keeps us below our share."""

_DEEP_PAGES = ((501, 30), (251, 10), (151, 8), (101, 3))
_MINUTE = 60.0


def page_cost(page: int) -> int:
    """What a page of a list costs by its number: deep ones are dear, so begin anew at the last row instead."""
    return next((cost for first, cost in _DEEP_PAGES if page >= first), 1)


class Budget(Protocol):
    """Whoever keeps count."""

    async def reserve(self, cost: int, floor: int) -> tuple[float, int]:
        """Take units if so many are left after that: 0.0, or seconds after which to ask again; and the minute."""

    async def report(self, minute: int, remaining: int | None, *, blocked_seconds: float = 0.0) -> None:
        """What SalesLoft said in answer to a request of that minute: units left, seconds to leave it alone."""


class LocalBudget:
    """The count of this process alone, for commands without a store.

    Args:
        per_minute: Units a minute.
        clock: Seconds.
    """

    def __init__(self, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._minute = -1
        self._left = per_minute
        self._blocked = 0.0

    async def reserve(self, cost: int, floor: int) -> tuple[float, int]:
        """See `Budget`."""
        now = self._clock()
        self._begin(now)
        if self._blocked > now:
            return self._blocked - now, self._minute
        if self._left - cost < floor:
            return (self._minute + 1) * _MINUTE - now, self._minute
        self._left -= cost
        return 0.0, self._minute

    async def report(self, minute: int, remaining: int | None, *, blocked_seconds: float = 0.0) -> None:
        """See `Budget`."""
        now = self._clock()
        self._begin(now)
        if remaining is not None and minute == self._minute:
            self._left = min(self._left, max(remaining, 0))
        self._blocked = max(self._blocked, now + blocked_seconds)

    def _begin(self, now: float) -> None:
        minute = int(now // _MINUTE)
        if minute != self._minute:
            self._minute, self._left = minute, self._per_minute


class SharedOrLocalBudget:
    """The shared count, and this process's own while the store is away: subscriptions are mended all the same.

    SalesLoft itself still refuses what is too much, so the worst that happens is a 429.
    """

    def __init__(self, shared: Budget) -> None:
        self._shared = shared
        self._local = LocalBudget()

    async def reserve(self, cost: int, floor: int) -> tuple[float, int]:
        """See `Budget`."""
        try:
            return await self._shared.reserve(cost, floor)
        except StoreError:
            return await self._local.reserve(cost, floor)

    async def report(self, minute: int, remaining: int | None, *, blocked_seconds: float = 0.0) -> None:
        """See `Budget`."""
        try:
            await self._shared.report(minute, remaining, blocked_seconds=blocked_seconds)
        except StoreError:
            await self._local.report(minute, remaining, blocked_seconds=blocked_seconds)
