"""`STORE_MAX_BYTES`: a `maxmemory` of ours, where the server has none or a larger one."""

import asyncio
from collections.abc import Sequence

import pytest

from salesloft_webhooks.broker import FollowUps, MemoryBounds, Outcome, Settlement, StoreWatch
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.broker.administration.stats import measure, memory_limit_bytes
from salesloft_webhooks.broker.administration.stream_rewriting import Rewritten
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.errors import StoreFull
from salesloft_webhooks.settings import Settings
from tests.integration.broker.follow_up_steps import running, wanted
from tests.integration.broker.test_memory_bounds import event, finish, ids
from tests.support.broker_bench import STREAM, Bench, open_bench, take
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

GIB = 2**30


def used(bench: Bench) -> int:
    """Bytes that the server uses."""
    return int(bench.redis.info("memory")["used_memory"])


def settings(limit: int, **more: object) -> Settings:
    """With a limit that may be as low as a test wants."""
    return Settings.load(**more).model_copy(update={"store_max_bytes": limit})


def bounds(bench: Bench, limit: int, **more: object) -> MemoryBounds:
    """What keeps to it."""
    return MemoryBounds(bench.store, settings(limit, **more), bench.recorder)


async def fill(bench: Bench, events: int, first: int = 0) -> None:
    """Publish so many, of a kibibyte each."""
    for number in range(first, first + events):
        await bench.publisher.publish(event(number))


async def test_the_oldest_finished_history_goes_first(small: Server) -> None:
    """Over the share of our limit, on a server without one, the oldest finished entries go, and no unfinished one."""
    async with open_bench(small) as bench:
        group = await bench.group()
        await fill(bench, 2_000)
        await finish(group, 1_900)
        keeper = bounds(bench, used(bench), history_memory_share=0.9)

        room = await keeper.keep()

        left = ids(bench)
        assert (room.full, room.limit_bytes) == (False, keeper._store_max_bytes)
        assert 200 < room.entries < 800
        assert left == [f"e{number}" for number in range(room.entries, 2_000)]
        assert (await keeper.keep()).over is False


async def test_records_go_when_no_history_is_left(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """By our limit, too: those of events that have gone, and none of what nobody has finished."""
    monkeypatch.setattr("salesloft_webhooks.broker.memory_bounds.YOUNGEST_RECORD_SECONDS", 0.0)
    async with open_bench(small) as bench:
        group = await bench.group()
        await fill(bench, 1_200)
        await finish(group, 1_000)
        keeper = bounds(bench, used(bench), history_memory_share=0.01)

        first = await keeper.keep()
        keeper._record_age = 0.0
        second = await keeper.keep()

        assert (first.records, first.entries > 900, second.entries) == (0, True, 0)
        assert second.records > 900
        assert all(bench.record(f"e{number}") for number in range(1_000, 1_200))
        assert bench.recorder.room[-1] == (0, second.records)


async def test_the_least_of_both_limits_counts(small: Server) -> None:
    """What the server may use is the same for whoever makes room and for whoever measures."""
    async with open_bench(small) as bench:
        for maxmemory, ours, least in (
            (0, 0, 0),
            (0, GIB, GIB),
            (GIB, 2 * GIB, GIB),
            (2 * GIB, GIB, GIB),
            (GIB, 0, GIB),
        ):
            bench.redis.config_set("maxmemory", maxmemory)
            bench.store.max_bytes = ours

            stats = await measure(bench.store)

            assert (await bounds(bench, ours).keep()).limit_bytes == least
            assert memory_limit_bytes(stats.partitions) == least


async def test_a_user_who_may_not_ask_has_no_limit(own_server: Server) -> None:
    """Without the right to INFO nobody knows what is used, so that nothing goes and nothing is refused by it."""
    own_server.start()
    async with open_bench(own_server) as bench:
        group = await bench.group()
        await fill(bench, 300)
        await finish(group, 300)
        limit = used(bench) // 2
        bench.redis.acl_setuser("default", commands=["-info", "-memory"])

        room = await bounds(bench, limit).keep()

        assert (room.over, room.limit_bytes, room.full, len(ids(bench))) == (False, 0, False, 300)


async def test_unfinished_work_that_fills_it_is_refused(small: Server) -> None:
    """From the limit on receivers store nothing more, until a worker has finished enough. They stay ready."""
    async with open_bench(small) as bench:
        group = await bench.group(lease_seconds=60)
        await fill(bench, 1_000)
        some = settings(used(bench) + 1_000_000, readiness_grace_seconds=0)
        async with StoreWatch(bench.store, some, Recorder()) as watch:
            seen = [watch.full]
            await fill(bench, 2_000, first=1_000)
            await watch._look()
            seen.append(watch.full)
            assert (watch.problem, watch.unready, len(ids(bench))) == (None, None, 3_000)

            await finish(group, 2_500)
            await watch._look()
            seen.append(watch.full)

            assert seen == [None, "unfinished work fills what the store may use", None]
            assert ids(bench)[-500:] == [f"e{number}" for number in range(2_500, 3_000)]


async def test_a_limit_that_is_lowered_refuses_nobody_while_history_goes(
    small: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More goes than comes, though not all of it within one look: deliveries are taken meanwhile."""
    async with open_bench(small) as bench:
        group = await bench.group()
        await fill(bench, 3_000)
        await finish(group, 3_000)
        keeper = bounds(bench, used(bench) // 2, history_memory_share=1)
        _slow(monkeypatch, entries=500)

        looks = [await keeper.keep(seconds=0.1) for _ in range(9)]

        assert [look.full for look in looks] == [False] * 9
        assert sum(look.over for look in looks) >= 3
        assert looks[-1].over is False


async def test_more_that_comes_than_goes_is_refused(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although something goes in each look, and there was no time to see whether that was all: the limit holds."""
    async with open_bench(small) as bench:
        group = await bench.group()
        await fill(bench, 1_000)
        await finish(group, 1_000)
        keeper = bounds(bench, used(bench) // 2)
        _slow(monkeypatch, entries=100)
        first = await keeper.keep(seconds=0.1)
        await fill(bench, 500, first=1_000)

        second = await keeper.keep(seconds=0.1)
        third = await keeper.keep(seconds=0.1)

        assert (first.entries > 0, first.full) == (True, False)
        assert (second.entries > 0, second.full) == (True, True)
        assert (third.entries > 0, third.full) == (True, True)  # less than after the second one, more than ever before


def _slow(monkeypatch: pytest.MonkeyPatch, *, entries: int) -> None:
    """Each call that removes something removes so many at most, and takes longer than there is time for."""
    run = Store.run
    monkeypatch.setattr("salesloft_webhooks.broker.memory_bounds.SLICE", entries)

    async def slowly(store: Store, name: str, partition: int, args: Sequence[Argument]) -> object:
        answer = await run(store, name, partition, args)
        await asyncio.sleep(0.15 if name == "make_room" and args[2] else 0)
        return answer

    monkeypatch.setattr(Store, "run", slowly)


async def test_follow_ups_leave_the_rest_to_deliveries(small: Server) -> None:
    """Above their share of our limit none is taken."""
    async with open_bench(small) as bench:
        group, lease = await running(bench)
        follow_ups = FollowUps(bench.store, group.options, memory_share=0.5)
        act = await follow_ups.act(lease, wanted())
        bench.store.max_bytes = int(used(bench) * 1.5)

        with pytest.raises(StoreFull):
            await follow_ups.ask(lease, act)
        bench.store.max_bytes = used(bench) * 3
        assert await follow_ups.ask(lease, act)


async def test_an_erasure_writes_no_copy_beyond_it(small: Server) -> None:
    """A stream that has no room for its copy within our limit stays as it is, and that is said."""
    async with open_bench(small) as bench:
        for number in range(10):
            await bench.publish(f"e{number}", key="person:7001", body=b'{"id":7001,"person_id":7001}')
        bench.store.max_bytes = 100 * 2**20

        erased = await erase_person(bench.store, Settings.load(history_memory_share=0.01), "7001", files=False)

        assert (Rewritten.NO_ROOM, 1) in erased.streams


async def test_retries_of_tomorrow_stay(small: Server) -> None:
    """A pending entry never goes, whatever fills the store, and what is behind it goes."""
    async with open_bench(small) as bench:
        group = await bench.group(lease_seconds=60)
        await fill(bench, 1_000)
        (first,) = await take(group, 1)
        await group.settle(0, [Settlement(first, Outcome.RETRY, 86_400, "", "later")])
        await finish(group, 1_000)

        room = await bounds(bench, 2**20).keep(seconds=5)

        assert (room.full, ids(bench)) == (True, ["e0", "e999"])
        assert [row["message_id"] for row in bench.redis.xpending_range(STREAM, "crm", "-", "+", 9)] == [first.entry_id]
