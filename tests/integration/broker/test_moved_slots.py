"""A slot moves to another server while events are stored and handled: nothing is done in halves at any step."""

from collections import Counter
from contextlib import suppress

from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Publisher, Settlement, Store, Stored, open_store
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin, runs
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.clusters import PRIMARIES
from tests.support.moved_slots import move_slot, owner_of, slot_of
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

STREAM = "sl:{0}:events"


class Pipeline:
    """A receiver and a worker, step by step: what was promised, and what was done."""

    def __init__(self, publisher: Publisher, group: Group) -> None:
        self._publisher, self._group = publisher, group
        self.accepted: list[str] = []
        self.done: Counter[str] = Counter()
        self.refused = 0
        self._number = 0

    async def step(self) -> None:
        """Store something new, repeat something old, handle what there is; whatever is refused is repeated later."""
        await self._publish(self._number)
        await self._publish(max(0, self._number - 3))
        await self.handle()

    async def _publish(self, number: int) -> None:
        event = NewEvent(f"e{number}", "person.updated", "person:1", "2026", b'{"id":1}')
        try:
            stored = await self._publisher.publish(NewDelivery("default", (event,)))
        except StoreError:
            self.refused += 1
            return
        if number == self._number:
            self._number += 1
            self.accepted.append(f"e{number}")
        else:
            assert stored is Stored.DUPLICATE, f"e{number} is stored for the second time"

    async def handle(self) -> None:
        """Take and finish once."""
        try:
            for lease in (await self._group.take(0, 10)).leases:
                self.done[lease.event.event_id] += 1
                await self._group.settle(0, [Settlement(lease, Outcome.DONE)])
        except StoreError:
            self.refused += 1


async def pipeline(store: Store, publisher: Publisher) -> Pipeline:
    """With a worker of an ordered group."""
    group = Group(store, GroupOptions("crm", ordering=Ordering.ENTITY, lease_seconds=0.2), "one")
    await group.register()
    return Pipeline(publisher, group)


async def test_nothing_is_done_in_halves(cluster: list[Server]) -> None:
    """Whichever key leaves first: what was accepted is there once, is done once, in order; nothing is in the way."""
    settings = Settings.load(redis_url=f"redis+cluster://127.0.0.1:{cluster[0].port}")
    slot = slot_of(cluster[0], STREAM)
    source = owner_of(cluster, slot)
    target, other = (node for node in cluster[:PRIMARIES] if node is not source)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        line = await pipeline(store, publisher)
        for first in (STREAM, "sl:{0}:ids", "sl:{0}:g:crm:due", ""):
            for _ in range(3):
                await line.step()
            for _ in move_slot(source, target, [other], slot, first):
                await line.step()
            source, target = target, source
        for _ in range(3):
            await line.step()

    assert line.refused > 0, "nothing was tried while the slot moved: the test proves nothing"
    with source.client() as client:
        assert client.xlen(STREAM) == len(line.accepted)
    assert list(line.done) == line.accepted
    assert set(line.done.values()) == {1}


async def test_a_list_of_runs_is_never_seen_in_halves(cluster: list[Server]) -> None:
    """While its slot moves, what is refused has left nothing: each run in the list can be read, and was begun."""
    settings = Settings.load(redis_url=f"redis+cluster://127.0.0.1:{cluster[0].port}")
    new = NewRun(kind=RunKind.REDRIVE, by="ada", group="crm", selection={}, total=1, ends=("1-0",))
    begun: set[str] = set()
    async with open_store(settings) as store:
        slot = slot_of(cluster[0], store.keys.runs)
        source = owner_of(cluster, slot)
        target, other = (node for node in cluster[:PRIMARIES] if node is not source)
        begun.add(await begin(store, new))
        for _ in move_slot(source, target, [other], slot, store.keys.runs):
            with suppress(StoreError):
                begun.add(await begin(store, new))
        with target.client() as client:
            listed = set(client.zrange(store.keys.runs, 0, -1))
        assert {run.run_id for run in await runs(store)} == listed == begun
