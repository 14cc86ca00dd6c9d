"""Done, and not done again: outages longer than a lease, blocked loops, lost replies."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, GroupOptions, Store, open_store
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline

LEASE_SECONDS = 1.2
OUTAGE_SECONDS = 2.6
EVENTS = 30
BRIEF: dict[str, Any] = {"lease_seconds": LEASE_SECONDS, "store_timeout_seconds": 1, "max_attempts": 3}


async def outage(server: Server, kind: str) -> None:
    """Let the store be away for longer than a lease."""
    if kind == "frozen":
        server.freeze()
        await asyncio.sleep(OUTAGE_SECONDS)
        server.thaw()
    else:
        server.stop(kill=True)
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(server.start)


@pytest.mark.parametrize("ordering", list(Ordering))
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["frozen", "killed"])
async def test_nothing_is_repeated_after_an_outage(
    own_server: Server, kind: str, workers: int, ordering: Ordering
) -> None:
    """Handlers that end while the store is away for two leases have handled their events: none of them runs again."""
    own_server.options |= {"appendonly": "yes", "appendfsync": "always"}
    own_server.start()
    runs: Counter[str] = Counter()
    away = asyncio.Event()

    async def handle(event: Event) -> None:
        runs[event.event_id] += 1
        await away.wait()
        await asyncio.sleep(0.2)

    async with AsyncExitStack() as stack:
        running = [
            await stack.enter_async_context(
                pipeline(own_server, handle, worker_ordering=ordering, worker_concurrency=15, **BRIEF)
            )
            for _ in range(workers)
        ]
        expected = 15 * workers
        await running[0].publish(*(f"e{number}" for number in range(EVENTS * workers)))
        await eventually(lambda: len(runs) == expected, "every slot is taken")
        failure = asyncio.create_task(outage(own_server, kind))
        await asyncio.sleep(0.1)
        away.set()
        await failure
        await running[0].finished(EVENTS * workers, seconds=30)

    assert sum(runs.values()) - len(runs) == 0
    assert len(runs) == EVENTS * workers


async def taken_by_another(server: Server, until: threading.Event) -> list[str]:
    """What a worker elsewhere is given meanwhile; for a thread of its own, which no handler blocks."""
    taken: list[str] = []
    async with open_store(Settings.load(redis_url=server.url)) as store:
        group = Group(store, GroupOptions("mine"), "another")
        while not until.is_set():
            taken += [lease.event.event_id for lease in (await group.take(0, 100)).leases]
            await asyncio.sleep(0.05)
    return taken


@pytest.mark.parametrize("workers", [1, 2])
async def test_handlers_that_block_the_loop_run_once(valkey: Server, workers: int) -> None:
    """Twenty handlers that block the loop for two leases together: a thread keeps their leases, each runs once."""
    runs: Counter[str] = Counter()
    all_taken, over = asyncio.Event(), threading.Event()

    async def handle(event: Event) -> None:
        runs[event.event_id] += 1
        await all_taken.wait()  # what a blocked loop has not heard of yet is in nobody's hands
        time.sleep(0.12)  # noqa: ASYNC251 - the fault under test
        await asyncio.sleep(0.05)

    async with AsyncExitStack() as stack:
        running: list[Pipeline] = [
            await stack.enter_async_context(pipeline(valkey, handle, lease_seconds=1.0, worker_concurrency=20))
            for _ in range(workers)
        ]
        await running[0].publish(*(f"e{number}" for number in range(20)))
        await eventually(lambda: len(runs) == 20, "all are taken")
        another = asyncio.create_task(asyncio.to_thread(asyncio.run, taken_by_another(valkey, over)))
        stack.callback(over.set)
        all_taken.set()
        await running[0].finished(20, seconds=30)

    assert set(runs.values()) == {1}
    assert await another == []


async def test_a_handler_that_blocks_longer_than_its_lease_is_named(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single handler that blocks for four leases runs once, and is reported by its name while it does."""
    reported: list[str] = []
    runs: Counter[str] = Counter()

    async def blocking_handler(event: Event) -> None:
        runs[event.event_id] += 1
        time.sleep(2)  # noqa: ASYNC251 - the fault under test

    def loop_blocked(_telemetry: object, handler: str, *, where: str) -> None:
        assert ":" in where
        reported.append(handler)

    monkeypatch.setattr("salesloft_webhooks.telemetry.WorkerTelemetry.loop_blocked", loop_blocked)
    async with pipeline(valkey, blocking_handler, lease_seconds=0.5) as running:
        await running.publish("e1")
        await running.finished(1, seconds=20)

    assert runs == {"e1": 1}
    named = [name for name in reported if name != "unknown"]  # that is the machine, which stopped our loop
    assert len(named) == 1
    assert named[0].endswith("blocking_handler")


async def test_without_renewals_what_is_finished_is_settled_again(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that nobody lets renew gets its own entries again: those it runs go on, those it finished stay done."""

    async def extend(_group: Group, _partition: int, leases: Sequence[object]) -> list[bool]:
        return [True for _ in leases]

    runs: Counter[str] = Counter()

    async def handle(event: Event) -> None:
        runs[event.event_id] += 1
        await asyncio.sleep(1.0)

    monkeypatch.setattr(Group, "extend", extend)
    async with pipeline(valkey, handle, lease_seconds=0.3, poll_seconds=0.1, max_attempts=50) as running:
        await running.publish("e1", "e2")
        await eventually(lambda: running.outcome("e2") == "done", "both are done")
        await running.finished(2)

    assert runs == {"e1": 1, "e2": 1}


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_lost_replies_repeat_nothing(valkey: Server, monkeypatch: pytest.MonkeyPatch, ordering: Ordering) -> None:
    """Every fifth reply of the store is lost after it did its work: each event still runs once, within its lease."""
    runs: Counter[tuple[str, int]] = Counter()
    calls = 0
    original = Store.run

    async def run(store: Store, name: str, *args: Any, **options: Any) -> Any:
        nonlocal calls
        reply = await original(store, name, *args, **options)
        calls += name in {"take", "settle", "extend"}
        if name in {"take", "settle", "extend"} and calls % 5 == 0:
            raise StoreUnavailable("the reply is lost")
        return reply

    async def handle(event: Event) -> None:
        runs[event.event_id, event.attempt] += 1
        await asyncio.sleep(0.01)

    async with pipeline(valkey, handle, worker_ordering=ordering, worker_concurrency=3, lease_seconds=60) as running:
        monkeypatch.setattr(Store, "run", run)
        await running.publish(*(f"e{number}" for number in range(40)))
        await running.finished(40, seconds=30)
        monkeypatch.setattr(Store, "run", original)

    assert runs == {(f"e{number}", 1): 1 for number in range(40)}


async def test_a_destroyed_group_does_not_repeat_what_runs(valkey: Server) -> None:
    """XGROUP DESTROY while a handler runs: the entry is given out again, and the running handler goes on with it."""
    runs: Counter[str] = Counter()
    proceed = asyncio.Event()

    async def handle(event: Event) -> None:
        runs[event.event_id] += 1
        await proceed.wait()

    async with pipeline(valkey, handle, worker_ordering=Ordering.ENTITY) as running:
        await running.publish("e1", "e2", key="person:1")
        await eventually(lambda: runs["e1"] == 1, "the first runs")
        running.redis.xgroup_destroy("sl:{0}:events", "mine")
        await eventually(lambda: running.redis.exists("sl:{0}:g:mine:lane:person:1") == 1, "the group is healed")
        await asyncio.sleep(0.5)
        assert runs == {"e1": 1}
        proceed.set()
        await running.finished(2)

    assert runs == {"e1": 1, "e2": 1}
