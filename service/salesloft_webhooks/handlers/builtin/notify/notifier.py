"""Sending: each message once, in its time, not too many, and some together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.bundles import Bundles, Standing
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.once import Grant, OncePermits
from salesloft_webhooks.errors import Retry
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import CARD_LINKS, NotifyConfiguration
from salesloft_webhooks.handlers.builtin.notify.cards import Card
from salesloft_webhooks.handlers.builtin.notify.channels import Channel, SendResult
from salesloft_webhooks.handlers.builtin.notify.digests import next_digest
from salesloft_webhooks.handlers.builtin.notify.quiet_hours import seconds_until_quiet_hours_end
from salesloft_webhooks.handlers.builtin.notify.recipients import Recipient, RecipientDirectory
from salesloft_webhooks.handlers.builtin.notify.templates import card_for, template_for
from salesloft_webhooks.telemetry import get_logger

if TYPE_CHECKING:
    import httpx2

_log = get_logger(__name__)

CONCURRENT_SENDS = 4
"""Messages under way in one process, and so the most that a killed one leaves in doubt."""


@dataclass(frozen=True)
class Message:
    """What goes out at once.

    Attributes:
        name: What its claims are called: the event's id, or the bundle's name.
        recipient: Who is told.
        events: What of, at least one.
    """

    name: str
    recipient: Recipient
    events: Sequence[Event]


class Notifier:
    """Sends messages.

    Args:
        configuration: What to say.
        recipients: Who is told where.
        store: Where claims and bundles are.
        group: The consumer group.
        http: For services that take cards; None: there are none.
    """

    def __init__(
        self,
        configuration: NotifyConfiguration,
        recipients: RecipientDirectory,
        store: Store,
        group: str,
        http: "httpx2.AsyncClient | None",
    ) -> None:
        self._configuration = configuration
        self._recipients = recipients
        self._store = store
        self._permits = OncePermits(store, group, per_minute=configuration.messages_per_minute)
        self._bundles = Bundles(store, group)
        self._http = http
        self._sends = asyncio.Semaphore(CONCURRENT_SENDS)

    async def notify(self, event: Event) -> None:
        """Tell the event's rep on every channel.

        Raises:
            Retry: it is quiet now, it is not this message's turn yet, or a service did not take it.
            Unavailable: who the rep is cannot be asked.
        """
        recipient = await self._recipients.recipient_of(event.user_id)
        if not recipient.channels:
            _log.info("notify.unaddressed", event_id=event.event_id, event_type=event.event_type)
            return
        if seconds := seconds_until_quiet_hours_end(recipient.quiet_hours, datetime.now(UTC)):
            raise Retry("quiet hours", after=seconds, counted=False)
        if recipient.digest or self._configuration.group_seconds:
            await self._together(event, recipient)
        else:
            await self._send(Message(event.event_id, recipient, (event,)))

    async def _together(self, event: Event, recipient: Recipient) -> None:
        """Tell of the event with others: as the one that sends for all, or by waiting for it."""
        due = next_digest(recipient.digest, event.received_at) if recipient.digest else None
        joined = await self._bundles.join(
            recipient.name,
            event.event_id,
            due_ms=int(due.timestamp() * 1000) if due else 0,
            gap_seconds=self._configuration.group_seconds,
        )
        if joined.standing is Standing.WAIT:
            raise Retry("told together with others", after=joined.wait_seconds, counted=False)
        if joined.standing is Standing.LEAD:
            others = [await self._stored(each, event.group) for each in joined.event_ids if each != event.event_id]
            events = sorted((event, *filter(None, others)), key=lambda each: joined.event_ids.index(each.event_id))
            await self._send(Message(joined.bundle, recipient, events))
            await self._bundles.close(recipient.name, joined.bundle)

    async def _stored(self, event_id: str, group: str) -> Event | None:
        """Another event of a bundle; None when it has been erased, or cannot be read."""
        found = await history(self._store, event_id)
        entry = found.entry if found and found.erased_at is None else None
        return None if entry is None or entry.unreadable else entry.as_event(group)

    async def _send(self, message: Message) -> None:
        waits = []
        for channel in message.recipient.channels:
            # A place first, then the claim: a claimed message that still queued for a thread would be lost in a crash.
            async with self._sends:
                waits.append(await self._send_on(channel, message))
        if refused := waits.count(None):
            raise Retry(f"{refused} of {len(waits)} notification services did not take the message")
        if wait := max(seconds for seconds in waits if seconds is not None):
            raise Retry("more messages at a time than are allowed", after=wait, counted=False)

    async def _send_on(self, channel: Channel, message: Message) -> float | None:
        """Send on one channel: 0 if that is settled, seconds to wait for a free minute, None if the service refused."""
        name, limit_key = f"{message.name}/{channel.name}", f"{message.recipient.name}/{channel.name}"
        permit = await self._permits.ask(name, limit_key)
        if permit.grant is Grant.WAIT:
            return permit.wait_seconds
        if permit.grant is Grant.GRANTED:
            sent = await channel.send(self._cards(message.events, channel), self._http)
            if sent.result is SendResult.REFUSED:
                await self._permits.release(name, limit_key)
                return sent.wait_seconds or None
            if sent.result is SendResult.TAKEN:
                await self._permits.confirm(name, limit_key)
                return 0.0
        if permit.grant is not Grant.DONE:
            for event in message.events:
                _log.warning("notify.uncertain", event_id=event.event_id, event_type=event.event_type)
        return 0.0

    def _cards(self, events: Sequence[Event], channel: Channel) -> list[Card]:
        return cards_of(self._configuration, events, channel)


def cards_of(configuration: NotifyConfiguration, events: Sequence[Event], channel: Channel) -> list[Card]:
    """What is said of events on a channel, a card each; nothing of those that no message is for."""
    default: Mapping[str, str] = CARD_LINKS if channel.has_cards else {}
    general = default if configuration.links is None else configuration.links
    templates = ((event, template_for(event.event_type, configuration.messages)) for event in events)
    return [
        card_for(template, general if template.links is None else template.links, event, channel.sanitize)
        for event, template in templates
        if template is not None
    ]
