"""Events in the store of a console, written as the receiver writes them."""

from collections.abc import Awaitable, Callable

from pydantic import SecretStr

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.in_thread import in_thread
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server


def an_event(
    event_id: str, *, event_type: str = "person.updated", person: int = 1, body: bytes = b'{"id":1}'
) -> NewEvent:
    """An event of a person."""
    return NewEvent(event_id, event_type, f"person:{person}", "2026-03-07T04:26:14Z", body)


def store_events(server: Server, *events: NewEvent) -> None:
    """Store them in this order."""

    async def store(driven: Driven) -> None:
        async with Publisher(driven.store, driven.settings, SilentObserver()) as publisher:
            for event in events:
                await publisher.publish(NewDelivery("default", (event,)))

    drive(server, store)


def drive(server: Server, step: Callable[[Driven], Awaitable[None]]) -> None:
    """Let the pipeline do something."""

    async def run() -> None:
        settings = Settings.load(redis_url=SecretStr(server.url))
        async with open_store(settings) as store:
            await step(Driven(store, settings, server))

    in_thread(run)
