"""An open store on an empty real server, and the two sides of the broker with short names for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.broker import (
    Group,
    GroupOptions,
    Lease,
    Outcome,
    Publisher,
    Settled,
    Settlement,
    Store,
    Stored,
    open_store,
)
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.idempotency_records import record_of
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

LEASE_SECONDS = 0.05
STREAM = "sl:{0}:events"


@dataclass
class Bench:
    """What a test needs to drive the broker.

    Attributes:
        store: The open store.
        publisher: Publishes to it.
        redis: A plain client, for looking from outside.
        recorder: What the publisher has reported.
    """

    store: Store
    publisher: Publisher
    redis: Any
    recorder: Recorder

    async def publish(
        self, event_id: str, *, event_type: str = "person.created", key: str = "person:1", body: bytes = b'{"id":1}'
    ) -> Stored:
        """Publish one event in a delivery of its own."""
        event = NewEvent(event_id, event_type, key, "2026-03-07T04:26:14Z", body)
        return await self.publisher.publish(NewDelivery("default", (event,), "00-trace-01"))

    async def publish_mark(self, event_id: str, level: int) -> Stored:
        """Publish one event that counts only when it raises a watermark."""
        mark = Watermark("email/1", "opened", level)
        event = NewEvent(event_id, "email.opened", "person:1", "2026-03-07T04:26:14Z", b"{}", mark)
        return await self.publisher.publish(NewDelivery("default", (event,)))

    async def group(
        self, name: str = "crm", *, consumer: str = "one", ordering: Ordering = Ordering.NONE, **options: Any
    ) -> Group:
        """A registered group, seen from one consumer, with leases of milliseconds."""
        group = Group(
            self.store, GroupOptions(name, **{"lease_seconds": LEASE_SECONDS} | options, ordering=ordering), consumer
        )
        await group.register()
        return group

    def pending(self, group: str = "crm") -> dict[str, tuple[str, int]]:
        """Owner and delivery count of each pending entry."""
        rows = self.redis.xpending_range(STREAM, group, "-", "+", 1000)
        return {row["message_id"]: (row["consumer"], row["times_delivered"]) for row in rows}

    def record(self, event_id: str) -> dict[str, str]:
        """An event's idempotency record."""
        return record_of(self.redis, event_id)


async def settle(
    group: Group, lease: Lease, outcome: Outcome, *, delay: float = 0.0, reason: str = "permanent", error: str = "boom"
) -> Settled:
    """Settle one attempt."""
    (result,) = await group.settle(0, [Settlement(lease, outcome, delay, reason, error)])
    return result


async def take(group: Group, count: int = 10) -> tuple[Lease, ...]:
    """Take up to ``count``."""
    return (await group.take(0, count)).leases


async def lapse() -> None:
    """Let every lease of `LEASE_SECONDS` end."""
    await asyncio.sleep(LEASE_SECONDS + 0.01)


@asynccontextmanager
async def open_bench(server: Server, **settings: object) -> AsyncIterator[Bench]:
    """Open a store on a server with the given settings."""
    chosen = Settings.load(redis_url=server.url, **settings)
    recorder = Recorder()
    with server.client() as redis:
        async with open_store(chosen) as store, Publisher(store, chosen, recorder) as publisher:
            yield Bench(store, publisher, redis, recorder)
