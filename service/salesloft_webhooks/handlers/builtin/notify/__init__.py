"""The `notify` group: tells the right rep that somebody replied, once.

A message cannot be taken back, so each one (event and channel) is claimed before it is sent and confirmed after it.
When a worker dies in between, the next attempt finds a claim without a confirmation, and nobody can know whether the
message went out. It is then not sent again: a rep who misses one of many messages still finds the reply in SalesLoft,
and one who is told twice stops reading them. A message that the service refused is claimed and sent anew.

Claims live in Redis, not in the database: they then last exactly as long as the record that keeps the event from being
handled again, and a database that is down keeps nobody from being told.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.broker.once import Grant, OncePermits
from salesloft_webhooks.errors import Retry
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import NotifyConfiguration, Template, load_configuration
from salesloft_webhooks.handlers.builtin.notify.channels import Channel, SendResult
from salesloft_webhooks.handlers.builtin.notify.quiet_hours import seconds_until_quiet_hours_end
from salesloft_webhooks.handlers.builtin.notify.recipients import Recipient, RecipientDirectory
from salesloft_webhooks.handlers.builtin.notify.templates import rendered, template_for
from salesloft_webhooks.handlers.builtin_groups import NOTIFY
from salesloft_webhooks.handlers.outbound.outage_retry_policy import outage_retry_policy
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)


CONCURRENT_SENDS = 4
"""Messages under way in one process, and so the most that a killed one leaves in doubt."""


class Notifier:
    """Sends messages, each once, in their time and not too many.

    Args:
        recipients: Who is told where.
        claims: The rights to send.
    """

    def __init__(self, recipients: RecipientDirectory, permits: OncePermits) -> None:
        self.recipients = recipients
        self.permits = permits
        self._sends = asyncio.Semaphore(CONCURRENT_SENDS)

    async def notify(self, event: Event, template: Template) -> None:
        """Tell the event's rep on every channel.

        Raises:
            Retry: it is quiet now, it is not this message's turn yet, or a service did not take it.
        """
        recipient = self.recipients.recipient_of(event.user_id)
        if not recipient.channels:
            _log.info("notify.unaddressed", event_id=event.event_id, event_type=event.event_type)
            return
        if seconds := seconds_until_quiet_hours_end(recipient.quiet_hours, datetime.now(UTC)):
            raise Retry("quiet hours", after=seconds)
        waits = []
        for channel in recipient.channels:
            # A place first, then the claim: a claimed message that still queued for a thread would be lost in a crash.
            async with self._sends:
                waits.append(await self._send_on(channel, recipient, event, template))
        if refused := waits.count(None):
            raise Retry(f"{refused} of {len(waits)} notification services did not take the message")
        if wait := max(seconds for seconds in waits if seconds is not None):
            raise Retry("more messages than a minute allows", after=wait)

    async def _send_on(self, channel: Channel, recipient: Recipient, event: Event, template: Template) -> float | None:
        """Send on one channel: 0 if that is settled, seconds to wait for a free minute, None if the service refused."""
        name, limit_key = f"{event.event_id}/{channel.name}", f"{recipient.name}/{channel.name}"
        permit = await self.permits.ask(name, limit_key)
        if permit.grant is Grant.WAIT:
            return permit.wait_seconds
        title, body = (rendered(text, event, channel.sanitize) for text in (template.title, template.body))
        sent = await channel.send(title, body) if permit.grant is Grant.GRANTED else None
        if sent is SendResult.REFUSED:
            await self.permits.release(name, limit_key)
            return None
        if sent is SendResult.UNKNOWN or permit.grant is Grant.UNCONFIRMED:
            _log.warning("notify.uncertain", event_id=event.event_id, event_type=event.event_type)
        if sent is SendResult.TAKEN:
            await self.permits.confirm(name, limit_key)
        return 0.0


def build_router(group: str, settings: Settings) -> Router[Notifier]:
    """The built-in handlers of the group: one for each message the configuration has.

    Raises:
        ConfigurationError: the configuration cannot be read, or Apprise does not understand an address.
    """
    configuration: NotifyConfiguration = load_configuration(settings).notify
    recipients = RecipientDirectory(configuration, settings.notify_urls)

    @asynccontextmanager
    async def lifespan(settings: Settings) -> AsyncIterator[Notifier]:
        async with open_store(settings) as store:
            yield Notifier(recipients, OncePermits(store, group, per_minute=configuration.messages_per_minute))

    router = Router(lifespan, ordering=NOTIFY.ordering)

    @router.on(*configuration.messages, **outage_retry_policy(settings))
    async def tell(event: Event, notifier: Notifier) -> None:
        """Tell the rep, with the first template that matches."""
        if template := template_for(event.event_type, configuration.messages):
            await notifier.notify(event, template)

    return router
