"""SalesLoft's rate limit, shared by every process that asks its API: operator, backfill and commands.

The limit belongs to the team at SalesLoft, not to a process. The store counts it by its own clock, so that no process
needs a right one; the minute it counts need not begin when SalesLoft's does, and what SalesLoft says is left always
counts if it is less.
"""

from salesloft_webhooks.broker.connection.store import Argument, Store


class SharedBudget:
    """The units of one installation.

    Args:
        store: The open store.
        per_minute: Units a minute.
    """

    def __init__(self, store: Store, *, per_minute: int) -> None:
        self._store = store
        self._per_minute = per_minute

    async def reserve(self, cost: int, floor: int) -> tuple[float, int]:
        """Take ``cost`` units, if ``floor`` are left after that.

        Returns:
            0.0, or the seconds after which to ask again; and the minute, for `report`.

        Raises:
            StoreError: the store cannot be asked.
        """
        wait_ms, minute = await self._run("reserve", cost, floor)
        return wait_ms / 1000, minute

    async def report(self, minute: int, remaining: int | None, *, blocked_seconds: float = 0.0) -> None:
        """What SalesLoft said in answer to a request of that minute: units left, seconds to leave it alone.

        Raises:
            StoreError: the store cannot be told.
        """
        left = -1 if remaining is None else max(remaining, 0)
        await self._run("report", minute, left, int(blocked_seconds * 1000))

    async def _run(self, verb: str, *args: Argument) -> tuple[int, int]:
        wait_ms, minute, _ = await self._store.run_on(
            self._store.keys.salesloft_budget, "salesloft_budget", [verb, self._per_minute, *args]
        )
        return int(wait_ms), int(minute)
