"""The `notify` group: tells the rep when somebody replies."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from salesloft_webhooks.errors import Retry
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.notify.channels import Channel, Sent
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def _lifespan(settings: Settings) -> AsyncIterator[Sequence[Channel]]:
    yield [Channel(url.get_secret_value()) for url in settings.notify_urls]


def build_router(group: str, settings: Settings) -> Router[Sequence[Channel]]:  # noqa: ARG001 - every group's form
    """The built-in handlers of the group."""
    router = Router(_lifespan)

    @router.on("email.replied")
    async def tell(event: Event, channels: Sequence[Channel]) -> None:
        """Send the message to every configured address, or log that there is none."""
        if not channels:
            _log.info("notify.unaddressed", event_id=event.event_id, event_type=event.event_type)
        for channel in channels:
            if await channel.send("New reply", f"Person {event.person_id} replied to your email.") is not Sent.YES:
                raise Retry("a notification service did not take the message")

    return router
