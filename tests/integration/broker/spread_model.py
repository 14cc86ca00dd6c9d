"""Publishing over several partitions against a model: receivers at once, deaths in between, entities that change."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Publisher, Settlement, Store, Stored, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

PARTITIONS = 3
ENTITIES = st.integers(0, 7)


def base(number: int, entity: int) -> NewEvent:
    """One of few ids, of any entity."""
    return NewEvent(f"event-{number}", "person.updated", f"person:{entity}", "2026-03-07", b"{}")


def rise(subject: int, level: int, entity: int) -> NewEvent:
    """A level that an email of any recipient claims."""
    mark = Watermark(f"email/{subject}", "opened", level)
    return NewEvent(f"opened/{subject}/{level}", "email.opened", f"person:{entity}", "2026-03-07", b"{}", mark)


class SpreadModel(RuleBasedStateMachine):
    """Two receivers and one group on three partitions.

    Attributes:
        promised: Ids that a receiver has said are stored.
        levels: The highest level anybody has claimed, of each subject.
        handled: Ids the group has been given, each time it was.
    """

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis: Any = self.server.client()
        self.redis.flushall()
        self.promised: set[str] = set()
        self.levels: dict[int, int] = {}
        self.handled: list[str] = []
        self.runner.run(self._open())

    async def _open(self) -> None:
        settings = Settings.load(redis_url=self.server.url, partitions=PARTITIONS)
        self.stack = AsyncExitStack()
        self.store: Store = await self.stack.enter_async_context(open_store(settings))
        self.receivers = [
            await self.stack.enter_async_context(Publisher(self.store, settings, SilentObserver())) for _ in range(2)
        ]
        self.group = Group(self.store, GroupOptions("all"), "one")
        await self.group.register()

    def stored(self) -> list[str]:
        """The ids in all partitions, as often as they lie there."""
        streams = (self.redis.xrange(f"sl:{{{number}}}:events") for number in range(PARTITIONS))
        return [fields["id"] for stream in streams for _, fields in stream]

    @rule(number=st.integers(0, 5), entities=st.lists(ENTITIES, min_size=1, max_size=4))
    def publish(self, number: int, entities: list[int]) -> None:
        """Deliveries of one id arrive at the same moment, each perhaps of another entity, at either receiver."""
        known = f"event-{number}" in self.stored()

        outcomes = self._publish([NewDelivery("default", (base(number, entity),)) for entity in entities])

        assert outcomes.count(Stored.NEW) == (not known)
        self.promised.add(f"event-{number}")

    @rule(
        number=st.integers(0, 5),
        subject=st.integers(0, 1),
        level=st.integers(1, 4),
        entities=st.lists(ENTITIES, min_size=1, max_size=3),
    )
    def publish_a_rise(self, number: int, subject: int, level: int, entities: list[int]) -> None:
        """A counter is reported: it makes an event if it has risen, or if who saw it rise did not live to store it."""
        event_id, top = f"opened/{subject}/{level}", self.levels.get(subject, 0)
        expected = level > top or (level == top and event_id not in self.stored()) or event_id in self.stored()

        self._publish([NewDelivery("default", (base(number, e), rise(subject, level, e))) for e in entities])

        assert self.stored().count(event_id) == expected
        self.levels[subject] = max(level, top)
        self.promised.add(f"event-{number}")

    def _publish(self, deliveries: list[NewDelivery]) -> list[Stored]:
        async def all_at_once() -> list[Stored]:
            return await asyncio.gather(
                *(self.receivers[number % 2].publish(delivery) for number, delivery in enumerate(deliveries))
            )

        return self.runner.run(all_at_once())

    @rule(number=st.integers(0, 5), entity=ENTITIES, subject=st.integers(0, 1), level=st.integers(1, 4))
    def die_in_between(self, number: int, entity: int, subject: int, level: int) -> None:
        """A receiver has reserved, and writes nothing any more: nobody was told anything."""
        delivery = NewDelivery("default", (base(number, entity), rise(subject, level, entity)))

        self.runner.run(self.receivers[0]._routes.reserve(delivery))

        self.levels[subject] = max(level, self.levels.get(subject, 0))

    @rule(number=st.integers(0, 5), entity=ENTITIES, subject=st.integers(0, 1), level=st.integers(1, 4))
    def die_half_way(self, number: int, entity: int, subject: int, level: int) -> None:
        """A receiver has reserved, and written the first of two shares of its delivery."""
        delivery = NewDelivery("default", (base(number, entity), rise(subject, level, entity)))

        async def half() -> None:
            places = await self.receivers[0]._routes.reserve(delivery)
            assert places is not None
            await next(iter(self.receivers[0]._routes.write(delivery, [places[0], None], "half").values()))

        self.runner.run(half())
        self.levels[subject] = max(level, self.levels.get(subject, 0))

    @rule(count=st.integers(1, 5))
    def work(self, count: int) -> None:
        """The group handles what it gets."""

        async def work() -> None:
            for partition in range(PARTITIONS):
                for lease in (await self.group.take(partition, count)).leases:
                    self.handled.append(lease.event.event_id)
                    await self.group.settle(partition, [Settlement(lease, Outcome.DONE)])

        self.runner.run(work())

    @invariant()
    def each_id_lies_in_one_place_once(self) -> None:
        """Whatever died or changed: no id is stored twice, and none that was promised is missing."""
        stored = self.stored()
        assert len(set(stored)) == len(stored)
        assert self.promised <= set(stored)
        assert len(set(self.handled)) == len(self.handled)

    @invariant()
    def every_reservation_and_record_has_an_end(self) -> None:
        """No key of a publisher lives for ever."""
        for kind in ("place", "event", "mark"):
            assert all(self.redis.ttl(key) > 0 for key in self.redis.scan_iter(f"*:{kind}:*", 1000))

    def teardown(self) -> None:
        """Everything stored is handled, once."""
        try:
            self.work(500)
            assert sorted(self.handled) == sorted(self.stored())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            self.redis.close()
