"""Workers of a group share out the partitions, and whoever disagrees costs latency only."""

import asyncio
from collections import Counter

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, decide_partitions, open_store
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.worker.worker import Worker
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline

PARTITIONS = 32


def own(worker: Worker) -> set[int]:
    """The partitions a worker waits for."""
    return {loop.partition for loop in worker._loops if loop.idle_wait.assigned}


async def prepared(feed: Pipeline) -> None:
    """The number of partitions stands in the store, as a receiver leaves it."""
    await decide_partitions(feed.publisher._store, PARTITIONS)


async def ignore(_event: Event) -> None:
    """Handle."""


async def test_partitions_move_when_a_worker_comes_and_when_it_leaves(valkey: Server) -> None:
    """Two workers have a half each, within seconds; the one that is left has all again."""
    async with pipeline(valkey, ignore, partitions=PARTITIONS) as one:
        await prepared(one)
        assert own(one.worker) == set(range(PARTITIONS))
        async with pipeline(valkey, ignore, partitions=PARTITIONS) as two:
            await eventually(
                lambda: len(own(one.worker)) == len(own(two.worker)) == PARTITIONS / 2, "each has its half"
            )
            assert own(one.worker) | own(two.worker) == set(range(PARTITIONS))
        await eventually(lambda: len(own(one.worker)) == PARTITIONS, "the one that is left has all")


async def test_a_worker_that_died_is_noticed(valkey: Server) -> None:
    """Its beats are missing: others look after its partitions, and its name is gone."""
    async with pipeline(valkey, ignore, partitions=PARTITIONS) as one:
        await prepared(one)
        one.redis.zadd("sl:{0}:g:mine:workers", {"dead": int(one.redis.time()[0]) * 1000})
        await eventually(lambda: len(own(one.worker)) == PARTITIONS / 2, "the dead one has its half")
        await eventually(lambda: len(own(one.worker)) == PARTITIONS, "all are served again")
        assert one.redis.zrange("sl:{0}:g:mine:workers", 0, -1) == [one.worker._group.consumer]


async def test_a_worker_with_free_slots_helps_a_busy_one(valkey: Server) -> None:
    """Events in partitions of a worker whose only slot is taken are handled by the other, in a few seconds."""
    hold, handled = asyncio.Event(), Counter[str]()

    async def busy(event: Event) -> None:
        handled["busy"] += 1
        await hold.wait()

    async def free(event: Event) -> None:
        handled[event.event_id] += 1

    async with pipeline(valkey, busy, partitions=PARTITIONS, worker_concurrency=1) as one:
        await prepared(one)
        await one.publish("first")
        await eventually(lambda: handled["busy"] == 1, "the slot is taken")
        async with pipeline(valkey, free, partitions=PARTITIONS) as two:
            await eventually(lambda: len(own(two.worker)) == PARTITIONS / 2, "each has its half")
            names = [f"e{number}" for number in range(100)]
            await two.publish(*names)
            await eventually(lambda: all(handled[name] == 1 for name in names), "the free one helps")
            assert handled["busy"] == 1
            hold.set()


async def test_new_partitions_are_served_although_registering_in_them_failed(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number is known then, and the beat that comes next finds nothing new; the loops start all the same."""
    failures = iter([StoreUnavailable("gone for a moment")])
    register = Group.register

    async def failing(group: Group, *, refresh: bool = False) -> None:
        if refresh and group._store.partitions > 1 and (failure := next(failures, None)):
            raise failure
        await register(group, refresh=refresh)

    async with pipeline(valkey, ignore) as one, open_store(Settings.load(redis_url=valkey.url)) as receivers:
        await decide_partitions(receivers, 1)
        await eventually(lambda: one.redis.exists("sl:{0}:g:mine:workers") == 1, "it beats")
        monkeypatch.setattr(Group, "register", failing)
        await decide_partitions(receivers, 4)
        await eventually(lambda: len(one.worker._loops) == 4, "all partitions are served")

    assert next(failures, None) is None
