"""Two versions of a group side by side, a roll-back, a filter wider than the handlers: nothing lost, nothing lied."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import decide_partitions, open_store
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.settings import Ordering, Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline


@dataclass
class Version:
    """One version of the group's code.

    Attributes:
        patterns: What its handler is registered for.
        handled: Ids of the events it has handled.
        failing: Its handler fails.
    """

    patterns: tuple[str, ...]
    handled: list[str] = field(default_factory=list)
    failing: bool = False

    @asynccontextmanager
    async def running(self, server: Server, **settings: object) -> AsyncIterator[Worker]:
        """A worker of this version."""
        router: Router[None] = Router()

        @router.on(*self.patterns)
        async def handle(event: Event) -> None:
            await asyncio.sleep(0.002)
            if self.failing:
                raise ValueError
            self.handled.append(event.event_id)

        defaults: dict[str, object] = {
            "poll_seconds": 0.1,
            "backoff_base_seconds": 0.5,
            "backoff_cap_seconds": 1.0,
            "max_attempts": 1000,
            "upkeep_seconds": 0.2,
        }
        chosen = Settings.load(redis_url=server.url, worker_group="mine", **(defaults | settings))
        loaded = LoadedGroup("mine", (router,))
        async with open_store(chosen) as store, loaded.open(chosen) as running:
            worker = Worker(store, chosen, loaded, running, WorkerTelemetry("mine"))
            stop = asyncio.Event()
            task = asyncio.create_task(worker.run(stop))
            await eventually(lambda: worker.not_ready() is None, "the worker is ready")
            try:
                yield worker
            finally:
                stop.set()
                await asyncio.wait_for(task, 15)


@asynccontextmanager
async def sending(server: Server) -> AsyncIterator[Pipeline]:
    """A way to publish, with a worker of another kind in the same process that is stopped at once."""
    async with pipeline(server, _never) as feed:
        feed.stop.set()
        await feed.task
        feed.redis.delete("sl:{0}:g:mine:filters")
        yield feed


async def _never(event: Event) -> None:
    raise AssertionError(event)


async def publish(feed: Pipeline, people: int, calls: int) -> None:
    """Events of both kinds, mixed, a few per person."""
    for number in range(max(people, calls)):
        if number < people:
            await feed.publish(f"person/{number}", key=f"person:{number % 20}", event_type="person.updated")
        if number < calls:
            await feed.publish(f"call/{number}", key=f"person:{number % 20}", event_type="call.created")


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_two_versions_side_by_side_lose_nothing(valkey: Server, ordering: Ordering) -> None:
    """While v1 (person.*) and v2 (adds call.*) work together, each event is handled by one that has a handler."""
    v1, v2 = Version(("person.*",)), Version(("person.*", "call.*"))
    order = {"worker_ordering": ordering}
    async with sending(valkey) as feed, v1.running(valkey, **order), v2.running(valkey, **order):
        await publish(feed, people=100, calls=200)
        await eventually(lambda: feed.outcomes()["done"] == 300, "all are done", 30)

    assert Counter(v1.handled + v2.handled) == Counter(
        [f"call/{number}" for number in range(200)] + [f"person/{number}" for number in range(100)]
    )
    assert not [event_id for event_id in v1.handled if event_id.startswith("call")]


async def test_an_old_pod_that_restarts_during_a_roll_out_loses_nothing(valkey: Server) -> None:
    """v1 registers again after v2 has: what v2 added is still wanted."""
    v1, v2 = Version(("person.*",)), Version(("person.*", "call.*"))
    async with sending(valkey) as feed, v2.running(valkey), v1.running(valkey):
        await publish(feed, people=10, calls=50)
        await eventually(lambda: feed.outcomes()["done"] == 60, "all are done", 30)

    assert len(v2.handled + v1.handled) == 60


async def test_a_narrowing_version_leaves_the_rest_to_the_wider_one(valkey: Server) -> None:
    """v2 drops call.*: as long as v1 is there, it gets the calls."""
    v1, v2 = Version(("person.*", "call.*")), Version(("person.*",))
    async with sending(valkey) as feed, v1.running(valkey), v2.running(valkey):
        await publish(feed, people=50, calls=100)
        await eventually(lambda: feed.outcomes()["done"] == 150, "all are done", 30)

    assert Counter(v1.handled + v2.handled).most_common(1)[0][1] == 1


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_a_roll_back_keeps_retries_and_new_events(valkey: Server, ordering: Ordering) -> None:
    """v2 fails its calls and is rolled back: nothing of it is called done, and the mended v3 handles all of it."""
    v1, v2, v3 = Version(("person.*",)), Version(("person.*", "call.*"), failing=True), Version(("person.*", "call.*"))
    async with sending(valkey) as feed:
        async with v2.running(valkey, worker_ordering=ordering):
            await publish(feed, people=0, calls=30)
            await eventually(lambda: feed.redis.zcard("sl:{0}:g:mine:due") == 30, "all are taken", 10)
        async with v1.running(valkey, worker_ordering=ordering):
            await asyncio.sleep(1.5)  # retries become due meanwhile
            await feed.publish("late", event_type="call.created")
            await feed.publish("somebody else", event_type="person.created")
            await eventually(lambda: feed.outcomes()["done"] == 1, "what v1 can run is done", 10)
            await asyncio.sleep(0.3)
            assert feed.outcomes() == {"done": 1, "open": 31}
            assert v1.handled == ["somebody else"]
        async with v3.running(valkey, worker_ordering=ordering):
            await eventually(lambda: feed.outcomes() == {"done": 32}, "v3 handles what waited", 20)

    assert len(v3.handled) == 31


async def test_a_filter_wider_than_the_routers_ends_in_dead_letters(valkey: Server) -> None:
    """What WORKER_EVENTS asks for without a handler is never done: after its time it is a dead letter with a reason."""
    only = Version(("person.*",))
    async with sending(valkey) as feed:
        async with only.running(valkey, worker_events=("*",), no_handler_seconds=1.0):
            await publish(feed, people=5, calls=20)
            await eventually(lambda: feed.outcomes() == {"done": 5, "open": 20}, "calls wait", 10)
            await eventually(lambda: len(feed.dead()) == 20, "they are dead letters", 10)

        assert {letter["reason"] for letter in feed.dead()} == {"no_handler"}
        assert feed.outcomes() == {"done": 5, "dead": 20}


async def test_a_worker_with_full_hands_keeps_its_version_in_force(valkey: Server) -> None:
    """A version whose only worker takes nothing for longer than the grace, because it is busy, is not forgotten."""
    release = asyncio.Event()
    v1 = Version(("person.*",))

    async def busy(event: Event) -> None:
        await release.wait()

    async with pipeline(
        valkey, busy, worker_concurrency=1, worker_events=("call.*",), no_handler_seconds=1.0, upkeep_seconds=0.2
    ) as feed:
        await feed.publish("call/0", event_type="call.created")
        await eventually(lambda: bool(feed.worker._loops[0].attempts), "its slot is taken")
        async with v1.running(valkey, no_handler_seconds=1.0):
            await asyncio.sleep(2.5)
            await feed.publish("call/1", event_type="call.created")
            await feed.publish("person/1", event_type="person.created")
            await eventually(lambda: feed.outcomes()["done"] == 1, "v1 has read both")
            release.set()
            await eventually(lambda: feed.outcomes() == {"done": 3}, "the call was not passed over")


async def test_a_worker_follows_when_the_number_of_partitions_is_raised(valkey: Server) -> None:
    """A receiver has raised it: a worker that runs serves the new partitions too, whatever its own setting says."""
    async with sending(valkey) as feed:
        await decide_partitions(feed.publisher._store, 1)
        version = Version(("person.*",))
        async with version.running(valkey):
            await decide_partitions(feed.publisher._store, 4)
            names = [f"e{number}" for number in range(40)]
            await feed.publish(*names)
            await eventually(lambda: sorted(version.handled) == sorted(names), "all partitions are served")

        assert all(feed.redis.xlen(f"sl:{{{partition}}}:events") for partition in range(4))
