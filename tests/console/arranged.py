"""Events in every state, arranged through the broker as receivers and workers would."""

from collections.abc import Awaitable, Callable

from pydantic import SecretStr

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.in_thread import in_thread
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server


def arrange(server: Server, step: Callable[[Driven], Awaitable[None]]) -> None:
    """Let the pipeline do something."""
    settings = Settings.load(redis_url=SecretStr(server.url))

    async def run() -> None:
        async with open_store(settings) as store:
            await step(Driven(store, settings, server))

    in_thread(run)


async def publish(driven: Driven, event_id: str, data: bytes, *, person: int = 7, event_type: str = "") -> None:
    """Store an event about a person, with its data."""
    event = NewEvent(
        event_id, event_type or event_id.partition("/")[0], f"person:{person}", "2026-03-07T04:26:14Z", data
    )
    async with Publisher(driven.store, driven.settings, SilentObserver()) as publisher:
        await publisher.publish(NewDelivery("team", (event,)))
