"""Publishing: deduplication, watermarks, group commit, refusal."""

import asyncio

import pytest

from salesloft_webhooks.broker import Stored
from salesloft_webhooks.errors import NotDurable, StoreFull, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.support.broker_bench import STREAM, Bench, open_bench
from tests.support.servers import Server


async def test_an_event_is_stored_whole(bench: Bench) -> None:
    """The entry has every field of the event, and the idempotency record names the entry and will expire."""
    assert await bench.publish("e1") is Stored.NEW

    ((entry, fields),) = bench.redis.xrange(STREAM)
    assert fields == {
        "id": "e1",
        "type": "person.created",
        "key": "person:1",
        "src": "default",
        "at": "",
        "made": "2026-03-07T04:26:14Z",
        "tp": "00-trace-01",
        "only": "",
        "of": "",
        "body": '{"id":1}',
    }
    record = bench.record("e1")
    assert record.pop("token:")
    assert record == {"entry": entry}
    (bucket,) = bench.redis.keys("sl:{0}:ids:*")
    assert all(604_800 <= bench.redis.ttl(key) <= 907_200 for key in (bucket, "sl:{0}:ids"))


async def test_a_known_id_is_a_duplicate(bench: Bench) -> None:
    """The second delivery of an id stores nothing, and is counted in the record."""
    await bench.publish("e1")

    assert await bench.publish("e1") is Stored.DUPLICATE

    assert bench.redis.xlen(STREAM) == 1
    assert bench.record("e1")["dups"] == "1"


async def test_an_id_that_version_0_1_0_stored_is_a_duplicate(bench: Bench) -> None:
    """Its records have no token, so no delivery of today is taken for the one that was stored then."""
    bench.redis.hset("sl:{0}:event:e1", "entry", "1-1")

    assert await bench.publish("e1") is Stored.DUPLICATE
    assert bench.record("e1") == {"entry": "1-1", "dups": "1"}


async def test_the_same_id_at_the_same_instant_is_stored_once(bench: Bench) -> None:
    """Of many simultaneous deliveries of one id exactly one is new, also within one batch."""
    outcomes = await asyncio.gather(*(bench.publish("e1") for _ in range(20)))

    assert outcomes.count(Stored.NEW) == 1
    assert bench.redis.xlen(STREAM) == 1


async def test_concurrent_publishes_share_round_trips(bench: Bench) -> None:
    """While one script call is under way, all others queue for the next: far fewer calls than deliveries."""
    await asyncio.gather(*(bench.publish(f"e{number}") for number in range(300)))

    assert sum(bench.recorder.commits) == 300
    assert len(bench.recorder.commits) <= 3


async def test_a_watermark_lets_only_rises_pass(bench: Bench) -> None:
    """From 1 to 3 is one event; a late 2 neither lowers the level nor yields an event; the level expires."""
    for event_id, level in (("o1", 1), ("o3", 3), ("o2", 2), ("o3-again", 3)):
        await bench.publish_mark(event_id, level)

    assert [fields["id"] for _, fields in bench.redis.xrange(STREAM)] == ["o1", "o3"]
    assert bench.redis.hgetall("sl:{0}:mark:email/1") == {"opened": "3"}
    assert 7_775_000 < bench.redis.ttl("sl:{0}:mark:email/1") <= 7_776_000


async def test_a_watermark_lives_from_its_last_sight(bench: Bench) -> None:
    """An email seen again near the end of its level's life, without any rise, is remembered for a whole life more."""
    await bench.publish_mark("o3", 3)
    bench.redis.expire("sl:{0}:mark:email/1", 1)
    await bench.publish_mark("o3-day-60", 3)
    await asyncio.sleep(1.2)

    await bench.publish_mark("o3-day-91", 3)

    assert [fields["id"] for _, fields in bench.redis.xrange(STREAM)] == ["o3"]
    assert 7_775_000 < bench.redis.ttl("sl:{0}:mark:email/1") <= 7_776_000


async def test_a_delivery_is_answered_by_its_first_event(bench: Bench) -> None:
    """A repeated base event is a duplicate even when what is derived from it is new."""
    base = NewEvent("base", "email.updated", "person:1", "2026", b"{}")
    derived = NewEvent("derived", "email.sent", "person:1", "2026", b"{}")
    await bench.publisher.publish(NewDelivery("default", (base,)))

    assert await bench.publisher.publish(NewDelivery("default", (base, derived))) is Stored.DUPLICATE

    assert bench.record("derived") != {}


async def test_a_full_server_stores_nothing_and_says_so(server: Server) -> None:
    """At maxmemory the whole batch is refused before anything is written, and accepted again when there is room."""
    async with open_bench(server) as bench:
        await bench.publish("before")
        bench.redis.config_set("maxmemory", 1)
        try:
            with pytest.raises(StoreFull):
                await bench.publish("refused")
        finally:
            bench.redis.config_set("maxmemory", 0)

        assert bench.record("refused") == {}
        assert await bench.publish("refused") is Stored.NEW


async def test_taking_and_settling_go_on_when_the_server_is_full(bench: Bench) -> None:
    """A full store can be worked off, also by workers that start now, and paused: only publishing needs room."""
    group = await bench.group()
    await bench.publish("e1")
    bench.redis.config_set("maxmemory", 1)
    try:
        late_comer = await bench.group("late")
        assert [lease.event.event_id for lease in (await group.take(0, 1)).leases] == ["e1"]
        assert [lease.event.event_id for lease in (await late_comer.take(0, 1)).leases] == ["e1"]
        await group.pause(60)
        assert (await group.take(0, 1)).paused
    finally:
        bench.redis.config_set("maxmemory", 0)


async def test_a_server_that_comes_back_in_time_is_waited_for(own_server: Server) -> None:
    """A publish during a restart succeeds when the restart is shorter than the store's time-out."""
    own_server.start()
    async with open_bench(own_server, store_timeout_seconds=10) as bench:
        await bench.publish("e1")
        own_server.stop()
        waiting = asyncio.create_task(bench.publish("e2"))
        await asyncio.sleep(0.2)

        await asyncio.to_thread(own_server.start)

        assert await waiting is Stored.NEW
        assert await bench.publish("e1") is Stored.DUPLICATE


async def test_a_server_that_stays_away_is_reported_in_time(own_server: Server) -> None:
    """Without a server the answer is StoreUnavailable, within the time-out."""
    async with open_bench(own_server, store_timeout_seconds=0.3) as bench:
        began = asyncio.get_running_loop().time()
        with pytest.raises(StoreUnavailable):
            await bench.publish("e1")

        assert asyncio.get_running_loop().time() - began < 2


async def test_waitaof_confirms_each_batch(own_server: Server) -> None:
    """With `fsync` and appendfsync everysec, each batch waits for the disk, so it survives a SIGKILL at once after."""
    own_server.options["appendfsync"] = "everysec"
    own_server.start()
    async with open_bench(own_server, durability="fsync") as bench:
        assert await asyncio.gather(*(bench.publish(f"e{n}") for n in range(50))) == [Stored.NEW] * 50
        assert bench.redis.info("commandstats")["cmdstat_waitaof"]["calls"] >= 1

    own_server.stop(kill=True)
    own_server.start()
    with own_server.client() as redis:
        assert redis.xlen(STREAM) == 50


@pytest.mark.parametrize("durability", ["fsync", "replicas:1"])
async def test_a_promise_the_server_cannot_keep_is_not_made(valkey: Server, durability: str) -> None:
    """Without an append-only file, or without replicas, nothing is acknowledged."""
    async with open_bench(valkey, durability=durability) as bench:
        with pytest.raises(NotDurable):
            await bench.publish("e1")


async def test_events_of_one_entity_stay_in_one_partition(valkey: Server) -> None:
    """With several partitions, people are spread over them and each person's events lie in one."""
    async with open_bench(valkey, partitions=4) as bench:
        for number in range(40):
            await bench.publish(f"e{number}", key=f"person:{number % 8}")

        streams = [bench.redis.xrange(f"sl:{{{p}}}:events") for p in range(4)]
        homes = [{fields["key"] for _, fields in stream} for stream in streams]
        assert sum(len(home) for home in homes) == 8
        assert sum(1 for home in homes if home) > 1
