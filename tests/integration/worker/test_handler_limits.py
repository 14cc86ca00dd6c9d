"""Handlers that are limited, in workers of one group: how many calls run, how many begin, and what waits how."""

import asyncio
from collections import Counter

from salesloft_webhooks import Event, Limit, Router
from salesloft_webhooks.broker.administration.handler_limiting import limit_handler_by_hand
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.settings import Ordering
from tests.integration.worker.limited_calls import Calls, no_permits, workers
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


async def test_of_a_limited_handler_so_many_run_in_all_workers_together(server: Server) -> None:
    """Three workers, sixty events: never more than three at once, all handled as first attempts, nothing left."""
    calls, router, attempts = Calls(), Router[None](), set[int]()

    @router.on("*", limit=Limit(max_running=3))
    async def sync(event: Event) -> None:
        attempts.add(event.attempt)
        await calls.call(event)

    async with workers(server, router, 3) as running:
        await running.publish(*(f"e{number}" for number in range(60)))
        await running.finished(60, seconds=60)

        assert running.outcomes() == {"done": 60}
        await no_permits(running)
    assert calls.most[""] == 3
    assert len(calls.ended) == 60
    assert attempts == {1}


async def test_each_value_of_a_key_has_the_limit_for_itself(server: Server) -> None:
    """One at a time for each of four entities, in two workers; all four run beside each other."""
    calls, router, at_once = Calls(), Router[None](), set[int]()

    @router.on("*", limit=Limit(max_running=1, key="entity_key"))
    async def sync(event: Event) -> None:
        await calls.call(event, event.entity_key, 0.05)
        at_once.add(calls.running.total())

    async with workers(server, router, 2) as running:
        for number in range(32):
            await running.publish(f"e{number}", key=f"person:{number % 4}")
        await running.finished(32, seconds=60)
        await no_permits(running)

    assert calls.most == {f"person:{number}": 1 for number in range(4)}
    assert max(at_once) > 1


async def test_calls_of_a_limited_handler_begin_no_faster_than_its_rate(valkey: Server) -> None:
    """Twenty a second with a burst of five, in two workers: no span of time has more than the two bring."""
    calls, router = Calls(), Router[None]()

    @router.on("*", limit=Limit(rate="20/s burst 5"))
    async def sync(event: Event) -> None:
        await calls.call(event, seconds=0)

    async with workers(valkey, router, 2) as running:
        await running.publish(*(f"e{number}" for number in range(25)))
        await running.finished(25, seconds=60)

    times = [began for began, _ in sorted(calls.began)]
    late = 0.1  # between the answer and the call, on a machine that is busy
    for first, began in enumerate(times):
        for last in range(first + 5, len(times)):
            assert last - first + 1 <= 5 + (times[last] - began + late) * 20 + 1
    assert times[-1] - times[0] >= (25 - 5 - 1) / 20 - late


async def test_a_person_that_waits_stays_in_order_and_stops_nobody_else(server: Server) -> None:
    """With one slot left, others are handled while a key is in use; what waited for it is handled in its order then."""
    calls, router, free = Calls(), Router[None](), asyncio.Event()

    @router.on("*", limit=Limit(max_running=1, key="source"), where='entity_key in ("person:a", "person:b")')
    async def limited(event: Event) -> None:
        await calls.call(event, event.entity_key, 0)
        if event.event_id == "first":
            await free.wait()

    @router.on("*", where='not entity_key in ("person:a", "person:b")')
    async def others(event: Event) -> None:
        await calls.call(event, seconds=0)

    router.ordering = Ordering.ENTITY
    async with pipeline(server, router, worker_concurrency=2) as running:
        await running.publish("first", key="person:a")
        await eventually(lambda: bool(calls.began), "the first one runs")
        for number in range(6):
            await running.publish(f"b{number}", key="person:b")
        await running.publish(*(f"o{number}" for number in range(6)))
        await eventually(lambda: {f"o{number}" for number in range(6)} <= set(calls.ended), "others are handled")
        waiting = [event_id for event_id in calls.ended if event_id.startswith("b")]
        free.set()
        await running.finished(13, seconds=60)

        assert running.outcomes() == {"done": 13}
    assert waiting == []
    assert [event_id for event_id in calls.ended if event_id.startswith("b")] == [f"b{number}" for number in range(6)]


async def test_each_event_of_a_batch_counts_by_its_own_key(valkey: Server) -> None:
    """Two of each of three entities at most are together in a batch, or in two of them at once."""
    router, together, now = Router[None](), Counter[str](), Counter[str]()

    @router.on_batch("*", max_size=20, max_wait=0.05, limit=Limit(max_running=2, key="entity_key"))
    async def store(events: list[Event]) -> None:
        keys = Counter(event.entity_key for event in events)
        now.update(keys)
        for key in keys:
            together[key] = max(together[key], now[key])
        await asyncio.sleep(0.02)
        now.subtract(keys)

    async with workers(valkey, router, 2) as running:
        for number in range(24):
            await running.publish(f"e{number}", key=f"person:{number % 3}")
        await running.finished(24, seconds=60)
        await no_permits(running)

    assert set(together.values()) <= {1, 2}


async def test_a_limit_by_hand_holds_from_the_next_event_on(valkey: Server) -> None:
    """A handler that its author lets run as it likes runs once at a time when somebody says so."""
    calls, router = Calls(), Router[None]()

    @router.on("*", limit=Limit())
    async def sync(event: Event) -> None:
        await calls.call(event)

    async with pipeline(valkey, router) as running:
        await running.publish(*(f"e{number}" for number in range(8)))
        await running.finished(8, seconds=30)
        before, calls.most = calls.most[""], Counter()
        store = running.worker._store
        await limit_handler_by_hand(store, "mine", sync.__qualname__, SaidLimits(1))
        await running.publish(*(f"f{number}" for number in range(8)))
        await running.finished(16, seconds=30)

    assert before > 1
    assert calls.most[""] == 1


async def test_what_a_filter_leaves_out_needs_no_permit(valkey: Server) -> None:
    """Of a handler that may begin once an hour, ninety-nine events that it does not want are filtered at once."""
    router, seen = Router[None](), list[str]()

    @router.on("*", where='event_id = "wanted"', limit=Limit(rate="1/h"))
    async def sync(event: Event) -> None:
        seen.append(event.event_id)

    async with pipeline(valkey, router) as running:
        await running.publish(*(f"e{number}" for number in range(99)), "wanted")
        await running.finished(100, seconds=30)

    assert seen == ["wanted"]


async def test_a_call_that_outlives_a_lease_keeps_its_permit(valkey: Server) -> None:
    """Of calls that take more than two leases one runs at a time in two workers: permits are kept as leases are."""
    calls, router = Calls(), Router[None]()

    @router.on("*", limit=Limit(max_running=1))
    async def sync(event: Event) -> None:
        await calls.call(event, seconds=2.5)

    async with workers(valkey, router, 2, lease_seconds=1) as running:
        await running.publish("e1", "e2", "e3")
        await running.finished(3, seconds=60)

        assert running.outcomes() == {"done": 3}
    assert calls.most[""] == 1
    assert sorted(calls.ended) == ["e1", "e2", "e3"]
