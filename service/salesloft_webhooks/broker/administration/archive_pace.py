"""How fast an archive is given to a group: live events go first, and the store does not fill up."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.settings import Settings

LOOK_SECONDS = 1.0
"""How long a look at the groups is good for, and how long to wait before the next one."""
SHARE_OF_BACKLOG = 0.5
"""Of BACKLOG_LIMIT, at which receivers refuse deliveries: an archive never takes more than this."""


class ArchivePace:
    """Says when more may be given.

    Args:
        store: Where.
        settings: How many events may wait, and how much memory be used.
        per_second: Events given a second, at most.
        waits: Called with the reason when something has to be waited for that was not waited for before.
        sleep: Waits.

    Attributes:
        per_second: The same.
        waits: The same.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        per_second: float,
        waits: Callable[[str], None],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store, self._settings = store, settings
        self.per_second, self.waits = per_second, waits
        self._sleep = sleep
        self._next = time.monotonic()
        self._looked, self._unlooked = -LOOK_SECONDS, 0
        self._most = max(1, min(settings.backfill_lag_limit // 2, settings.backlog_limit // 8))
        self._reason = ""

    async def permit(self, stopped: Callable[[], bool]) -> None:
        """Return when more may be given, or when ``stopped`` says so.

        Raises:
            StoreError: the store cannot be asked.
        """
        while not stopped() and (time.monotonic() - self._looked >= LOOK_SECONDS or self._unlooked >= self._most):
            reason = await self._look()
            if reason and reason != self._reason:
                self.waits(reason)
            self._reason = reason
            if not reason:
                self._looked, self._unlooked = time.monotonic(), 0
            else:
                await self._sleep(LOOK_SECONDS)
        while not stopped() and (seconds := self._next - time.monotonic()) > 0:
            await self._sleep(min(seconds, LOOK_SECONDS))

    def passed(self, events: int) -> None:
        """So many were dealt with: the next ones may follow after their time. What was not used is not saved up."""
        self._unlooked += events
        self._next = max(self._next, time.monotonic()) + events / self.per_second

    async def _look(self) -> str:
        """Why nothing may be given now; empty: it may."""
        stats, settings = await measure(self._store), self._settings
        limit = settings.backfill_lag_limit // (2 if self._reason else 1)
        for group in stats.groups:
            if not group.paused and group.lag + group.due > limit:
                return f"waits for the group {group.group}, which has too much to do (BACKFILL_LAG_LIMIT)"
        backlog = max((group.lag + group.pending for group in stats.groups), default=0)
        if backlog > SHARE_OF_BACKLOG * settings.backlog_limit:
            return "waits for the backlog: it is at half of BACKLOG_LIMIT"
        full = (1 + settings.history_memory_share) / 2  # up to the share itself history may stand
        for each in stats.partitions:
            if each.memory_limit_bytes and each.memory_used_bytes > full * each.memory_limit_bytes:
                return "waits for memory: the server has little left"
        return ""
