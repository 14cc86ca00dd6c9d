"""A cluster whose servers have no `maxmemory` under traffic: `STORE_MAX_BYTES` is the limit of each of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Publisher, Settlement, Store, StoreWatch, open_store
from salesloft_webhooks.broker.administration.stats import PartitionStats, measure, memory_limit_bytes
from salesloft_webhooks.broker.representatives import partitions_by_server
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import Recorder
from tests.support.servers import Server
from tests.support.waiting import eventually

LIMIT = 20 * 2**20
PARTITIONS, PEOPLE, AT_ONCE = 6, 200, 50
BODY = b"x" * 30_000
HELD = 97
"""Every so many-th event is not finished but waits for its retry of tomorrow."""


@dataclass
class Traffic:
    """What is published to a cluster, and finished there.

    Attributes:
        store: The cluster.
        publisher: Stores in it.
        watch: A receiver's.
        group: The only one.
        published: How many events.
        held: Entries of those that wait for tomorrow, with their partitions.
    """

    store: Store
    publisher: Publisher
    watch: StoreWatch
    group: Group
    published: int = 0
    held: set[tuple[int, str]] = field(default_factory=set)

    async def publish(self, person: int | None = None) -> None:
        """A batch of one person, or of as many as there are events."""
        numbers = range(self.published, self.published + AT_ONCE)
        self.published += AT_ONCE
        events = [
            NewEvent(f"e{n}", "a.b", f"person:{n % PEOPLE if person is None else person}", "2026", BODY)
            for n in numbers
        ]
        await asyncio.gather(*(self.publisher.publish(NewDelivery("default", (event,))) for event in events))

    async def work(self) -> None:
        """Finish what comes in all partitions, except for what is held."""
        while True:
            found = [await self._finish(partition) for partition in range(PARTITIONS)]
            await asyncio.sleep(0 if any(found) else 0.01)

    async def _finish(self, partition: int) -> int:
        leases = (await self.group.take(partition, AT_ONCE)).leases
        settlements = []
        for lease in leases:
            hold = int(lease.event.event_id[1:]) % HELD == 0
            self.held |= {(partition, lease.entry_id)} if hold else set()
            settlements.append(Settlement(lease, Outcome.RETRY if hold else Outcome.DONE, 86_400.0, "", "later"))
        if settlements:
            await self.group.settle(partition, settlements)
        return len(leases)

    async def partitions(self) -> tuple[PartitionStats, ...]:
        """How full they are."""
        return (await measure(self.store)).partitions

    async def unfinished(self) -> int:
        """Entries that nobody has finished, those that are held too."""
        (crm,) = (await measure(self.store)).groups
        return crm.lag + crm.pending

    async def kept(self) -> set[tuple[int, str]]:
        """Of what is held: what is pending and in its stream."""
        client: Any = self.store.client
        found = set()
        for partition in range(PARTITIONS):
            stream = self.store.keys.events(partition)
            for row in await client.xpending_range(stream, "crm", "-", "+", 10_000):
                entry = row["message_id"].decode()
                found |= {(partition, entry)} if await client.xrange(stream, entry, entry) else set()
        return found & self.held


@pytest.fixture
async def traffic(cluster: list[Server]) -> AsyncIterator[Traffic]:
    """On an empty cluster of each engine."""
    url = f"redis+cluster://127.0.0.1:{cluster[0].port}"
    settings = Settings.load(redis_url=url, partitions=PARTITIONS, store_max_bytes=LIMIT, readiness_grace_seconds=0)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        group = Group(store, GroupOptions("crm", lease_seconds=60), "one")
        await group.register()
        async with StoreWatch(store, settings, Recorder()) as watch:
            yield Traffic(store, publisher, watch, group)


@asynccontextmanager
async def working(traffic: Traffic) -> AsyncIterator[None]:
    """A worker that is there meanwhile."""
    task = asyncio.create_task(traffic.work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_three_times_the_limit_passes_and_one_full_server_is_full(traffic: Traffic) -> None:
    """History makes room on each server; unfinished work that fills one of them is refused, until a worker is back."""
    servers = partitions_by_server(traffic.store)
    async with working(traffic):
        while traffic.published * len(BODY) < 3 * len(servers) * LIMIT:
            await traffic.publish()
            assert traffic.watch.full is None
            await eventually(lambda: _unfinished_but_held(traffic, 2 * AT_ONCE), "the worker keeps up", 30)
        await eventually(lambda: _unfinished_but_held(traffic, 0), "all others are finished", 30)
    partitions = await traffic.partitions()
    assert len(servers) == len({each.server for each in partitions}) == 3
    assert memory_limit_bytes(partitions) == 3 * LIMIT
    await eventually(lambda: _within_limit(traffic), "what a second has brought has made room", 30)
    assert (len(traffic.held) > 50, await traffic.kept()) == (True, traffic.held)

    while traffic.watch.full is None:
        await traffic.publish(person=7)
        await asyncio.sleep(0.1)
    used = {each.server: each.memory_used_bytes for each in await traffic.partitions()}
    assert sorted(each >= LIMIT for each in used.values()) == [False, False, True]
    assert traffic.watch.unready is None

    async with working(traffic):
        await eventually(lambda: traffic.watch.full is None, "what is finished has made room", 90)
        await traffic.publish(person=7)
        await eventually(lambda: _unfinished_but_held(traffic, 0), "what came since is finished", 30)
    assert await traffic.kept() == traffic.held


async def _unfinished_but_held(traffic: Traffic, most: int) -> bool:
    return await traffic.unfinished() <= len(traffic.held) + most


async def _within_limit(traffic: Traffic) -> bool:
    return max(each.memory_used_bytes for each in await traffic.partitions()) < LIMIT
