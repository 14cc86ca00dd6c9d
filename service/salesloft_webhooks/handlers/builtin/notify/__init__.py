"""The `notify` group: tells the right rep that somebody replied, once.

A message cannot be taken back, so each one (event and channel) is claimed before it is sent and confirmed after it.
When a worker dies in between, the next attempt finds a claim without a confirmation, and nobody can know whether the
message went out. It is then not sent again: a rep who misses one of many messages still finds the reply in SalesLoft,
and one who is told twice stops reading them. A message that the service refused is claimed and sent anew.

Messages may go out together: what comes within a while of one (``group_seconds``), or everything up to the next time of
a ``digest``. Then one event of them sends the message for all, and its claims are the bundle's (`broker/bundles.py`).

Claims live in Redis, not in the database: they then last exactly as long as the record that keeps the event from being
handled again, and a database that is down keeps nobody from being told.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import NotifyConfiguration, load_configuration
from salesloft_webhooks.handlers.builtin.notify.notifier import CONCURRENT_SENDS, Notifier
from salesloft_webhooks.handlers.builtin.notify.recipients import RecipientDirectory
from salesloft_webhooks.handlers.builtin_groups import NOTIFY
from salesloft_webhooks.handlers.outbound.outage_retry_policy import outage_retry_policy
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings

if TYPE_CHECKING:
    import httpx2

__all__ = ["CONCURRENT_SENDS", "build_router"]


def build_router(group: str, settings: Settings) -> Router[Notifier]:
    """The built-in handlers of the group: one for each message the configuration has.

    Raises:
        ConfigurationError: the configuration cannot be read, or Apprise does not understand an address.
    """
    configuration: NotifyConfiguration = load_configuration(settings).notify
    recipients = RecipientDirectory(configuration, settings.notify_urls)
    if configuration.knows_by_email:
        from salesloft_webhooks.handlers.outbound.salesloft_users import require_credentials  # noqa: PLC0415 - see below

        require_credentials("notify", settings)

    @asynccontextmanager
    async def lifespan(settings: Settings) -> AsyncIterator[Notifier]:
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(settings))
            asks = configuration.knows_by_email or recipients.has_cards
            http = await _opened_http(stack, configuration, recipients, settings) if asks else None
            yield Notifier(configuration, recipients, store, group, http)

    router = Router(lifespan, ordering=NOTIFY.ordering)

    @router.on(*configuration.messages, **outage_retry_policy(settings))
    async def tell(event: Event, notifier: Notifier) -> None:
        """Tell the rep, with the first template that matches."""
        await notifier.notify(event)

    return router


async def _opened_http(
    stack: AsyncExitStack, configuration: NotifyConfiguration, recipients: RecipientDirectory, settings: Settings
) -> "httpx2.AsyncClient":
    """A client for cards; and who is to be asked for people, where they are known by their e-mail addresses."""
    # Loaded where they are used only: they are a part of the start-up.
    from salesloft_webhooks.handlers.builtin.notify.channels import SEND_SECONDS  # noqa: PLC0415
    from salesloft_webhooks.handlers.builtin.notify.slack_app import SlackPeople  # noqa: PLC0415
    from salesloft_webhooks.handlers.outbound.salesloft_users import SalesloftUsers  # noqa: PLC0415
    from salesloft_webhooks.outgoing_http import open_client  # noqa: PLC0415
    from salesloft_webhooks.salesloft import open_salesloft  # noqa: PLC0415

    http = await stack.enter_async_context(open_client(timeout_seconds=SEND_SECONDS))
    if configuration.knows_by_email:
        recipients.users = SalesloftUsers((await stack.enter_async_context(open_salesloft(settings))).lists)
    if configuration.slack:
        recipients.people = SlackPeople(configuration.slack, http)
    return http
