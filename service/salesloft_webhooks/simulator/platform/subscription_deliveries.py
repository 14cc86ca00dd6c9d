"""Deliveries that follow the registered subscriptions, with their tokens, as often as SalesLoft tries."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from salesloft_webhooks.background import Background
from salesloft_webhooks.dialects import DialectKeys, OutgoingEvent
from salesloft_webhooks.dialects.native import NATIVE
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.faults import Fault, Faults
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from salesloft_webhooks.simulator.signed_deliveries import Delivery, Signer


@dataclass
class Delivered:
    """What became of a change at one subscription.

    Attributes:
        subscription: Its id.
        event: The native name.
        resource: The id of what changed.
        statuses: What was answered to each attempt; None: nothing.
        done: Whether there is an answer of 2xx.
        over: Whether there will be no further attempt.
    """

    subscription: int
    event: str
    resource: Any
    statuses: list[int | None]
    done: bool = False
    over: bool = False


class SubscriptionDeliveries:
    """Sends each change to whoever subscribed to it; use as ``async with``.

    Attributes:
        ledger: Every delivery that was begun, in order.
        dropped: Changes that were sent to nobody, by event, because that was ordered.
    """

    def __init__(self, subscriptions: RegisteredSubscriptions, faults: Faults, behaviour: Behaviour) -> None:
        self._subscriptions, self._faults, self._behaviour = subscriptions, faults, behaviour
        self._background = Background()
        self._session: aiohttp.ClientSession | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0
        self.ledger: list[Delivered] = []
        self.dropped: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self._behaviour.attempt_seconds)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(None, None, None)
        if self._session is not None:
            await self._session.close()

    def send(self, native_name: str, resource: dict[str, Any]) -> None:
        """Begin the delivery of a change to each subscription of it."""
        if self._faults.next(native_name, among=frozenset({Fault.DROPPED})):
            self.dropped[native_name] += 1
            return
        for subscription in self._subscriptions.of(native_name):
            keys = DialectKeys(callback_tokens=(subscription["callback_token"].encode(),))
            event = OutgoingEvent(native_name, "", "", resource)
            delivery = Signer(keys).delivery(NATIVE, event, int(self._behaviour.clock()))
            entry = Delivered(subscription["id"], native_name, resource.get("id"), [])
            self.ledger.append(entry)
            self._under_way += 1
            self._idle.clear()
            self._background.start(
                self._deliver(entry, subscription["callback_url"], delivery), name=f"delivery-{len(self.ledger)}"
            )

    async def settled(self) -> None:
        """Return when no delivery is under way or waits for its next attempt."""
        await self._idle.wait()

    async def _deliver(self, entry: Delivered, url: str, delivery: Delivery) -> None:
        try:
            for attempt in range(self._behaviour.attempts):
                if attempt:
                    await asyncio.sleep(self._behaviour.retry_seconds)
                status = await self._post(url, delivery)
                entry.statuses.append(status)
                if status is not None and 200 <= status < 300:
                    entry.done = True
                    break
        finally:
            entry.over = True
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _post(self, url: str, delivery: Delivery) -> int | None:
        if self._session is None:
            return None
        headers = {"Content-Type": "application/json", **delivery.headers}
        try:
            async with self._session.post(url, data=delivery.body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
