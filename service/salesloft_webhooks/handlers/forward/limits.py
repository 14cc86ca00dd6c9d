"""How fast an endpoint is served, and when it is left alone."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.errors import Retry, Unavailable

LONGEST_QUEUE_SECONDS = 2.0
"""Attempts wait for their turn this long; beyond that the group pauses instead, which costs no attempt."""


class Turns:
    """At most so many requests at once and a second, by this process.

    Args:
        concurrency: At once.
        per_second: None: no limit.
    """

    def __init__(self, *, concurrency: int, per_second: float | None) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._interval = 1 / per_second if per_second else 0.0
        self._next = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Raises:
            Unavailable: the wait would be long; for how long, it says.
        """
        now = time.monotonic()
        wait = max(self._next - now, 0.0)
        if wait > LONGEST_QUEUE_SECONDS:
            raise Unavailable("forward: the endpoint's rate is reached", after=wait)
        self._next = now + wait + self._interval
        await asyncio.sleep(wait)
        try:
            async with asyncio.timeout(LONGEST_QUEUE_SECONDS):
                await self._places.acquire()
        except TimeoutError as exc:
            raise Unavailable("forward: the endpoint's requests at once are reached", after=1.0) from exc
        try:
            yield
        finally:
            self._places.release()


class Breaker:
    """Pauses the group after a number of failures in a row, whatever they were.

    Every so many failures make one pause, in which the failing attempt is not counted; those in between are. So an
    outage costs few attempts, and a single event that the endpoint can never take still ends in dead letters.

    Args:
        failures: In a row.
        seconds: How long the group pauses.
    """

    def __init__(self, *, failures: int, seconds: float) -> None:
        self._limit = failures
        self._seconds = seconds
        self._failures = 0

    def succeeded(self) -> None:
        """The endpoint took something."""
        self._failures = 0

    def failed(self, problem: Retry) -> Retry | Unavailable:
        """What to raise for a failed attempt."""
        self._failures += 1
        if self._failures < self._limit:
            return problem
        self._failures = 0
        return Unavailable(f"{problem} ({self._limit} failures in a row)", after=self._seconds)
