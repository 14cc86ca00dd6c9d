"""Isolated entries beside ordinary events: who is stopped, and for how long."""

import asyncio

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import Group, GroupOptions, open_store
from salesloft_webhooks.settings import Settings
from tests.integration.worker.test_limits import another_worker
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import STREAM, Pipeline, pipeline

CONCURRENCY = 16
HANDLER_SECONDS = 0.02


async def isolate(running: Pipeline, server: Server, count: int) -> None:
    """Store events and let a process that is no more lose them twice; the group must exist and be paused."""
    await running.publish(*(f"s{number}" for number in range(count)))
    async with open_store(Settings.load(redis_url=server.url)) as store:
        await Group(store, GroupOptions("mine"), "gone").register()
    rows = running.redis.xreadgroup("mine", "gone", {STREAM: ">"}, count)[0][1]
    with running.redis.pipeline() as pipe:
        for entry, _ in rows:
            pipe.xclaim(STREAM, "mine", "-", 0, [entry], retrycount=2, justid=True)
            pipe.zadd("sl:{0}:g:mine:isolated", {entry: 1})
            pipe.hset("sl:{0}:g:mine:attempts", f"{entry}:lost", "2 2 2")
        pipe.execute()


@pytest.mark.parametrize("count", [50, 5_000])
async def test_most_of_the_work_done_beside_isolated_entries_is_others(valkey: Server, count: int) -> None:
    """While isolated entries wait, each few of them are followed by many times as many ordinary events, retries too."""
    order: list[str] = []
    ordinary = 800

    async def handle(event: Event) -> None:
        await asyncio.sleep(HANDLER_SECONDS)
        if event.event_id.startswith("r") and event.attempt == 1:
            raise ValueError("once more")
        order.append(event.event_id[0])

    async with pipeline(valkey, handle) as preparing:
        preparing.stop.set()
        await preparing.task
        await isolate(preparing, valkey, count)
        await preparing.publish(*(f"{'r' if number % 10 == 0 else 'n'}{number}" for number in range(ordinary)))
    async with pipeline(valkey, handle, worker_concurrency=CONCURRENCY):
        async with asyncio.timeout(60):
            while order.count("n") + order.count("r") < ordinary:  # noqa: ASYNC110 - tests poll
                await asyncio.sleep(0.02)

    among = order[: max(index for index, kind in enumerate(order) if kind != "s")]
    assert among.count("r") > ordinary // 20, "retries starve"
    assert 0 < among.count("s") < len(among) * (0.03 if count < 500 else 0.06)


async def test_isolated_entries_need_no_share_when_nothing_else_waits(valkey: Server) -> None:
    """An idle worker clears its isolated entries one group after the other, without pauses between them."""
    done: list[float] = []

    async def handle(event: Event) -> None:
        await asyncio.sleep(0.1)
        done.append(asyncio.get_running_loop().time())

    async with pipeline(valkey, handle) as preparing:
        preparing.stop.set()
        await preparing.task
        await isolate(preparing, valkey, 8)
    async with pipeline(valkey, handle, worker_concurrency=CONCURRENCY) as running:
        await running.finished(8)

    assert done[-1] - done[0] < 2.5  # three more groups of two; with pauses of nine times their length, three seconds


async def test_a_long_handler_neither_stops_isolated_entries_nor_is_stopped(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs for long is waited for a moment only: isolated entries run beside it, and new events beside those."""
    monkeypatch.setattr("salesloft_webhooks.worker.partition_loop.DRAIN_SECONDS", 0.1)
    release, order = asyncio.Event(), []

    async def handle(event: Event) -> None:
        if event.event_id.startswith(("long", "s")):
            await release.wait()
        order.append(event.event_id)

    async with pipeline(valkey, handle) as preparing:
        preparing.stop.set()
        await preparing.task
        await isolate(preparing, valkey, 1)
        await preparing.publish("long")
    async with pipeline(valkey, handle, worker_concurrency=4) as running:
        async with asyncio.timeout(10):
            while running.redis.zcard("sl:{0}:g:mine:isolated"):  # noqa: ASYNC110 - tests poll
                await asyncio.sleep(0.02)
            await running.publish("new")
            while "new" not in order:  # noqa: ASYNC110 - tests poll
                await asyncio.sleep(0.02)
        assert order == ["new"]
        release.set()
        await running.finished(3)


async def test_a_paused_group_asks_no_more_often_for_its_isolated_entries(valkey: Server) -> None:
    """While the group is paused, isolated entries wait like all others: the worker asks no more often for them."""

    async def handle(event: Event) -> None:
        await asyncio.sleep(0)

    async with pipeline(valkey, handle) as preparing:
        preparing.stop.set()
        await preparing.task
        await isolate(preparing, valkey, 3)
        preparing.redis.set("sl:{0}:g:mine:pause", "manual")
    async with pipeline(valkey, handle) as running:
        await asyncio.sleep(0.3)
        before = running.redis.info("commandstats")["cmdstat_evalsha"]["calls"]
        await asyncio.sleep(1)
        asked = running.redis.info("commandstats")["cmdstat_evalsha"]["calls"] - before
        running.redis.delete("sl:{0}:g:mine:pause")
        await running.finished(3)

    assert asked < 30


async def test_isolated_entries_have_their_share_of_a_limited_group(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where attempts are longer than a turn, and somebody waits for each permit that such an entry would need."""
    monkeypatch.setattr("salesloft_webhooks.worker.isolation_budget.SHARE", 0.5)
    order: list[str] = []
    router: Router[None] = Router(max_running=1)

    @router.on("*")
    async def handle(event: Event) -> None:
        await asyncio.sleep(1.1)
        order.append(event.event_id[0])

    async with pipeline(valkey, router) as preparing:
        preparing.stop.set()
        await preparing.task
        await isolate(preparing, valkey, 2)
        await preparing.publish(*(f"n{number}" for number in range(14)))
    async with pipeline(valkey, router, worker_concurrency=8), another_worker(valkey, router, worker_concurrency=8):
        await eventually(lambda: order.count("s") == 2, "they have run", 30)

    assert order.count("n") < 10
