"""Watching the store from the receiver: is it there, does it keep its promise, is the backlog within its limit?"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from salesloft_webhooks.background import still_wanted
from salesloft_webhooks.broker.backlog import slowest_backlog
from salesloft_webhooks.broker.connection import Store
from salesloft_webhooks.broker.durability import Durability, examine
from salesloft_webhooks.broker.partitions import check_partitions
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings

INTERVAL_SECONDS = 1.0
"""Between two looks; short against the probes' periods, so that readiness follows the truth."""
EXAMINE_SECONDS = 5.0
"""Between two looks at the server's persistence: a server that cannot write its disk refuses writes and answers reads,
so that only this look tells."""


class StoreObserver(Protocol):
    """What the watch reports to; `telemetry.ReceiverTelemetry` is one."""

    def store_available(self) -> None:
        """The store answers."""

    def store_unavailable(self, reason: str) -> None:
        """It does not."""

    def durability_examined(self, faults: Sequence[str]) -> None:
        """In what the server keeps less than an operator would want, or than promised; empty: in nothing."""


class StoreWatch:
    """Looks at the store once a second in the background; use as ``async with``.

    Attributes:
        problem: Why nothing can be stored now, in one line; None: all is well. Starts as "not asked yet".
        over_backlog: The slowest group has more waiting than ``BACKLOG_LIMIT``: store nothing more.
        weaknesses: What an operator should know about the server's configuration.
    """

    def __init__(self, store: Store, settings: Settings, observer: StoreObserver) -> None:
        self._store = store
        self._settings = settings
        self._observer = observer
        self._task: asyncio.Task[None] | None = None
        self._examined = -EXAMINE_SECONDS
        self._durability = Durability()
        self._succeeded = time.monotonic()
        self.problem: str | None = "the store has not been asked yet"
        self.over_backlog = False
        self._refused: ConfigurationError | None = None

    async def __aenter__(self) -> Self:
        await self._look()
        if self._refused is not None:
            raise self._refused
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """See the class."""
        return self._durability.weaknesses

    @property
    def last_success_age_seconds(self) -> float:
        """Seconds since the store last answered."""
        return time.monotonic() - self._succeeded

    async def _run(self) -> None:
        while still_wanted():
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._look()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(self._settings.store_timeout_seconds):
                if time.monotonic() - self._examined > EXAMINE_SECONDS or self.problem:
                    self._durability = await examine(self._store, self._settings)
                    if self._durability.problem is None:  # else writing the number down would only fail, too
                        await check_partitions(self._store, decides=True)
                    self._examined = time.monotonic()
                backlog = await slowest_backlog(self._store)
        except ConfigurationError as exc:
            self.problem, self._refused = str(exc), exc
            self._observer.store_unavailable(self.problem)
            return
        except Exception as exc:  # whatever it is: a watch that dies would leave the last verdict standing for ever
            reason = str(exc) or "time-out"
            self.problem = f"the store does not answer: {reason}"
            self._observer.store_unavailable(reason)
            return
        self._succeeded = time.monotonic()
        self.problem = self._durability.problem
        self.over_backlog = backlog > self._settings.backlog_limit
        self._observer.store_available()
        self._observer.durability_examined(self._durability.faults)
