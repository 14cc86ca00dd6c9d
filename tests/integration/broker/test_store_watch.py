"""Watching the store: readiness, durability, backlog."""

import asyncio
import shutil
from contextlib import suppress

from redis import ResponseError

from salesloft_webhooks.broker import Outcome, Publisher, Stored, StoreWatch, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.publish_observers import Recorder
from tests.support.servers import Server
from tests.support.waiting import eventually


async def test_a_lost_store_is_seen_and_its_return_too(own_server: Server) -> None:
    """Readiness follows the server: a reason while it is away, none before and after."""
    own_server.start()
    settings = Settings.load(redis_url=own_server.url, durability="fsync", store_timeout_seconds=0.5)
    recorder = Recorder()
    async with open_store(settings) as store, StoreWatch(store, settings, recorder) as watch:
        assert watch.problem is None
        assert watch.weaknesses == ()

        own_server.stop()
        await eventually(lambda: watch.problem is not None, "the watch sees that the server is gone")
        await asyncio.to_thread(own_server.start)
        await eventually(lambda: watch.problem is None, "the watch sees that the server is back")

    assert recorder.available[0]
    assert False in recorder.available
    assert recorder.available[-1]


async def test_a_weak_configuration_is_told(valkey: Server) -> None:
    """No persistence and an evicting policy are named; with `memory` they do not forbid to accept."""
    settings = Settings.load(redis_url=valkey.url)
    with valkey.client() as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            recorder = Recorder()
            async with open_store(settings) as store, StoreWatch(store, settings, recorder) as watch:
                assert watch.problem is None
                assert len(watch.weaknesses) == 2
                assert "allkeys-lru" in watch.weaknesses[1]
                assert recorder.faults == [watch.weaknesses]
        finally:
            redis.config_set("maxmemory-policy", "noeviction")


async def test_a_broken_promise_makes_unready(valkey: Server) -> None:
    """`fsync` on a server without an append-only file is a problem, not a weakness."""
    settings = Settings.load(redis_url=valkey.url, durability="fsync")
    async with open_store(settings) as store, StoreWatch(store, settings, Recorder()) as watch:
        assert watch.problem is not None
        assert "fsync" in watch.problem


async def test_the_better_setting_for_fsync_is_told(own_server: Server) -> None:
    """With appendfsync everysec, WAITAOF is used and the warning names what to set; once it is set there is none."""
    own_server.options |= {"appendonly": "yes", "appendfsync": "everysec"}
    own_server.start()
    settings = Settings.load(redis_url=own_server.url, durability="fsync")
    recorder = Recorder()

    async with open_store(settings) as store:
        async with StoreWatch(store, settings, recorder) as watch:
            assert watch.problem is None
            assert "set appendfsync always" in watch.weaknesses[0]
        with own_server.client() as redis:
            redis.config_set("appendfsync", "always")
        async with StoreWatch(store, settings, recorder) as watch:
            assert watch.weaknesses == ()
    assert [len(faults) for faults in recorder.faults] == [1, 0]


async def test_a_log_that_cannot_be_rewritten_is_told(own_server: Server) -> None:
    """A rewrite finds a nearly full disk first: deliveries are still accepted, and an operator knows."""
    own_server.start()
    shutil.rmtree(own_server.directory)
    with own_server.client() as redis:
        with suppress(ResponseError):
            redis.bgrewriteaof()
        await eventually(lambda: redis.info()["aof_last_bgrewrite_status"] == "err", "the rewrite fails")
    settings = Settings.load(redis_url=own_server.url, durability="fsync")

    async with open_store(settings) as store, StoreWatch(store, settings, Recorder()) as watch:
        assert watch.problem is None
        assert "rewrite" in watch.weaknesses[0]


async def test_a_server_that_refuses_writes_is_unready(own_server: Server) -> None:
    """After a failed snapshot the server answers reads and refuses writes: readiness must not take that for health."""
    own_server.options |= {"appendonly": "no", "save": "3600 1"}
    own_server.start()
    shutil.rmtree(own_server.directory)
    with own_server.client() as redis:
        redis.bgsave()
        await eventually(lambda: redis.info()["rdb_last_bgsave_status"] == "err", "the snapshot fails")
    settings = Settings.load(redis_url=own_server.url)

    async with open_store(settings) as store, StoreWatch(store, settings, Recorder()) as watch:
        assert watch.problem is not None
        assert "MISCONF" in watch.problem


async def test_the_backlog_of_the_slowest_group_counts(server: Server) -> None:
    """Waiting and pending entries of the slowest group make the backlog; what every group finished does not."""
    async with open_bench(server) as bench:
        await _three_events_one_done(bench)
        for limit, over in ((2, True), (3, False)):
            settings = Settings.load(redis_url=server.url, backlog_limit=limit)
            async with StoreWatch(bench.store, settings, Recorder()) as watch:
                assert (watch.full is not None) is over


async def _three_events_one_done(bench: Bench) -> None:
    fast = await bench.group()
    await bench.group("slow")
    for number in range(3):
        await bench.publish(f"e{number}")
    (lease, *_) = await take(fast)
    await settle(fast, lease, Outcome.DONE)


async def test_a_demoted_primary_is_left_for_the_new_one(own_server: Server, valkey: Server) -> None:
    """Behind one address the primary changes: the old one, now a replica, is unready, and the new one is found."""
    own_server.start()
    target = own_server.port

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))

    service = await asyncio.start_server(forward, "127.0.0.1", 0)
    address = f"redis://127.0.0.1:{service.sockets[0].getsockname()[1]}"
    settings = Settings.load(redis_url=address, store_timeout_seconds=5)
    async with service, open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        event = NewEvent("e1", "person.created", "person:1", "2026", b"{}")
        assert await publisher.publish(NewDelivery("default", (event,))) is Stored.NEW
        with own_server.client() as old:
            old.replicaof("127.0.0.1", valkey.port)
        async with StoreWatch(store, settings, Recorder()) as watch:
            assert watch.problem == "nothing can be stored: READONLY You can't write against a read only replica."
            target = valkey.port

            await eventually(lambda: watch.problem is None, "the watch is on the new primary")
            assert await publisher.publish(NewDelivery("default", (event,))) is Stored.NEW


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
