"""How the commands of `events` find the event that they are about."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import near_events
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.history import History
    from salesloft_webhooks.settings import Settings


def found_event(event_id: str) -> "History":
    """What the store knows of an event; ends the program when that is nothing."""
    from salesloft_webhooks.broker.administration.history import history

    async def look(store: "Store", _: "Settings") -> "History":
        if (found := await history(store, event_id)) is None:
            near = await near_events(store, event_id)
            fail(f"unknown event: {event_id} (never accepted, or so long ago that its id is forgotten){near}")
        return found

    return with_store(look)
