"""Events that are stored before anybody looks."""

import asyncio
from collections.abc import Iterable

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

CREATED = "2026-03-07T04:26:14Z"


def new_event(event_id: str, event_type: str, key: str, body: bytes = b'{"id":1}') -> NewEvent:
    """An event of that type and key; when it happened and what it says is of no matter."""
    return NewEvent(event_id, event_type, key, CREATED, body)


def store_events(server: Server, events: Iterable[NewEvent]) -> None:
    """Publish them one after the other, each by a delivery of its own."""

    async def publish() -> None:
        settings = Settings.load(redis_url=server.url)
        async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
            for event in events:
                await publisher.publish(NewDelivery("default", (event,)))

    asyncio.run(publish())
