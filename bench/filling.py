"""Events in the store as the receiver puts them there, without HTTP."""

import asyncio
from collections.abc import Iterator
from itertools import islice

from bench.traffic import PEOPLE, compact, event_id, person
from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings

TOGETHER = 1000


def deliveries(count: int, people: int, run: int = 0) -> Iterator[NewDelivery]:
    """Updates of so many people, one after another."""
    bodies = [compact(person(100_000 + number)) for number in range(people)]
    for number in range(count):
        key = f"person:{100_000 + number % people}"
        created = "2026-03-07T04:26:14Z"
        event = NewEvent(event_id(run, number), "person.updated", key, created, bodies[number % people])
        yield NewDelivery("default", (event,))


def fill(redis_url: str, count: int, people: int = PEOPLE, run: int = 0) -> None:
    """Publish that many new events about so many people."""
    asyncio.run(_fill(Settings.load(redis_url=redis_url), deliveries(count, people, run)))


async def _fill(settings: Settings, what: Iterator[NewDelivery]) -> None:
    async with open_store(settings) as store, Publisher(store, settings) as publisher:
        while batch := list(islice(what, TOGETHER)):
            await asyncio.gather(*(publisher.publish(delivery) for delivery in batch))
