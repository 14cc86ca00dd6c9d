"""A cluster of three nodes with 16 partitions and 8 groups under counted traffic."""

import asyncio
from collections import Counter, defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import Publisher, Store, Stored, decide_partitions, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.settings import Ordering, Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.support.clusters import started_cluster
from tests.support.publish_observers import SilentObserver
from tests.support.waiting import eventually

PARTITIONS, GROUPS, EVENTS, PEOPLE = 16, 8, 800, 60


class Sink:
    """One group: every second one is ordered.

    Attributes:
        name: The group's.
        seen: Event numbers by person, in the order they were handled.
    """

    def __init__(self, number: int) -> None:
        self.name = f"group-{number}"
        self.ordering = Ordering.ENTITY if number % 2 else Ordering.NONE
        self.seen: defaultdict[str, list[int]] = defaultdict(list)

    @property
    def count(self) -> int:
        """Events handled."""
        return sum(len(numbers) for numbers in self.seen.values())

    async def start(self, settings: Settings, stack: AsyncExitStack) -> None:
        """Run a worker of the group until the stack ends."""
        router: Router[None] = Router()
        router.on("*")(self.handle)
        chosen = settings.model_copy(update={"worker_group": self.name, "worker_ordering": self.ordering})
        loaded = LoadedGroup(self.name, (router,))
        store = await stack.enter_async_context(open_store(chosen))
        running = await stack.enter_async_context(loaded.open(chosen))
        stop = asyncio.Event()
        task = asyncio.create_task(Worker(store, chosen, loaded, running, WorkerTelemetry(self.name)).run(stop))

        async def end() -> None:
            stop.set()
            await task

        stack.push_async_callback(end)

    async def handle(self, event: Event) -> None:
        """Write it down."""
        self.seen[event.entity_key].append(int(event.event_id[1:]))


async def publish(publisher: Publisher, number: int) -> Stored:
    """One event of one of the people."""
    event = NewEvent(f"e{number}", "person.created", f"person:{number % PEOPLE}", "2026", b"{}")
    return await publisher.publish(NewDelivery("default", (event,)))


async def send(store: Store, settings: Settings) -> Counter[Stored]:
    """All events in order of each person, and every tenth of them once more."""
    async with Publisher(store, settings, SilentObserver()) as publisher:
        outcomes = Counter[Stored]()
        for start in range(0, EVENTS, PEOPLE):
            numbers = range(start, min(start + PEOPLE, EVENTS))
            outcomes.update(await asyncio.gather(*(publish(publisher, number) for number in numbers)))
        outcomes.update(await asyncio.gather(*(publish(publisher, number) for number in range(0, EVENTS, 10))))
    return outcomes


async def test_sixteen_partitions_and_eight_groups(tmp_path: Path) -> None:
    """Every group handles every event once, the ordered ones each person's in order, and repeats are duplicates."""
    with started_cluster(tmp_path) as nodes:
        addresses = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        settings = Settings.load(redis_url=f"redis+cluster://{addresses}", partitions=PARTITIONS)
        sinks = [Sink(number) for number in range(GROUPS)]
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(settings))
            await decide_partitions(store, PARTITIONS)
            for sink in sinks:
                await sink.start(settings, stack)

            outcomes = await send(store, settings)
            await eventually(lambda: all(sink.count >= EVENTS for sink in sinks), "all groups are done", 60)

    assert outcomes == {Stored.NEW: EVENTS, Stored.DUPLICATE: EVENTS // 10}
    for sink in sinks:
        assert Counter(number for numbers in sink.seen.values() for number in numbers) == Counter(range(EVENTS))
        if sink.ordering is Ordering.ENTITY:
            assert all(numbers == sorted(numbers) for numbers in sink.seen.values())
