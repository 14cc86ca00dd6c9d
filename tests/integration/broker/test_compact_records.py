"""Compact idempotency records: many in one small hash, which grow, end, and say the same as full ones."""

import asyncio
from collections.abc import Sequence

import pytest

from salesloft_webhooks.broker import Outcome, Stored
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.records import publish_row
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.support.broker_bench import STREAM, Bench, open_bench, settle, take
from tests.support.servers import Server

TTL_MS = 604_800_000


async def publish(bench: Bench, names: Sequence[str]) -> list[Stored]:
    """One delivery each, together."""
    events = [NewEvent(name, "person.created", "person:1", "2026", b"{}") for name in names]
    return list(await asyncio.gather(*(bench.publisher.publish(NewDelivery("default", (each,))) for each in events)))


def buckets(bench: Bench) -> dict[str, int]:
    """The number of records in each bucket."""
    return {key: bench.redis.hlen(key) - 1 for key in bench.redis.scan_iter("sl:{0}:ids:*", 1_000)}


def make_older(bench: Bench, ms: int) -> None:
    """As if the latest window had been opened so much earlier; its buckets keep their names."""
    (start,) = bench.redis.hkeys("sl:{0}:ids")
    records, held, finish_at = bench.redis.hget("sl:{0}:ids", start).split()
    bench.redis.hset("sl:{0}:ids", start, f"{records} {held} {int(finish_at) - ms}")


def publish_args(token: str) -> list[Argument]:
    """What ``publish.lua`` is given for one event without a watermark."""
    event = NewEvent("e1", "a.b", "k", "", b"{}")
    row = publish_row(event, NewDelivery("s", (event,)), None, pack=True, compress=False)
    return [604_800, 7_776_000, 1, 2, *row, token, "", "", "", 0]


async def test_buckets_grow_with_what_is_in_them(bench: Bench) -> None:
    """Thousands of events: each is known, no bucket is larger than the server keeps as one string, all have an end."""
    names = [f"e{number}" for number in range(5_000)]
    await publish(bench, names)

    held = buckets(bench)
    assert sum(held.values()) == 5_000
    assert 120 < len(held) < 200
    assert max(held.values()) <= 128
    assert {bench.redis.object("encoding", key) for key in held} == {"listpack"}
    assert all(604_000 < bench.redis.ttl(key) <= 907_200 for key in [*held, "sl:{0}:ids"])
    assert set(await publish(bench, names)) == {Stored.DUPLICATE}
    assert bench.redis.xlen(STREAM) == 5_000


async def test_a_record_is_small(bench: Bench) -> None:
    """With the outcome of one group, a record takes at most 32 bytes of the server's memory, keys and all."""
    await publish(bench, [f"e{number}" for number in range(10_000)])
    group = await bench.group()
    while leases := await take(group, 500):
        for lease in leases:
            await settle(group, lease, Outcome.DONE)

    used = sum(bench.redis.memory_usage(key, samples=0) for key in buckets(bench))

    assert used / 10_000 <= 32


async def test_a_window_is_followed_by_another(bench: Bench) -> None:
    """When a new event would not live for its time in the latest window, another is opened; both are known."""
    await publish(bench, ["early"])
    make_older(bench, TTL_MS // 2 + 1)

    await publish(bench, ["late"])

    assert bench.redis.hlen("sl:{0}:ids") == 2
    assert await publish(bench, ["early", "late"]) == [Stored.DUPLICATE] * 2


async def test_a_window_that_is_over_is_named_no_longer(bench: Bench) -> None:
    """The list of windows does not grow for ever."""
    await publish(bench, ["early"])
    make_older(bench, 2 * TTL_MS)

    await publish(bench, ["late"])

    assert bench.redis.hlen("sl:{0}:ids") == 1


async def test_what_several_groups_did_is_told_apart(bench: Bench) -> None:
    """Each group has its own number for ever, and a group that is destroyed and made again skips what it has done."""
    await publish(bench, ["e1", "e2"])
    crm, log = await bench.group("crm"), await bench.group("log")
    for lease in await take(crm):
        await settle(crm, lease, Outcome.DONE)
    first, second = await take(log)
    await settle(log, first, Outcome.DONE)
    await settle(log, second, Outcome.DEAD)
    bench.redis.xgroup_destroy(STREAM, "crm")

    assert await take(crm) == ()

    known = await history(bench.store, "e2")
    assert known is not None
    assert [(each.group, each.state) for each in known.groups] == [("crm", EventState.DONE), ("log", EventState.DEAD)]
    assert bench.record("e1")["log"] == "done"


async def test_what_is_out_of_the_ordinary_has_a_full_record(bench: Bench) -> None:
    """Duplicates are counted there; the token, the entry and later outcomes are still known, and both end together."""
    group = await bench.group()
    await publish(bench, ["e1"])
    before = bench.record("e1")
    await publish(bench, ["e1"])
    (lease,) = await take(group)
    await settle(group, lease, Outcome.DONE)

    assert bench.record("e1") == before | {"dups": "1", "crm": "done"}
    (bucket,) = buckets(bench)
    assert bench.redis.ttl("sl:{0}:event:e1") >= bench.redis.ttl(bucket)


async def test_a_repeat_of_the_same_call_is_no_duplicate(bench: Bench) -> None:
    """Who repeats a call after a lost reply gets the first answer: the compact record knows its token."""
    args = publish_args("abcd")

    assert [await bench.store.run("publish", 0, args) for _ in range(2)] == [[b"new"], [b"new"]]

    assert await bench.store.run("publish", 0, publish_args("efgh")) == [b"duplicate"]
    assert bench.redis.xlen(STREAM) == 1


@pytest.mark.parametrize("token", ["", "longer"])
async def test_what_does_not_fit_is_remembered_all_the_same(bench: Bench, token: str) -> None:
    """A token of another length, as version 0.1.0 and those before this one have, leads to a full record."""
    args = publish_args(token)

    assert await bench.store.run("publish", 0, args) == [b"new"]

    assert bench.redis.hget("sl:{0}:event:e1", "token:") == token
    assert await publish(bench, ["e1"]) == [Stored.DUPLICATE]


async def test_the_old_format_has_full_records_only(server: Server) -> None:
    """What is stored while 0.1.0 may be there is found by it."""
    async with open_bench(server, store_format=1) as bench:
        await publish(bench, ["e1"])

        assert bench.redis.hget("sl:{0}:event:e1", "entry") == bench.redis.xrange(STREAM)[0][0]
        assert buckets(bench) == {}


async def test_records_of_both_formats_stand_side_by_side(server: Server) -> None:
    """After the format was raised, what was stored before is still a duplicate and still done, and the reverse."""
    async with open_bench(server, store_format=1) as before:
        await publish(before, ["old"])
        async with open_bench(server) as bench:
            bench.redis.hset("sl:format", "written", 2)
            await publish(bench, ["new"])
            group = await bench.group()
            for lease in await take(group):
                await settle(group, lease, Outcome.DONE)
            bench.redis.xgroup_destroy(STREAM, "crm")

            assert await publish(bench, ["old", "new"]) == [Stored.DUPLICATE] * 2
            assert await publish(before, ["old", "new"]) == [Stored.DUPLICATE] * 2
            assert await take(group) == ()
            assert (len(buckets(bench)), bench.redis.xlen(STREAM)) == (1, 2)
