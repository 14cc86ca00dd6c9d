"""Order per person, across retries and without waiting for the poll."""

import asyncio
from collections import defaultdict

from salesloft_webhooks import Event
from salesloft_webhooks.settings import Ordering
from tests.support.servers import Server
from tests.support.worker_pipeline import pipeline


async def test_each_person_is_handled_in_order_across_retries(server: Server) -> None:
    """Per person events run one at a time in acceptance order, although every third attempt fails; people overlap."""
    finished: dict[str, list[str]] = defaultdict(list)
    running_now: set[str] = set()
    overlap = 0
    attempts = 0

    async def handle(event: Event) -> None:
        nonlocal overlap, attempts
        assert event.entity_key not in running_now, "two events of one person at once"
        running_now.add(event.entity_key)
        overlap = max(overlap, len(running_now))
        await asyncio.sleep(0.001)
        running_now.remove(event.entity_key)
        attempts += 1
        if attempts % 3 == 0:
            raise ValueError("every third attempt fails")
        finished[event.entity_key].append(event.event_id)

    async with pipeline(server, handle, worker_ordering=Ordering.ENTITY, max_attempts=50) as running:
        for number in range(60):
            await running.publish(f"e{number:02}", key=f"person:{number % 5}")
        await running.finished(60, seconds=30)

    for person in range(5):
        assert finished[f"person:{person}"] == [f"e{number:02}" for number in range(person, 60, 5)]
    assert overlap > 1


async def test_a_lane_does_not_wait_for_the_poll(valkey: Server) -> None:
    """Forty events of one person take far less than forty poll intervals: each outcome wakes the loop."""

    async def handle(event: Event) -> None:
        await asyncio.sleep(0)

    async with pipeline(valkey, handle, worker_ordering=Ordering.ENTITY, poll_seconds=2) as running:
        await running.publish(*(f"e{number}" for number in range(40)), key="person:1")
        began = asyncio.get_running_loop().time()
        await running.finished(40)

    assert asyncio.get_running_loop().time() - began < 5
