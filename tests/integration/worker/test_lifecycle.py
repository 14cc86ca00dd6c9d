"""Stopping, losing leases, losing the store, liveness."""

import asyncio

from salesloft_webhooks import Event
from salesloft_webhooks.settings import Ordering
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import STREAM, pipeline


async def test_a_stopping_worker_lets_handlers_finish(valkey: Server) -> None:
    """What runs when the worker is asked to stop ends as done; nothing new is taken; the consumer leaves."""
    started, finished = asyncio.Event(), []

    async def handle(event: Event) -> None:
        started.set()
        await asyncio.sleep(0.3)
        finished.append(event.event_id)

    async with pipeline(valkey, handle, worker_concurrency=1) as running:
        await running.publish("e1", "e2")
        await started.wait()
        running.stop.set()
        await running.task

        assert finished == ["e1"]
        assert (running.outcome("e1"), running.outcome("e2")) == ("done", None)
        assert running.redis.xinfo_consumers(STREAM, "mine") == []


async def test_after_the_grace_period_the_rest_is_handed_back(valkey: Server) -> None:
    """A handler that outlasts the grace period is cancelled; its entry is free at once and the attempt uncounted."""
    started = asyncio.Event()

    async def handle(event: Event) -> None:
        started.set()
        await asyncio.sleep(60)

    async with pipeline(valkey, handle, grace_seconds=0.1) as running:
        await running.publish("e1")
        await started.wait()
        running.stop.set()
        await running.task

        (row,) = running.redis.xpending_range(STREAM, "mine", "-", "+", 10)
        assert (row["consumer"], row["times_delivered"]) == ("-", 0)

    seen: list[int] = []

    async def handle_again(event: Event) -> None:
        seen.append(event.attempt)

    async with pipeline(valkey, handle_again) as running:
        await running.finished(1)
    assert seen == [1]


async def test_a_long_handler_keeps_its_lease(valkey: Server) -> None:
    """A handler may run far longer than the lease: it is renewed, and nobody else gets the event."""
    attempts: list[int] = []

    async def handle(event: Event) -> None:
        attempts.append(event.attempt)
        await asyncio.sleep(0.9)

    async with pipeline(valkey, handle, lease_seconds=0.3) as first, pipeline(valkey, handle, lease_seconds=0.3):
        await first.publish("e1")
        await first.finished(1)

    assert attempts == [1]


async def test_a_stolen_lease_stops_the_handler(valkey: Server) -> None:
    """When another consumer has the entry, our handler is cancelled and its outcome changes nothing."""
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with pipeline(valkey, handle, lease_seconds=0.3, worker_ordering=Ordering.ENTITY) as running:
        await running.publish("e1")
        await started.wait()
        ((entry, _),) = running.redis.xrange(STREAM)
        running.redis.xclaim(STREAM, "mine", "thief", 0, [entry])

        await asyncio.wait_for(cancelled.wait(), 5)

        assert running.redis.xpending_range(STREAM, "mine", "-", "+", 10)[0]["consumer"] == "thief"
        running.redis.xack(STREAM, "mine", entry)


async def test_a_restarted_store_is_found_again(own_server: Server) -> None:
    """The server goes away while handlers run: their outcomes are stored when it is back, and work goes on."""
    own_server.start()
    started, proceed = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def handle(event: Event) -> None:
        started.set()
        await proceed.wait()
        seen.append(event.event_id)

    async with pipeline(own_server, handle) as running:
        await running.publish("e1")
        await started.wait()
        await asyncio.to_thread(own_server.stop)
        proceed.set()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_server.start)
        await running.publish("e2")
        await running.finished(2)

    assert seen == ["e1", "e2"]


async def test_a_destroyed_group_heals_under_a_running_worker(valkey: Server) -> None:
    """XGROUP DESTROY behind the worker's back: the group is there again, and nothing done is done again."""
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.event_id)

    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await running.finished(1)
        running.redis.xgroup_destroy(STREAM, "mine")
        await running.publish("e2")
        await eventually(lambda: "e2" in seen, "the new event is handled")

    assert seen == ["e1", "e2"]


async def test_a_group_is_described_for_operators(valkey: Server) -> None:
    """A running worker's group is registered with its filter and ordering, and it says when it is ready."""

    async def handle(event: Event) -> None:
        await asyncio.sleep(0)

    async with pipeline(valkey, handle, worker_events=("email.*",)) as running:
        await eventually(lambda: running.worker.not_ready() is None, "the worker is ready")
        assert running.redis.smembers("sl:groups") == {"mine"}
        assert running.redis.hget("sl:g:mine", "events") == "email.*"
        assert running.worker.not_live() is None


async def test_a_worker_without_a_store_waits_and_can_be_stopped(own_server: Server) -> None:
    """Started before its store, a worker is live, not ready, and still stops at once when asked to."""

    async def handle(event: Event) -> None:
        await asyncio.sleep(0)

    async with pipeline(own_server, handle) as running:
        await asyncio.sleep(0.2)
        assert running.worker.not_live() is None
        assert running.worker.not_ready() is not None
        running.stop.set()
        await asyncio.wait_for(running.task, 3)


async def test_several_partitions_are_all_served(valkey: Server) -> None:
    """One worker serves every partition with one concurrency limit."""
    seen: set[str] = set()

    async def handle(event: Event) -> None:
        seen.add(event.event_id)

    async with pipeline(valkey, handle, partitions=4, worker_concurrency=3) as running:
        await running.publish(*(f"e{number}" for number in range(60)))
        await eventually(lambda: len(seen) == 60, "all partitions are worked off")


async def test_a_long_handler_in_one_partition_is_no_stall_in_another(valkey: Server) -> None:
    """While one partition's handlers hold every slot, the other loops rightly wait: the process is live."""
    release = asyncio.Event()

    async def handle(event: Event) -> None:
        await release.wait()

    async with pipeline(valkey, handle, partitions=2, worker_concurrency=1) as running:
        await running.publish("e1")
        await eventually(lambda: any(loop.attempts for loop in running.worker._loops), "the handler runs")
        for loop in running.worker._loops:
            loop.heartbeat -= 3600

        assert running.worker.not_live() is None
        release.set()


async def test_overdue_handlers_make_the_worker_not_live(valkey: Server) -> None:
    """A handler that ignores its cancellation for long is a reason to restart the process."""
    release = asyncio.Event()

    async def handle(event: Event) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async with pipeline(valkey, handle, handler_timeout_seconds=0.05) as running:
        await running.publish("e1")
        await eventually(lambda: bool(running.worker._loops[0].attempts), "the handler runs")
        attempt = next(iter(running.worker._loops[0].attempts.values()))
        assert running.worker.not_live() is None
        attempt.began -= 60

        assert running.worker.not_live() is not None
        release.set()
