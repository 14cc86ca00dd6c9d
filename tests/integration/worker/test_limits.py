"""Limited groups: how many of their attempts run at once and begin in a span of time, in all workers together."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from salesloft_webhooks import Event, Ordering, Router
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.limits import Rate, SaidLimits
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.integration.broker.permits_model import counted
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline

PERMITS = "sl:{0}:g:mine:limits:permits"


class Watch:
    """A handler that takes its time, and says how many of it ran at once and when each began."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.running = self.most = 0
        self.began: list[float] = []
        self.order: list[str] = []
        self.wait: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(self.seconds)

    async def __call__(self, event: Event) -> None:
        """Run."""
        self.began.append(time.monotonic())
        self.order.append(event.event_id)
        self.running += 1
        self.most = max(self.most, self.running)
        await self.wait()
        self.running -= 1


def limited(watch: Watch, **needs: object) -> Router[None]:
    """A router of that handler."""
    router: Router[None] = Router(**needs)  # type: ignore[call-overload]
    router.on("*")(watch.__call__)
    return router


@asynccontextmanager
async def another_worker(server: Server, router: Router[None], **settings: object) -> AsyncIterator[Worker]:
    """One more worker of the group, in this process."""
    chosen = Settings.load(redis_url=server.url, worker_group="mine", poll_seconds=0.2, **settings)
    loaded = LoadedGroup("mine", (router,))
    async with open_store(chosen) as store, loaded.open(chosen) as running:
        worker, stop = Worker(store, chosen, loaded, running, WorkerTelemetry("mine")), asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await asyncio.wait_for(task, 15)


async def publish(running: Pipeline, count: int) -> None:
    """Events of as many people."""
    await asyncio.gather(*(running.publish(f"e{number}") for number in range(count)))


async def all_done(running: Pipeline, watch: Watch, count: int) -> None:
    """Wait until so many events were handled, each once, and nothing is pending in any partition."""

    def pending() -> int:
        streams = running.redis.keys("sl:{*}:events")
        return sum(info["pending"] for stream in streams for info in running.redis.xinfo_groups(stream))

    await eventually(lambda: len(watch.order) == count and pending() == 0, "all are done", 30)
    assert len(set(watch.order)) == count


async def test_no_more_run_at_once_than_the_group_may_in_all_its_workers(server: Server) -> None:
    """Two workers over three partitions keep to three at once together, use all three, and finish everything."""
    watch = Watch()
    router = limited(watch, max_running=3)

    async with pipeline(server, router, partitions=3) as running, another_worker(server, router, partitions=3):
        await publish(running, 60)
        await all_done(running, watch, 60)

    assert watch.most == 3


async def test_no_more_begin_than_the_rate_allows(server: Server) -> None:
    """Of two workers at 50 a second no more than the burst and what the rate brings begin, in any span of time."""
    watch = Watch(0.001)
    router = limited(watch, rate="50/s burst 4")

    async with pipeline(server, router, partitions=2) as running, another_worker(server, router, partitions=2):
        await publish(running, 40)
        await all_done(running, watch, 40)

    began = sorted(watch.began)
    for first in range(len(began)):
        for last in range(first, len(began)):
            # A permit may be used a moment after it was given: half a second of a busy machine.
            assert last - first + 1 <= 4 + 50 * (began[last] - began[first] + 0.5)
    assert began[-1] - began[0] >= (40 - 4) / 50 * 0.9


async def test_a_limit_holds_from_the_moment_it_is_set_and_until_it_is_taken_back(server: Server) -> None:
    """Set while a worker runs, one at a time begins; taken back, many run again."""
    watch = Watch(0.05)
    router = limited(watch)

    async with pipeline(server, router) as running:
        await publish(running, 10)
        await all_done(running, watch, 10)
        assert watch.most > 1
        async with open_store(Settings.load(redis_url=server.url)) as store:
            await set_limits(store, "mine", "hand", SaidLimits(max_running=1))
            watch.most = 0
            await asyncio.gather(*(running.publish(f"f{number}") for number in range(5)))
            await all_done(running, watch, 15)
            assert watch.most == 1
            await set_limits(store, "mine", "hand", SaidLimits(max_running=None))
        await asyncio.gather(*(running.publish(f"g{number}") for number in range(20)))
        await all_done(running, watch, 35)
        assert watch.most > 1


async def test_what_runs_already_counts_when_a_limit_is_set(valkey: Server) -> None:
    """A worker whose slots are full of long attempts says so with its heartbeat: nobody else begins beside them."""
    first, ended = Watch(), asyncio.Event()
    first.wait = ended.wait
    second = Watch()
    full = {"worker_concurrency": 3, "upkeep_seconds": 1}

    async with pipeline(valkey, limited(first), **full) as running:
        await publish(running, 3)
        await eventually(lambda: first.running == 3, "all slots are full")
        async with open_store(Settings.load(redis_url=valkey.url)) as store:
            await set_limits(store, "mine", "hand", SaidLimits(max_running=3))
        await eventually(lambda: counted(running.redis, "mine") == 3, "they are counted")
        async with another_worker(valkey, limited(second)):
            await asyncio.gather(*(running.publish(f"f{number}") for number in range(5)))
            await asyncio.sleep(0.5)
            began = len(second.order)
            ended.set()
            await eventually(lambda: len({*first.order, *second.order}) == 8, "all are done")

    assert began == 0
    assert second.most <= 3


async def test_lanes_wait_in_order_and_others_go_on(server: Server) -> None:
    """In an ordered group that is limited each person's events run in order, and no person waits for another's end."""
    watch = Watch(0.01)
    router = limited(watch, max_running=2, ordering=Ordering.ENTITY)

    async with pipeline(server, router) as running:
        for number in range(8):
            for person in ("a", "b", "c"):
                await running.publish(f"{person}{number}", key=f"person:{person}")
        await all_done(running, watch, 24)

    assert watch.most == 2
    for person in ("a", "b", "c"):
        assert [each for each in watch.order if each[0] == person] == [f"{person}{number}" for number in range(8)]


async def test_an_idle_group_holds_no_permit(server: Server) -> None:
    """When nothing is left to do, no loop has a permit that others would wait for."""
    watch = Watch()

    async with pipeline(server, limited(watch, max_running=2, rate="1000/s")) as running:
        await publish(running, 12)
        await running.finished(12)

        await eventually(lambda: counted(running.redis, "mine") == 0, "all permits are given back")


async def test_a_group_without_limits_has_no_permits(server: Server) -> None:
    """Where nothing is limited nobody asks: neither what is said nor permits are stored."""
    async with pipeline(server, limited(Watch(0))) as running:
        await publish(running, 5)
        await running.finished(5)

        assert running.redis.keys("sl:{0}:g:mine:limits*") == []
        assert running.redis.hget("sl:{0}:g:mine:clock", "limits") is None


async def test_a_place_of_permits_that_does_not_answer_is_named(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the fault of the partitions that are there; and when it is back, nothing is said to be away."""
    watch, away = Watch(), set[str]()
    report = WorkerTelemetry.store_unavailable

    def store_unavailable(telemetry: WorkerTelemetry, reason: str, part: str = "") -> None:
        away.add(part)
        report(telemetry, reason, part)

    monkeypatch.setattr(WorkerTelemetry, "store_unavailable", store_unavailable)
    async with pipeline(valkey, limited(watch, max_running=1), partitions=2, readiness_grace_seconds=0.01) as running:
        running.redis.set(PERMITS, "of a type that no permits are")
        await publish(running, 6)
        await eventually(lambda: away == {"permits 0"}, "it is noticed")
        running.redis.delete(PERMITS)
        await all_done(running, watch, 6)

        assert away == {"permits 0"}
        assert running.worker.not_ready() is None


async def test_rates_are_read_as_they_are_said() -> None:
    """What a rate says stands in the store in milliseconds."""
    assert SaidLimits(rate=Rate.parse("100/min burst 20")).words == "- 100/60000/20"
