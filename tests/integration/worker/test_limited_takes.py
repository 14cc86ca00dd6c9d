"""How one loop takes in a limited group: what it asks, what it begins with, and what it gives back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Group, Taken
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.concurrency_limit import HeldSlots
from salesloft_webhooks.worker.idle_wait import IdleWait
from salesloft_webhooks.worker.limited_takes import LimitedTakes
from salesloft_webhooks.worker.taking import NOTHING_TAKEN
from tests.integration.broker.permits_model import counted
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server
from tests.support.waiting import eventually


class Loop:
    """A loop that runs nothing, and what it has asked to take."""

    def __init__(self, bench: Bench, group: Group, background: Background) -> None:
        self.bench, self.asked = bench, list[int]()
        idle_wait = IdleWait(group, 0, background, Settings.load())
        telemetry = WorkerTelemetry("crm")
        self.takes = LimitedTakes(group.limits, 0, lambda: 0, idle_wait, background, telemetry)
        self.idle_wait = idle_wait
        self.seconds = 0.0
        self.was_stale = False

    async def take(self, count: int) -> Taken:
        """A call that takes its time and finds nothing."""
        self.asked.append(count)
        await asyncio.sleep(self.seconds)
        self.was_stale = self.takes.stale
        return NOTHING_TAKEN

    async def fill(self, slots: int = 8, *, alone: bool = False) -> HeldSlots:
        """Take with so many slots; what is left of them."""
        held = HeldSlots(slots)
        await self.takes.fill(held, self.take, alone=alone)
        return held


@asynccontextmanager
async def limited(server: Server, most: int, lease_seconds: float = 60.0) -> AsyncIterator[Loop]:
    """A loop of a group that may run so many at once."""
    async with open_bench(server) as bench, Background() as background:
        group = await bench.group(lease_seconds=lease_seconds)
        group.limits.learn((await set_limits(bench.store, "crm", "hand", SaidLimits(most))).stored)
        yield Loop(bench, group, background)


async def test_it_takes_as_many_as_it_has_permits_for_and_keeps_its_slots(valkey: Server) -> None:
    """Of eight slots three are taken for; all are free again when nothing was found, and so are the permits."""
    async with limited(valkey, 3) as loop:
        held = await loop.fill()

        assert (loop.asked, held.free) == ([3], 8)
        await eventually(lambda: counted(loop.bench.redis) == 0, "the permits are given back")


async def test_with_nothing_to_expect_it_looks_and_asks_for_nothing(valkey: Server) -> None:
    """A look costs no permit; only what it finds makes the loop ask."""
    async with limited(valkey, 3) as loop:
        loop.idle_wait.expecting = False

        await loop.fill()

        assert loop.asked[0] == 0
        assert loop.asked[1:] == [3], "an answer without a last id says that more may be there"


async def test_permits_that_are_older_than_half_a_lease_are_not_begun_with(valkey: Server) -> None:
    """Others may have them by the end of the lease: whoever was frozen in between begins nothing."""
    async with limited(valkey, 3, lease_seconds=0.4) as loop:
        await loop.fill()
        at_once = loop.was_stale
        loop.seconds = 0.25

        await loop.fill()

        assert (at_once, loop.was_stale) == (False, True)


async def test_without_a_permit_isolated_entries_are_not_even_looked_for(valkey: Server) -> None:
    """A look that leases one and hands it back would clear it of the leases that it has lost."""
    async with limited(valkey, 1) as loop:
        await loop.bench.store.run("permits", 0, ["crm", "somebody", 1, 60_000, 1, 0, 0, ""])

        await loop.fill(alone=True)

        assert loop.asked == []
        assert await loop.takes.held_up()
