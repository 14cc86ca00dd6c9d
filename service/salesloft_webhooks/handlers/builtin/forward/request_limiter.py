"""How fast an endpoint is served."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.errors import Unavailable

LONGEST_QUEUE_SECONDS = 2.0
"""Attempts wait for a permit this long; beyond that the group pauses instead, which costs no attempt."""


class RequestLimiter:
    """At most so many requests at once and a second, by this process.

    Args:
        concurrency: At once.
        per_second: None: no limit.
    """

    def __init__(self, *, concurrency: int, per_second: float | None) -> None:
        self._concurrent = asyncio.Semaphore(concurrency)
        self._interval = 1 / per_second if per_second else 0.0
        self._next_start = 0.0

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[None]:
        """Wait for a permit and hold it.

        Raises:
            Unavailable: the wait would be long; for how long, it says.
        """
        now = time.monotonic()
        wait = max(self._next_start - now, 0.0)
        if wait > LONGEST_QUEUE_SECONDS:
            raise Unavailable("forward: the endpoint's rate is reached", after=wait)
        self._next_start = now + wait + self._interval
        await asyncio.sleep(wait)
        try:
            async with asyncio.timeout(LONGEST_QUEUE_SECONDS):
                await self._concurrent.acquire()
        except TimeoutError as exc:
            raise Unavailable("forward: the endpoint's requests at once are reached", after=1.0) from exc
        try:
            yield
        finally:
            self._concurrent.release()
