"""What the benchmarks put into the store is what the receiver would have put there."""

import asyncio

import pytest
from bench import filling
from bench.traffic import event_id

from salesloft_webhooks.broker import Publisher, Stored, open_store
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server


@pytest.mark.parametrize("count", [40, 3_170], ids=["all of it published", "most of it repeated"])
def test_fills_with_what_is_published(valkey: Server, count: int) -> None:
    """So many distinct events, each person's one after another, with the bodies and the records of the publisher."""
    filling.fill(valkey.url, count, people=100, run=3)

    with valkey.client() as client:
        entries = [fields for _, fields in client.xrange("sl:{0}:events")]
    again = list(filling.deliveries(count, people=100, run=3))
    assert [entry["id"] for entry in entries] == [event_id(3, number) for number in range(count)]
    assert [(entry["key"], entry["body"]) for entry in entries] == [
        (each.events[0].entity_key, each.events[0].data.decode()) for each in again
    ]
    assert asyncio.run(_published(valkey.url, again)) == {Stored.DUPLICATE}


async def _published(url: str, deliveries: list[NewDelivery]) -> set[Stored]:
    settings = Settings.load(redis_url=url)
    async with open_store(settings) as store, Publisher(store, settings) as publisher:
        return set(await asyncio.gather(*(publisher.publish(each) for each in deliveries)))
