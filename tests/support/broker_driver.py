"""A pipeline driven step by step by a test: what receivers and workers do, without their loops."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
)
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

TTL = 3_600


@dataclass
class Driven:
    """A store with verbs for tests."""

    store: Store
    settings: Settings
    server: Server

    async def publish(
        self, *event_ids: str, event_type: str = "person.updated", person: int | None = None, source: str = "default"
    ) -> None:
        """Store events; each belongs to a person of its own unless ``person`` is given."""
        async with Publisher(self.store, self.settings, SilentObserver()) as publisher:
            for event_id in event_ids:
                key = f"person:{event_id if person is None else person}"
                event = NewEvent(event_id, event_type, key, "2026-03-07T04:26:14+00:00", b'{"id":1}')
                assert await publisher.publish(NewDelivery(source, (event,))) in Stored

    async def group(self, name: str = "crm", consumer: str = "one", **options: Any) -> Group:
        """A registered consumer of a group."""
        group = Group(self.store, replace(GroupOptions(name), **options), consumer)
        await group.register()
        return group

    async def take(self, group: Group, count: int = 100) -> list[Lease]:
        """Lease up to ``count`` entries from each partition."""
        return [
            lease for partition in range(self.store.partitions) for lease in (await group.take(partition, count)).leases
        ]

    async def settle(self, group: Group, leases: Sequence[Lease], outcome: Outcome, **details: Any) -> None:
        """End attempts, all in the same way."""
        for lease in leases:
            settlement = Settlement(lease, outcome, **details)
            assert await group.settle(lease.partition, [settlement]) == [Settled.SETTLED]

    async def handle(self, group: Group, count: int = 100) -> list[str]:
        """Take and finish what there is; the event ids."""
        leases = await self.take(group, count)
        await self.settle(group, leases, Outcome.DONE)
        return [lease.event.event_id for lease in leases]

    async def kill(self, group: Group, count: int = 100, error: str = "ValueError: no") -> list[str]:
        """Take and give up on what there is; the event ids."""
        leases = await self.take(group, count)
        await self.settle(group, leases, Outcome.DEAD, reason="permanent", error=error)
        return [lease.event.event_id for lease in leases]

    def keys(self, pattern: str = "*") -> list[str]:
        """All keys on the server that match, sorted."""
        with self.server.client() as client:
            return sorted(client.keys(pattern))
