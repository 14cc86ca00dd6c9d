"""Batch handlers in a worker: order, leases, an orderly end, and outcomes in the store."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from salesloft_webhooks import Event, Failures, Ordering, PermanentError, Router
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


async def test_each_person_is_handled_in_order_across_batches_and_retries(server: Server) -> None:
    """A batch has one event of a person, and the next one comes when that is done, however it is retried."""
    router: Router[None] = Router(ordering=Ordering.ENTITY)
    done: dict[str, list[str]] = defaultdict(list)
    under_way: list[str] = []
    sizes: list[int] = []
    failed: set[str] = set()

    @router.on_batch("*", max_size=8, max_wait=0.02)
    async def handle(events: Sequence[Event]) -> Failures:
        people = [event.entity_key for event in events]
        assert len(set(people)) == len(people), "two events of one person in a batch"
        assert not set(people) & set(under_way), "two events of one person at once"
        under_way.extend(people)
        await asyncio.sleep(0.001)
        for person in people:
            under_way.remove(person)
        sizes.append(len(events))
        failures: dict[str, BaseException] = {}
        for event in events:
            if event.event_id.endswith("3") and event.event_id not in failed:
                failed.add(event.event_id)
                failures[event.event_id] = ValueError("not the first time")
            else:
                done[event.entity_key].append(event.event_id)
        return failures

    async with pipeline(server, router) as running:
        for number in range(80):
            await running.publish(f"e{number:02}", key=f"person:{number % 8}")
        await running.finished(80, seconds=30)
        assert running.outcomes() == {"done": 80}

    assert dict(done) == {
        f"person:{person}": [f"e{number:02}" for number in range(person, 80, 8)] for person in range(8)
    }
    assert max(sizes) > 1


async def test_each_event_of_a_batch_is_settled_by_itself(valkey: Server) -> None:
    """Of five, one is a dead letter with its own error, one is retried and done, three are done at once."""
    router: Router[None] = Router()
    attempts: dict[str, int] = defaultdict(int)

    @router.on_batch("*", max_size=5, max_wait=5)
    async def handle(events: Sequence[Event]) -> Failures:
        for event in events:
            attempts[event.event_id] += 1
        failures: dict[str, Exception] = {"dies": PermanentError("no such person"), "waits": ValueError("not yet")}
        return {
            event.event_id: failures[event.event_id]
            for event in events
            if event.event_id in failures and event.attempt == 1
        }

    async with pipeline(valkey, router, worker_concurrency=20) as running:
        await running.publish("a", "dies", "b", "waits", "c")
        await running.finished(5)
        outcomes = {event_id: running.outcome(event_id) for event_id in ("a", "dies", "b", "waits", "c")}
        letters = running.dead()

    assert outcomes == {"a": "done", "dies": "dead", "b": "done", "waits": "done", "c": "done"}
    assert [letter["error"] for letter in letters] == ["PermanentError: no such person"]
    assert attempts == {"a": 1, "dies": 1, "b": 1, "waits": 2, "c": 1}


async def test_events_that_wait_for_company_keep_their_leases(valkey: Server) -> None:
    """A wait of four leases, and one attempt for each event."""
    router: Router[None] = Router()
    seen: list[tuple[str, int]] = []

    @router.on_batch("*", max_size=5, max_wait=1.2)
    async def handle(events: Sequence[Event]) -> None:
        seen.extend((event.event_id, event.attempt) for event in events)

    async with pipeline(valkey, router, lease_seconds=0.3) as running:
        await running.publish("a", "b")
        await running.finished(2)

    assert sorted(seen) == [("a", 1), ("b", 1)]


async def test_a_worker_that_stops_handles_what_waits_for_company(valkey: Server) -> None:
    """A batch that would have waited for an hour is handled when the worker is asked to end."""
    router: Router[None] = Router()
    batches: list[int] = []

    @router.on_batch("*", max_size=50, max_wait=3600)
    async def handle(events: Sequence[Event]) -> None:
        batches.append(len(events))

    async with pipeline(valkey, router, worker_concurrency=100) as running:
        await running.publish("a", "b", "c")
        await eventually(lambda: len(running.worker._loops[0].attempts) == 3, "all three wait")
        running.stop.set()
        await asyncio.wait_for(running.task, 10)
        assert running.outcomes() == {"done": 3}

    assert batches == [3]


async def test_a_batch_that_outlives_the_grace_period_is_given_back(valkey: Server) -> None:
    """Its call is cancelled, and the next worker has each event in its first attempt."""
    router: Router[None] = Router()
    hangs = asyncio.Event()
    seen: list[tuple[str, int]] = []

    @router.on_batch("*", max_size=3, max_wait=5)
    async def handle(events: Sequence[Event]) -> None:
        if not hangs.is_set():
            hangs.set()
            await asyncio.sleep(60)
        seen.extend((event.event_id, event.attempt) for event in events)

    async with pipeline(valkey, router, grace_seconds=0.1, worker_concurrency=10) as running:
        await running.publish("a", "b", "c")
        await asyncio.wait_for(hangs.wait(), 10)
        running.stop.set()
        await asyncio.wait_for(running.task, 10)
        assert running.outcomes() == {"open": 3}
    async with pipeline(valkey, router, worker_concurrency=10) as running:
        await running.finished(3)

    assert sorted(seen) == [("a", 1), ("b", 1), ("c", 1)]
