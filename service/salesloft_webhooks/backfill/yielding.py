"""Live events go first: when the backfill may publish, and how fast."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.stats import Stats, measure
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import BackfillTelemetry

LOOK_SECONDS = 1.0
"""How long a look at the groups is good for; at the usual rate a hundred events are published meanwhile."""
LAG, MEMORY = "lag", "memory"


class Yielding:
    """Lets the backfill publish as long as nobody has to wait for it.

    Args:
        store: Where events go.
        settings: How many events may wait, and how many are published a second.
        telemetry: Who is told of waits.
        sleep: Waits.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        telemetry: BackfillTelemetry,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._settings, self._telemetry = store, settings, telemetry
        self._sleep, self._clock = sleep, clock
        self._gap = 1 / settings.backfill_events_per_second
        self._next = clock()
        self._looked = -LOOK_SECONDS
        self._yields = False

    async def permit(self) -> None:
        """Return when one more delivery may be published.

        Raises:
            StoreError: the store cannot be asked.
        """
        if self._clock() - self._looked >= LOOK_SECONDS:
            while (reason := await self._look()) is not None:
                await self._sleep(LOOK_SECONDS)
                self._telemetry.yielded(reason, LOOK_SECONDS)
        self._next = max(self._next, self._clock() - LOOK_SECONDS / 10) + self._gap  # what was not used is not saved up
        if (seconds := self._next - self._clock()) > 0:
            await self._sleep(seconds)

    async def _look(self) -> str | None:
        """Why nothing may be published now; None: it may."""
        self._looked = self._clock()
        reason = self._reason(await measure(self._store))
        self._yields = reason is not None
        return reason

    def _reason(self, stats: Stats) -> str | None:
        limit = self._settings.backfill_lag_limit
        to_do = max((group.lag + group.due for group in stats.groups if not group.paused), default=0)
        if to_do > (limit // 2 if self._yields else limit):
            return LAG
        full = (1 + self._settings.history_memory_share) / 2  # up to the share itself history may stand
        for each in stats.partitions:
            if each.memory_limit_bytes and each.memory_used_bytes > full * each.memory_limit_bytes:
                return MEMORY
        return None
