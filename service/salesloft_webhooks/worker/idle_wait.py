"""What a partition's loop waits for when it has nothing to do: never blindly, always for whichever comes first.

That is a wake-up (a blocking read behind the last entry, which consumes nothing), an outcome of our own being stored
(it may have made the next entry of a lane due), the earliest due time, or something that others have made due, which is
looked for at the poll interval. Without any of it the loop takes again from time to time: that is its sign of life.
"""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Group, Taken
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.worker.assignment import Visits

QUIET_SECONDS = 5.0
"""Between two takes that find nothing: the first turn to look what is due that comes about then is a take. What takes
say of a worker is believed for half a minute and more."""
QUIET_SHARE = 0.25
"""Of a lease, when that is less: who has not called for half a lease was away, and the dead are found later then."""
READ_AHEAD = 0.7
"""Of the time that a call may take: how much longer than the poll interval a read may block, within its time-out."""
LINGER_SECONDS = 0.002
"""After a take that found everything there was: more has seldom come at once, and a call for each event costs most
of what an event costs. Far below what anybody waits for, and enough for events to gather when there are many."""


class IdleWait:
    """The waits of one partition's loop, all of which end early when something wakes the loop.

    Attributes:
        assigned: Whether it is for this worker to wait for entries here; else it looks every few seconds.
        gathered: Set unless the loop is letting more events gather. What is sent when it is set goes with the next
            take: one write, and one waking up on either side.
        attentive: Whether the end of any attempt wakes the loop, and not only what may have made something due: while
            we stop, while isolated entries wait, while outcomes have to be reported first. Each take decides anew.
        expecting: Whether there is a reason to think that a take finds something; said anew by each take of a group
            that is limited.

    Two more are about a wait behind a take that found nothing (`_wait_quietly`). ``_quiet``: it is under way, so the
    blocking read goes on; ``_looked``: when anybody last looked what is due here, we or a beat.
    """

    def __init__(self, group: Group, partition: int, background: Background, settings: Settings) -> None:
        self._group = group
        self._partition = partition
        self._background = background
        self._poll_seconds = settings.poll_seconds
        self._quiet_seconds = min(QUIET_SECONDS, QUIET_SHARE * group.options.lease_seconds)
        self._read_seconds = settings.poll_seconds + READ_AHEAD * settings.store_timeout_seconds
        self._woken = asyncio.Event()
        self.gathered = asyncio.Event()
        self.gathered.set()
        self.assigned = True
        self.attentive = False
        self.expecting = True
        self._visits = Visits()
        self._quiet = False
        self._looked = 0.0
        self._notification: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something has happened that may give the loop work: end the wait."""
        self.expecting = True
        self._woken.set()

    def clear(self) -> None:
        """What has happened so far is seen by the take that comes next."""
        self._woken.clear()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until something wakes the loop, at most for ``seconds`` (default: the poll interval); whether it did."""
        woken = True

        def give_up() -> None:
            nonlocal woken
            woken = self._woken.is_set()
            # `_linger` would do so one turn of the event loop later: then settle and take are not one write.
            self.gathered.set()
            self._woken.set()

        # Not `asyncio.timeout`, which costs six times as much: the loop waits once after each take.
        timer = asyncio.get_running_loop().call_later(self._poll_seconds if seconds is None else seconds, give_up)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()
        self._woken.clear()
        return woken

    def assign(self, *, assigned: bool) -> None:
        """Wait for entries here from now on, or leave that to others and look every few seconds."""
        if assigned != self.assigned:
            self.wake()
        self.assigned = assigned

    async def after(self, taken: Taken) -> None:
        """Wait until there may be more to take; not at all when a take has left some."""
        if taken.leases:
            self._visits.found()
            if taken.last_id:
                await self._linger()
        elif self.assigned or taken.paused:
            await self._wait_for_entries(taken)
        else:
            await self.wait(self._visits.next_seconds())

    async def _linger(self) -> None:
        self.gathered.clear()
        try:
            await self.wait(LINGER_SECONDS)
        finally:
            self.gathered.set()

    async def _wait_for_entries(self, taken: Taken) -> None:
        """After a take that found nothing: wait for new entries, or until something known is due."""
        if taken.paused:
            poll = self._poll_seconds
            await self.wait(poll if taken.wait_seconds is None else min(poll, taken.wait_seconds))
        elif taken.last_id:
            await self._wait_quietly(taken.last_id, math.inf if taken.wait_seconds is None else taken.wait_seconds)

    async def _wait_quietly(self, last_id: str, seconds: float) -> None:
        """Wait until there is a reason to take; in ``seconds`` something is due that is known.

        ========================  ======================================================================
        what ends it              why
        ========================  ======================================================================
        the loop is woken         new entries, an outcome of our own, or a beat that found something due
        `known_due`, `quiet_end`  something known is due; a sign of life is wanted
        a look of our own         others have made something due, or a take is so near that none is worth it
        ========================  ======================================================================
        """
        self._looked = began = time.monotonic()
        known_due, quiet_end = began + seconds, began + max(self._quiet_seconds, self._poll_seconds)
        last_look = quiet_end - self._poll_seconds / 2  # one right before the take would be for nothing
        end = min(known_due, quiet_end)
        self._quiet = True
        self._start_waiting(last_id)
        try:
            while not await self.wait(min(end, self._next_look()) - time.monotonic()):
                # Beats may put off our own looks for ever (`looked`), so the end does not wait for one.
                now = time.monotonic()
                if now >= end or (now >= self._next_look() and now >= last_look):
                    self.expecting = now >= known_due
                    return
                if now >= self._next_look() and await self._finds_something_due():
                    self.expecting = True
                    return
        finally:
            self._quiet = False

    def _next_look(self) -> float:
        return self._looked + self._poll_seconds

    def looked(self, asked: float, *, found: bool) -> None:
        """Whether anything was due here at ``asked``, which somebody asked on another way."""
        if self._quiet:
            self._looked = max(self._looked, asked)
            if found:
                self.wake()

    async def _finds_something_due(self) -> bool:
        self._looked = time.monotonic()
        return await self._group.look(self._partition)

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
            while not await self._group.wait(self._partition, last_id, self._read_seconds):
                if not self._quiet:
                    return
        self.wake()
