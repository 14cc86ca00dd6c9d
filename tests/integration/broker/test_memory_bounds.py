"""What goes, and in which order, when there is too little memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from salesloft_webhooks.broker import Group, MemoryBounds, Outcome, Settlement
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import STREAM, Bench, open_bench, take
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

KIB = b"x" * 1024


def event(number: int, entity: int = 0) -> NewDelivery:
    """A delivery of a kibibyte."""
    return NewDelivery("default", (NewEvent(f"e{number}", "person.created", f"person:{entity}", "2026", KIB),))


async def finish(group: Group, count: int, partition: int = 0) -> None:
    """Take and finish the oldest entries of a group."""
    while count > 0 and (leases := (await group.take(partition, min(count, 100))).leases):
        await group.settle(partition, [Settlement(lease, Outcome.DONE) for lease in leases])
        count -= len(leases)


def ids(bench: Bench, stream: str = STREAM) -> list[str]:
    """Ids of the events in a stream."""
    return [fields["id"] for _, fields in bench.redis.xrange(stream)]


def bounds(server: Server, bench: Bench, **settings: object) -> MemoryBounds:
    """Limits as configured, enforced on the bench's store."""
    return MemoryBounds(bench.store, Settings.load(redis_url=server.url, **settings), bench.recorder)


def limit_memory(bench: Bench, more: int) -> None:
    """Give the server so many bytes more than it uses."""
    bench.redis.config_set("maxmemory", int(bench.redis.info("memory")["used_memory"]) + more)


async def test_within_the_limits_nothing_goes(small: Server) -> None:
    """History stays for its time while there is memory for it, and without any limit."""
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(300):
            await bench.publisher.publish(event(number))
        await finish(group, 300)

        without = await bounds(small, bench).keep()
        bench.redis.config_set("maxmemory", "1gb")
        within = await bounds(small, bench, history_max_bytes=10_000_000).keep()

        assert (without.over, without.limit_bytes, within.over, within.limit_bytes) == (False, 0, False, 2**30)
        assert len(ids(bench)) == 300
        assert bench.recorder.room == []


async def test_the_oldest_finished_history_goes_first(small: Server) -> None:
    """Over the share of `maxmemory`, the oldest finished entries go, as few as are needed; unfinished ones stay."""
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(2_000):
            await bench.publisher.publish(event(number))
        await finish(group, 1_900)
        limit_memory(bench, 0)

        room = await bounds(small, bench, history_memory_share=0.9).keep()

        left = ids(bench)
        assert room.entries == 2_000 - len(left)
        assert left == [f"e{number}" for number in range(room.entries, 2_000)]
        assert 200 < room.entries < 800
        assert bench.recorder.room == [(room.entries, 0)]
        assert (await bounds(small, bench, history_memory_share=0.9).keep()).over is False


async def test_room_that_another_process_has_made_is_room(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between our look and our first removal somebody else removed enough: there is room, and no reason for a 503."""
    async with open_bench(small) as bench, open_bench(small) as other:
        group = await bench.group()
        for number in range(1_000):
            await bench.publisher.publish(event(number))
        await finish(group, 1_000)
        limit_memory(bench, 0)
        last_look, run = iter([False, True]), Store.run  # the server is looked at, then each partition

        async def overtaken(store: Store, name: str, partition: int, args: Sequence[Argument]) -> object:
            answer = await run(store, name, partition, args)
            if name == "make_room" and next(last_look, False):
                await bounds(small, other, history_memory_share=0.8).keep()
            return answer

        monkeypatch.setattr(Store, "run", overtaken)

        assert await bounds(small, bench, history_memory_share=0.9).makes_room() is True
        assert bench.recorder.room == []


async def test_a_limit_in_bytes_counts_without_maxmemory(small: Server) -> None:
    """`HISTORY_MAX_BYTES` holds on a server without a limit of its own."""
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(2_000):
            await bench.publisher.publish(event(number))
        await finish(group, 2_000)

        await bounds(small, bench, history_max_bytes=1_000_000).keep()

        assert 800_000 < bench.redis.memory_usage(STREAM, samples=0) < 1_000_000


async def test_finished_entries_behind_an_unfinished_one_go(small: Server) -> None:
    """A retry of tomorrow at the head of the stream keeps its own place and nothing else; the lag stays known."""
    async with open_bench(small) as bench:
        group = await bench.group(lease_seconds=60)
        await bench.group("slow")
        for number in range(1_000):
            await bench.publisher.publish(event(number))
        slow = await bench.group("slow", lease_seconds=60)
        (first,) = await take(group, 1)
        await group.settle(0, [Settlement(first, Outcome.RETRY, 86_400, "", "later")])
        await finish(group, 1_000)
        await finish(slow, 600)

        await bounds(small, bench, history_max_bytes=1).keep(seconds=5)

        assert ids(bench) == ["e0", *(f"e{number}" for number in range(599, 1_000))]
        groups = {each["name"]: each for each in bench.redis.xinfo_groups(STREAM)}
        assert (groups["slow"]["lag"], groups["crm"]["lag"]) == (400, 0)
        assert [lease.event.event_id for lease in await take(slow, 2)] == ["e600", "e601"]


async def test_without_a_group_nothing_goes(small: Server) -> None:
    """Nobody has handled anything yet, so all of it is unfinished work."""
    async with open_bench(small) as bench:
        for number in range(300):
            await bench.publisher.publish(event(number))

        room = await bounds(small, bench, history_max_bytes=1).keep()

        assert (room.over, room.entries, len(ids(bench))) == (True, 0, 300)


async def test_partitions_give_what_is_oldest(small: Server) -> None:
    """Of several partitions on one server the one with the older history gives first."""
    async with open_spread(small) as (bench, groups):
        for partition in (1, 0):
            for number in range(1_000):
                bench.redis.xadd(
                    f"sl:{{{partition}}}:events", {"id": f"{partition}-{number}", "type": "a.b", "body": KIB}
                )
        for partition in (0, 1):
            await finish(groups, 1_000, partition)
        limit_memory(bench, 0)

        room = await bounds(small, bench, history_memory_share=0.95, partitions=2).keep()

        assert room.entries > 0
        assert len(ids(bench, "sl:{0}:events")) == 1_000
        assert len(ids(bench, "sl:{1}:events")) == 1_000 - room.entries


@asynccontextmanager
async def open_spread(server: Server) -> AsyncIterator[tuple[Bench, Group]]:
    """Two partitions."""
    async with open_bench(server, partitions=2) as bench:
        yield bench, await bench.group(lease_seconds=60)


async def test_a_full_server_with_history_refuses_nobody(small: Server) -> None:
    """Deliveries that find the server full are stored: history makes room for them while they wait."""
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(1_000):
            await bench.publisher.publish(event(number))
        await finish(group, 1_000)
        limit_memory(bench, -100_000)

        for number in range(1_000, 1_020):
            await bench.publisher.publish(event(number))

        assert ids(bench)[-20:] == [f"e{number}" for number in range(1_000, 1_020)]
        assert isinstance(bench.recorder, Recorder)
        assert bench.recorder.room != []


async def test_a_body_that_an_unfinished_event_shares_stays(small: Server) -> None:
    """Whatever goes from between unfinished entries, each of them can still be read whole."""
    async with open_bench(small) as bench:
        group, late = await bench.group(lease_seconds=60), await bench.group("late", events=("email.opened",))
        for number in range(200):
            base = NewEvent(f"e{number}", "email.updated", "person:1", "2026", b'{"x":"%s"}' % KIB)
            await bench.publisher.publish(
                NewDelivery("default", (base, NewEvent(f"o{number}", "email.opened", "person:1", "2026", base.data)))
            )
        (first,) = await take(group, 1)
        await group.settle(0, [Settlement(first, Outcome.RETRY, 86_400, "", "later")])
        held = await take(late, 40)
        await finish(group, 400)

        await bounds(small, bench, history_max_bytes=1).keep(seconds=5)

        bodies = [fields["body"] for _, fields in bench.redis.xrange(STREAM) if fields["of"] == ""]
        opened = [fields for _, fields in bench.redis.xrange(STREAM) if fields["of"]]
        assert len(held) == 40
        assert len(bodies) >= len(opened) >= 40
        await late.settle(0, [Settlement(lease, Outcome.RETRY) for lease in held])
        assert [lease.event.raw_data for lease in await take(late, 40)] == [lease.event.raw_data for lease in held]
