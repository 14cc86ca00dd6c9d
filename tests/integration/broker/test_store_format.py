"""The format of the store: raised only when everybody who is there reads it."""

import pytest

from salesloft_webhooks.broker.store_format import NEWEST, OLDEST, QUIET_SECONDS, StoreFormat
from tests.support.broker_bench import STREAM, Bench, take

FORMAT = "sl:format"
QUIET_MS = int(QUIET_SECONDS * 1_000)


def now_ms(bench: Bench) -> int:
    """The server's time."""
    return int(bench.redis.time()[0]) * 1_000


async def current(bench: Bench, highest: int = NEWEST) -> int:
    """What a process that has just started writes."""
    return await StoreFormat(bench.store, highest).current()


def stored_by_0_1_0(bench: Bench, event_id: str) -> None:
    """An event with the entry and the record that version 0.1.0 makes."""
    entry = bench.redis.xadd(STREAM, {"id": event_id, "type": "a.b", "key": "", "only": "", "at": "1", "body": "{}"})
    bench.redis.hset(f"sl:{{0}}:event:{event_id}", "entry", entry)


def pass_quiet_time(bench: Bench) -> None:
    """As if everybody had been ready for as long as is asked for."""
    bench.redis.hset(FORMAT, "ready_since", now_ms(bench) - QUIET_MS - 1_000)


async def test_an_empty_store_has_the_newest_format_at_once(bench: Bench) -> None:
    """Where nothing was ever stored nobody can misread anything, also while new workers are there already."""
    await take(await bench.group())

    assert await current(bench) == NEWEST

    assert bench.redis.hgetall(FORMAT)["written"] == str(NEWEST)


async def test_a_setting_holds_it_back(bench: Bench) -> None:
    """Whoever wants to be able to roll back gets the old format, and raises it for nobody."""
    assert await current(bench, highest=OLDEST) == OLDEST

    assert bench.redis.exists(FORMAT) == 0


async def test_events_of_before_hold_it_back_for_ten_minutes(bench: Bench) -> None:
    """In a store that is in use the format is raised when everybody has read it for long enough, and not before."""
    group = await bench.group()
    stored_by_0_1_0(bench, "old")
    stream_of_ours = {"id": "ours", "type": "a.b", "key": "", "only": "", "at": "1", "body": "{}"}
    bench.redis.hset("sl:{0}:event:ours", mapping={"entry": bench.redis.xadd(STREAM, stream_of_ours), "token:": "t"})
    await take(group)

    assert await current(bench) == OLDEST
    bench.redis.hset(FORMAT, "ready_since", now_ms(bench) - QUIET_MS + 5_000)
    assert await current(bench) == OLDEST
    pass_quiet_time(bench)
    assert await current(bench) == NEWEST


async def test_a_worker_of_before_begins_the_time_anew(bench: Bench) -> None:
    """A worker that takes and has not said what it reads is one of 0.1.0: as long as it is there nothing is raised."""
    group = await bench.group()
    await bench.publish("e1")
    bench.redis.delete(FORMAT)
    await take(group)
    bench.redis.zadd("sl:{0}:g:crm:seen", {"old-pod": now_ms(bench)})
    pass_quiet_time(bench)

    assert await current(bench) == OLDEST
    assert bench.redis.exists(FORMAT) == 0

    bench.redis.zadd("sl:{0}:g:crm:seen", {"old-pod": now_ms(bench) - QUIET_MS - 1_000})
    assert await current(bench) == OLDEST
    pass_quiet_time(bench)
    assert await current(bench) == NEWEST


async def test_a_receiver_of_before_begins_the_time_anew(bench: Bench) -> None:
    """What 0.1.0 stored last shows that a receiver of it is still there."""
    await bench.publish("ours")
    bench.redis.delete(FORMAT)
    stored_by_0_1_0(bench, "theirs")
    pass_quiet_time(bench)

    assert await current(bench) == OLDEST

    assert bench.redis.exists(FORMAT) == 0


async def test_a_worker_that_has_not_taken_yet_is_not_forgotten(bench: Bench) -> None:
    """What a worker says at its start holds, also when consumers that are gone are removed before its first take."""
    group = await bench.group()
    await group.beat()

    await group.retire()
    await take(group)

    assert await current(bench) == NEWEST


@pytest.mark.parametrize("broken", ["not a hash"])
async def test_what_cannot_be_asked_is_written_in_the_old_format(bench: Bench, broken: str) -> None:
    """A format that cannot be read stops no delivery: all can read the old one."""
    bench.redis.set(FORMAT, broken)

    assert await current(bench) == OLDEST


async def test_what_is_said_of_workers_that_are_gone_goes_with_them(bench: Bench) -> None:
    """No name of a pod stays behind for ever."""
    group = await bench.group()
    await take(group)

    await group.retire(leaving=True)

    assert bench.redis.exists("sl:{0}:g:crm:formats") == 0
