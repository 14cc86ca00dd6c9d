"""How one loop takes in a limited group: what it asks, what it begins with, and what it gives back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Group, Taken
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.errors import StoreError, StoreUnavailable
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.telemetry.metrics import WORKER
from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit, HeldSlots
from salesloft_webhooks.worker.idle_wait import IdleWait
from salesloft_webhooks.worker.limited_takes import LimitedTakes
from salesloft_webhooks.worker.taking import NOTHING_TAKEN
from tests.integration.broker.permits_model import PERMITS, counted
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server
from tests.support.waiting import eventually


class Loop:
    """A loop that runs nothing, unless a test says so, and what it has asked to take."""

    def __init__(self, bench: Bench, group: Group, background: Background) -> None:
        self.bench, self.asked, self.limits = bench, list[int](), group.limits
        idle_wait = IdleWait(group, 0, background, Settings.load())
        telemetry = WorkerTelemetry("crm")
        self.running = 0
        self.running_now: Callable[[], int] = lambda: self.running
        self.takes = LimitedTakes(group.limits, 0, self.runs, idle_wait, background, telemetry)
        self.idle_wait = idle_wait
        self.seconds = 0.0
        self.was_stale = False

    def runs(self) -> int:
        """What it runs, as far as anybody knows."""
        return self.running_now()

    async def limit(self, said: SaidLimits) -> None:
        """Limit the group by hand; the loop has heard of it."""
        self.limits.learn((await set_limits(self.bench.store, "crm", "hand", said)).stored)

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


def waited() -> float:
    """How long loops of this process were held up."""
    labels = {"group": "crm", "limit": "running"}
    return WORKER.get_sample_value("salesloft_webhooks_held_up_seconds_total", labels) or 0.0


@asynccontextmanager
async def limited(server: Server, most: int, lease_seconds: float = 60.0) -> AsyncIterator[Loop]:
    """A loop of a group that may run so many at once."""
    async with open_bench(server) as bench, Background() as background:
        group = await bench.group(lease_seconds=lease_seconds)
        loop = Loop(bench, group, background)
        await loop.limit(SaidLimits(most))
        yield loop


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
        before = waited()

        async with loop.takes.one(ConcurrencyLimit(8)) as permitted:
            await loop.fill(alone=True)

        assert not permitted
        assert loop.asked == []
        assert await loop.takes.held_up()
        assert waited() >= before + 0.02


async def test_what_runs_when_a_limit_is_heard_of_is_counted(valkey: Server) -> None:
    """Also that nothing does, when limits were lifted meanwhile and are set again; and no call says it twice."""
    async with limited(valkey, 3) as loop:
        loop.running = 2
        await loop.takes.state_what_runs()
        at_first = counted(loop.bench.redis)
        number = loop.takes.claim.latest
        await loop.takes.state_what_runs()
        said_once = loop.takes.claim.latest == number

        await loop.limit(SaidLimits(None, None))
        await loop.takes.state_what_runs()
        loop.bench.redis.delete(*loop.bench.redis.keys("sl:{0}:g:crm:limits:*"))  # as when its claim has ended
        await loop.limit(SaidLimits(3))
        await loop.takes.state_what_runs()
        again = counted(loop.bench.redis)
        await loop.limit(SaidLimits(None, None))
        await loop.takes.state_what_runs()
        loop.running = 0
        await loop.limit(SaidLimits(3))
        await loop.takes.state_what_runs()

        assert (at_first, said_once, again) == (2, True, 2)
        assert counted(loop.bench.redis) == 0


async def test_what_begins_while_a_renewal_is_written_is_counted(valkey: Server) -> None:
    """Renewals are another thread's: what goes from hand to run in between is counted at least once."""
    async with limited(valkey, 3) as loop:

        def begins_now() -> int:
            before, loop.running = loop.running, 3
            loop.takes.begun(3)
            return before

        async def take(_: int) -> Taken:
            loop.running_now = begins_now
            claims.append(loop.takes.claim.attempts)
            return NOTHING_TAKEN

        claims: list[int] = []
        await loop.takes.fill(HeldSlots(8), take, alone=False)

        assert claims == [3]


async def test_that_nothing_runs_any_more_is_said_again_when_it_was_lost(valkey: Server) -> None:
    """By the next heartbeat: the permit of an idle loop is not lost for as long as a lease."""
    async with limited(valkey, 1) as loop:
        loop.running = 1
        await loop.takes.state_what_runs()
        kept = loop.bench.redis.dump(PERMITS)
        loop.bench.redis.set(PERMITS, "of a type that no permits are")
        loop.running = 0
        with pytest.raises(StoreError):
            await loop.takes.state_what_runs()
        loop.bench.redis.restore(PERMITS, 0, kept, replace=True)
        still = counted(loop.bench.redis)

        await loop.takes.state_what_runs()

        assert (still, counted(loop.bench.redis)) == (1, 0)


@pytest.mark.parametrize(("alone", "looks"), [(True, []), (False, [0])])
async def test_a_take_of_isolated_entries_is_not_repeated_by_a_look(
    valkey: Server, *, alone: bool, looks: list[int]
) -> None:
    """What it leased before its answer was lost would be handed back, and be clear of its losses; others may be."""
    async with limited(valkey, 1) as loop:

        async def lost(_: int) -> Taken:
            raise StoreUnavailable("lost")

        with pytest.raises(StoreError):
            async with loop.takes.one(ConcurrencyLimit(8)):
                await loop.takes.fill(HeldSlots(8), lost, alone=alone)
        await loop.takes.state_what_runs()
        await loop.bench.store.run("permits", 0, ["crm", "somebody", 1, 60_000, 1, 0, 0, ""])
        loop.idle_wait.expecting = False

        await loop.fill()

        assert loop.asked[:1] == looks


async def test_a_permit_for_isolated_entries_is_not_kept_for_longer_than_it_counts(valkey: Server) -> None:
    """After a long wait for others a new one is asked for; one that comes to nothing is given back, as are slots."""
    slots = ConcurrencyLimit(1)
    async with limited(valkey, 1, lease_seconds=0.4) as loop:
        async with loop.takes.one(slots) as permitted:
            await asyncio.sleep(0.25)
            await loop.fill(alone=True)

        assert permitted
        assert (loop.asked, loop.was_stale) == ([1], False)
        async with loop.takes.one(slots) as permitted:
            assert permitted
        await eventually(lambda: counted(loop.bench.redis) == 0, "it is given back")
        assert slots.free == 1
