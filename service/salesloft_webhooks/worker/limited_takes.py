"""Taking within the limits of the group: permits first, then entries, so that nothing is leased that may not begin.

look (is there something?) -> ask for permits -> take as many -> start -> give back what is left
      nothing: wait as ever      none: wait for one

While nothing limits the group there are no permits, and a take is a take. Whether it is worth to ask is known, as a
rule: the last take left something, or something has woken the loop. Else a call looks first that costs what an idle
take costs: whoever has nothing to do must not hold what others wait for. The permits: `broker.group_limits`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import GroupLimits, Taken
from salesloft_webhooks.broker.group_limits import PLACE, Claim, Permits
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit, HeldSlots
from salesloft_webhooks.worker.idle_wait import IdleWait
from salesloft_webhooks.worker.permits_in_hand import PermitsInHand
from salesloft_webhooks.worker.taking import NOTHING_TAKEN

SHORTEST_SECONDS = 0.01
"""Between two calls of a loop that waits, whatever it was told."""
LOOK_SECONDS = 5.0
"""A loop that is held up looks that often, which is its sign of life, and asks that often: limits may have changed."""
GATHER_SECONDS = 0.005
"""Attempts that end together give back their permits together; and often their loop asks for the next ones anyway."""

PERMITS_PART = f"permits {PLACE}"
"""What cannot be done while that partition is away, whichever partition a loop serves; see `store_unavailable`."""

Take = Callable[[int], Awaitable[Taken]]


class LimitedTakes:
    """The takes of one partition's loop.

    Args:
        limits: Of the group.
        partition: Whose loop.
        running: How many attempts it runs.
        idle_wait: What it waits for.
        background: Where permits are given back.
        telemetry: Who hears that it is held up.

    Attributes:
        hand: What it was given.
    """

    def __init__(
        self,
        limits: GroupLimits,
        partition: int,
        running: Callable[[], int],
        idle_wait: IdleWait,
        background: Background,
        telemetry: WorkerTelemetry,
    ) -> None:
        self._limits = limits
        self._partition = partition
        self._running = running
        self._idle_wait = idle_wait
        self._background = background
        self._telemetry = telemetry
        self._calling = asyncio.Lock()  # a call states what runs, so the one before has to be answered
        self.hand = PermitsInHand()
        self._stated: int | None = None  # what the store takes to run, as far as is known
        self._latest = self._over = 0  # numbers of calls: see `Claim`
        self._giving_back = False
        self._unanswered = self._reported = False
        self._repeats = False  # whether the next take gets what a lost one of isolated entries has leased
        self._looked = 0.0
        self._held_up: tuple[str, float] | None = None

    @property
    def limited(self) -> bool:
        """Whether attempts need permits, as far as is known."""
        return self._limits.limited

    @property
    def claim(self) -> Claim:
        """What has to be kept for as long as a lease. For any thread to call."""
        # The numbers first, then what is in hand: what is counted is known to the calls that they name, or is more.
        latest, over, in_hand = self._latest, self._over, self.hand.count
        return Claim(self._partition, in_hand + self._running(), latest, over)

    async def fill(self, held: HeldSlots, take_and_start: Take, *, alone: bool) -> Taken:
        """Take and start as much as there are free slots and permits for.

        Args:
            held: The slots.
            take_and_start: Takes so many, and starts them.
            alone: Isolated ones, with the permit of `one`. They are not looked for: that leases one, which to hand back
                would clear it of its losses. Nor does a look repeat a take of theirs, for the same reason.

        Raises:
            StoreError: nothing is known about the outcome.
        """
        self._held_up = None
        if not self.limited:
            self._answered()
            return await take_and_start(held.free)
        if not (alone or self._repeats or self._idle_wait.expecting):
            looked = await self._look(held, take_and_start)
            if not looked.something_there:
                return looked
        if not (alone and self.hand.count and not self.stale):
            self.hand.lay_aside()
            if not await self._ask(1 if alone else held.free):
                return await self._look(held, take_and_start) if self.should_look and not alone else NOTHING_TAKEN
        self._repeats = self._repeats or alone
        try:
            return await self._take(self.hand.count, held, take_and_start)
        finally:
            self._put_back()

    @asynccontextmanager
    async def one(self, slots: ConcurrencyLimit) -> AsyncIterator[bool]:
        """Ask for a permit for isolated entries, before others are stopped for them; whether they may begin.

        Raises:
            StoreError: they may not.
        """
        self._held_up = None
        reserved = await slots.reserve(1) if self.limited else 0  # without a free slot it would lie idle
        try:
            permitted = not self.limited or await self._ask(1) > 0
        finally:
            slots.release(reserved)
        try:
            yield permitted
        finally:
            self._put_back()

    @property
    def should_look(self) -> bool:
        """Whether a loop that is held up has to look, which is its sign of life."""
        return not self._repeats and time.monotonic() - self._looked > LOOK_SECONDS

    async def _look(self, held: HeldSlots, take_and_start: Take) -> Taken:
        return await self._take(0, held, take_and_start)

    async def _take(self, room: int, held: HeldSlots, take_and_start: Take) -> Taken:
        # What a call leases that repeats a lost one may be more: only ``room`` of it begins.
        slots, held.free = held.free, room
        try:
            taken = await take_and_start(room)
        finally:
            held.free += slots - room
        self._looked, self._repeats = time.monotonic(), False
        self._idle_wait.expecting = taken.something_there
        return taken

    @property
    def stale(self) -> bool:
        """Whether permits were given so long ago that others may have them: nothing may begin with them."""
        return self.hand.are_older_than(self._limits.lease_seconds / 2)

    async def _ask(self, wanted: int) -> int:
        async with self._calling:
            asked, running = time.monotonic(), self._running()
            try:
                permits = await self._call(running, wanted)
            except StoreError as exc:
                self._unanswered = self._reported = True
                self._telemetry.store_unavailable(str(exc), PERMITS_PART)
                raise
            self._answered()
            self.hand.receive(permits, asked)
            self._stated, self._over = running + permits.count, self._latest
        if not permits.count:
            seconds = min(max(permits.wait_seconds, SHORTEST_SECONDS), LOOK_SECONDS)
            self._held_up = permits.held_up, seconds
        return permits.count

    def _answered(self) -> None:
        if self._reported:
            self._reported = False
            self._telemetry.store_available(PERMITS_PART)

    def was_unanswered(self) -> bool:
        """Whether the call that has failed was one for permits, which is reported; asked once for each that fails."""
        unanswered, self._unanswered = self._unanswered, False
        return unanswered

    async def _call(self, running: int, wanted: int) -> Permits:
        unused = self.hand.unused()
        self._latest += 1
        try:
            return await self._limits.ask(self._partition, self._latest, running=running, wanted=wanted, unused=unused)
        except StoreError:
            self._stated = running + wanted  # so that the end of an attempt, or of the loop, states anew what runs
            self._over = self._latest
            raise

    async def held_up(self) -> bool:
        """Wait for permits if the last `fill` was given none; whether it was."""
        if self._held_up is None:
            return False
        (by, seconds), began = self._held_up, time.monotonic()
        # The end of an attempt of our own frees a permit, too.
        self._idle_wait.attentive = self._idle_wait.attentive or by == "running"
        await self._idle_wait.wait(seconds)
        self._telemetry.held_up(by, seconds=time.monotonic() - began)
        return True

    def begun(self, attempts: int) -> None:
        """Attempts have begun, with the permits that there were."""
        self.hand.begun(attempts)

    def ended(self) -> None:
        """An attempt has ended: others may wait for its permit."""
        if not self._giving_back:
            self._giving_back = True
            self._background.start(self._give_back_soon(), name=f"giving back permits of partition {self._partition}")

    def _put_back(self) -> None:
        self.hand.lay_aside()
        if self.hand.some_unused:
            self.ended()

    async def _give_back_soon(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        self._giving_back = False
        with suppress(StoreError):  # the next call states the same, or the end of the claim does
            await self.state_what_runs()

    async def state_what_runs(self) -> None:
        """Say what runs, if the store takes it for something else: what has ended, or ran before anything was limited.

        Raises:
            StoreError: it may not have heard.
        """
        if not self.limited:
            self._stated = None
            return
        async with self._calling:
            running = self._running() + self.hand.count
            if running != self._stated or self.hand.some_unused:
                stated = self._stated
                try:
                    await self._call(running, 0)
                except StoreError:
                    self._stated = stated
                    raise
                self._stated, self._over = running, self._latest
