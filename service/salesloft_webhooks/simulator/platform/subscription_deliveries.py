"""Deliveries that follow the registered subscriptions, with their tokens, as often as SalesLoft tries."""

import asyncio
from collections import Counter, deque
from typing import Any, Self

from salesloft_webhooks.background import Background
from salesloft_webhooks.dialects import DialectKeys, OutgoingEvent
from salesloft_webhooks.dialects.native import NATIVE
from salesloft_webhooks.simulator.platform.account import KEPT_CHANGES, Account, Delivered, Happened, Outcome
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.callback_client import CallbackClient
from salesloft_webhooks.simulator.platform.faults import Fault, Faults
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from salesloft_webhooks.simulator.platform.stray_posts import StrayPosts
from salesloft_webhooks.simulator.signed_deliveries import Delivery, Signer


class SubscriptionDeliveries:
    """Sends each change to whoever subscribed to it; use as ``async with``.

    Attributes:
        account: What became of each change.
        strays: What was posted beside.
        ledger: The latest deliveries that were begun, in order.
        dropped: Changes that were sent to nobody, by event, because that was ordered.
    """

    def __init__(self, subscriptions: RegisteredSubscriptions, faults: Faults, behaviour: Behaviour) -> None:
        self._subscriptions, self._faults, self._behaviour = subscriptions, faults, behaviour
        self._background = Background()
        self._client = CallbackClient(behaviour)
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0
        self.account = Account()
        self.strays = StrayPosts(self._client, behaviour)
        self.ledger: deque[Delivered] = deque(maxlen=KEPT_CHANGES)
        self.dropped: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(None, None, None)
        await self._client.__aexit__(*error)

    def send(self, native_name: str, resource: dict[str, Any]) -> None:
        """Begin the delivery of a change to each subscription of it."""
        change = self.account.happened(native_name, resource)
        if self._faults.next(native_name, among=frozenset({Fault.DROPPED})):
            self.dropped[native_name] += 1
            self.account.ended(change, Outcome.DROPPED)
            return
        subscriptions = self._subscriptions.of(native_name)
        if not subscriptions:
            self.account.ended(change, Outcome.UNSUBSCRIBED)
        event = OutgoingEvent(native_name, "", "", resource)
        for subscription in subscriptions:
            # What is posted is written now: the resource goes on changing while retries wait.
            keys = DialectKeys(callback_tokens=(subscription["callback_token"].encode(),))
            signer = Signer(keys)
            delivery = signer.delivery(NATIVE, event, int(self._behaviour.clock()))
            entry = self.account.begun(change, subscription["id"])
            self.ledger.append(entry)
            self._under_way += 1
            self._idle.clear()
            self._background.start(
                self._deliver(change, entry, subscription["callback_url"], delivery, signer),
                name=f"delivery-{change.number}",
            )

    async def settled(self) -> None:
        """Return when no delivery is under way or waits for its next attempt."""
        await self._idle.wait()

    async def _deliver(self, change: Happened, entry: Delivered, url: str, delivery: Delivery, signer: Signer) -> None:
        try:
            for attempt in range(self._behaviour.attempts):
                if attempt:
                    await asyncio.sleep(self._behaviour.retry_seconds)
                status, answer = await self._client.post(url, delivery)
                self.account.answered(change, entry, status, answer)
                if entry.done:
                    await self.strays.after(url, delivery, signer)
                    return
            self.account.given_up(change, entry)
        finally:
            entry.over = True
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
