"""A process that works on a cluster with follow-ups, step by step: events come to it, and it runs one group's."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from salesloft_webhooks.broker import (
    FollowUps,
    Group,
    GroupOptions,
    Lease,
    Outcome,
    Publisher,
    Settlement,
    Store,
    decide_partitions,
    open_store,
)
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.follow_ups import id_of
from salesloft_webhooks.settings import Ordering, Settings
from tests.integration.broker.follow_up_steps import wanted
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

PEOPLE = range(24)
CANCELLED = frozenset(PEOPLE[::3])


class Side:
    """Works with a number of partitions."""

    def __init__(self, store: Store, publisher: Publisher, consumer: str) -> None:
        self.store, self._publisher = store, publisher
        options = GroupOptions("crm", ordering=Ordering.ENTITY, lease_seconds=60)
        self.group = Group(store, options, consumer)
        self.follow_ups = FollowUps(store, options)

    def home(self, person: int) -> int:
        """A person's partition."""
        return partition_of(f"person:{person}", self.store.partitions)

    async def publish(self, name: str, person: int) -> None:
        """An event of a person."""
        event = NewEvent(f"{name}-{person}", "person.created", f"person:{person}", "2026", b'{"id":1}')
        await self._publisher.publish(NewDelivery("default", (event,)))

    async def taken(self) -> dict[str, Lease]:
        """What can be taken now in all partitions, by its event."""
        leases: list[Lease] = []
        for partition in range(self.store.partitions):
            while (taken := await self.group.take(partition, 10)).leases:
                leases += taken.leases
        return {lease.event.event_id: lease for lease in leases}

    async def done(self, lease: Lease, **more: Any) -> None:
        """Settle it."""
        await self.group.settle(lease.partition, [Settlement(lease, Outcome.DONE, **more)])

    async def begin(self) -> int:
        """Begin what is due in all partitions, wherever that has to be moved first: how many."""
        count, due = 0, set(range(self.store.partitions))
        while due:
            begun = await self.follow_ups.begin(due.pop())
            count += len(begun.late_seconds)
            due |= {place for place, seconds in begun.next_seconds.items() if seconds == 0}
        return count

    async def let_each_wait(self) -> None:
        """An event of each person comes and asks for a follow-up that is due: at once, or with `done`."""
        for person in PEOPLE:
            await self.publish("asks", person)
        for person, lease in zip(PEOPLE, await self.by_person("asks"), strict=True):
            act = await self.follow_ups.act(lease, wanted())
            if person % 2:
                await self.follow_ups.ask(lease, act)
                await self.done(lease)
            else:
                await self.done(lease, follow_ups=(act,))

    async def cancel_some(self) -> list[bool]:
        """Another event of each of `CANCELLED` comes and cancels: whether there was something to cancel."""
        for person in sorted(CANCELLED):
            await self.publish("cancels", person)
        found, leases = [], await self.taken()
        for person in sorted(CANCELLED):
            lease = leases[f"cancels-{person}"]
            found.append((await self.follow_ups.end_by_key(lease, "k")).found)
            await self.done(lease)
        return found

    async def by_person(self, name: str) -> list[Lease]:
        """The lease of each person's event."""
        leases = await self.taken()
        return [leases[f"{name}-{person}"] for person in PEOPLE]

    async def ran(self) -> Counter[int]:
        """Run all follow-ups there are, each in its person's partition: how often whose."""
        ran: Counter[int] = Counter()
        for event_id, lease in (await self.taken()).items():
            assert lease.event.follow_up is not None
            person = int(lease.event.follow_up.event_id.partition("-")[2])
            assert event_id == id_of("crm", f"asks-{person}", "k")
            assert (lease.event.entity_key, lease.partition) == (f"person:{person}", self.home(person))
            ran[person] += 1
            await self.done(lease)
        return ran


@asynccontextmanager
async def side(cluster: Sequence[Server], partitions: int, consumer: str = "one") -> AsyncIterator[Side]:
    """One that has just started."""
    url = f"redis+cluster://127.0.0.1:{cluster[1].port},127.0.0.1:{cluster[0].port}"
    settings = Settings.load(redis_url=url, partitions=partitions)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        await decide_partitions(store, partitions)
        found = Side(store, publisher, consumer)
        await found.group.register()
        yield found
