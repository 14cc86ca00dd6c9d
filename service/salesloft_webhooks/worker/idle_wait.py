"""What a partition's loop waits for when it has nothing to do: never blindly, always for whichever comes first.

That is a wake-up (a blocking read behind the last entry, which consumes nothing), an outcome of our own being stored
(it may have made the next entry of a lane due), the earliest due time, or the poll interval.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Group, Taken
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.worker.assignment import Visits

LINGER_SECONDS = 0.002
"""After a take that found everything there was: more has seldom come at once, and a call for each event costs most
of what an event costs. Far below what anybody waits for, and enough for events to gather when there are many."""


class IdleWait:
    """The waits of one partition's loop, all of which end early when something wakes the loop.

    Attributes:
        assigned: Whether it is for this worker to wait for entries here; else it looks every few seconds.
    """

    def __init__(self, group: Group, partition: int, background: Background, poll_seconds: float) -> None:
        self._group = group
        self._partition = partition
        self._background = background
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self.assigned = True
        self._visits = Visits()
        self._notification: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something has happened that may give the loop work: end the wait."""
        self._woken.set()

    def clear(self) -> None:
        """What has happened so far is seen by the take that comes next."""
        self._woken.clear()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until something wakes the loop, at most for ``seconds``; default: the poll interval."""
        # Not `asyncio.timeout`, which costs six times as much: the loop waits once after each take.
        wake_up = asyncio.get_running_loop().call_later(
            self._poll_seconds if seconds is None else seconds, self._woken.set
        )
        try:
            await self._woken.wait()
        finally:
            wake_up.cancel()
        self._woken.clear()

    def assign(self, *, assigned: bool) -> None:
        """Wait for entries here from now on, or leave that to others and look every few seconds."""
        if assigned and not self.assigned:
            self.wake()
        self.assigned = assigned

    async def after(self, taken: Taken) -> None:
        """Wait until there may be more to take; not at all when a take has left some."""
        if taken.leases:
            self._visits.found()
            if taken.last_id:
                await self.wait(LINGER_SECONDS)
        elif self.assigned or taken.paused:
            await self._wait_for_entries(taken)
        else:
            await self.wait(self._visits.next_seconds())

    async def _wait_for_entries(self, taken: Taken) -> None:
        """After a take that found nothing: wait for new entries, or until something known is due."""
        poll = self._poll_seconds
        seconds = poll if taken.wait_seconds is None else min(poll, taken.wait_seconds)
        if taken.paused:
            await self.wait(seconds)
        elif taken.last_id:
            self._start_waiting(taken.last_id)
            await self.wait(seconds)

    async def back_off(self, seconds: float, wanted: Callable[[], bool]) -> None:
        """Wait whatever happens, as long as it is ``wanted``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while wanted():
                    await self._woken.wait()
                    self._woken.clear()

    def _start_waiting(self, last_id: str) -> None:
        if self._notification is None or self._notification.done():
            name = f"waiting for entries of partition {self._partition}"
            self._notification = self._background.start(self._wait_for_notification(last_id), name=name)

    async def _wait_for_notification(self, last_id: str) -> None:
        with suppress(StoreError):  # the next take meets the same error and backs off
            await self._group.wait(self._partition, last_id, self._poll_seconds)
        self._woken.set()
