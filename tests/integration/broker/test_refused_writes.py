"""A server that refuses writes is found out without a delivery, on both engines, and trusted again by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, StoreWatch, open_store
from salesloft_webhooks.broker.durability import Durability
from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.write_probe import _named_keys, probe, used_commands
from salesloft_webhooks.errors import NotDurable, StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import open_bench
from tests.support.publish_observers import Recorder
from tests.support.refusing_servers import REFUSALS
from tests.support.servers import Server, engines
from tests.support.waiting import eventually


@pytest.fixture(params=engines())
def refusing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, to be ruined."""
    directory = tmp_path / "data"
    directory.mkdir()
    server = Server(engines()[request.param], directory).start()
    yield server
    server.stop(kill=True)


def delivery(number: int) -> NewDelivery:
    """A delivery of one event."""
    return NewDelivery("default", (NewEvent(f"e{number}", "person.created", "person:1", "2026", b"{}"),))


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refusal_is_found_by_an_idle_watch(refusing: Server, kind: str) -> None:
    """Without a single delivery the watch names the refusal in the server's words, writes nothing, and recovers."""
    refusal = REFUSALS[kind]
    settings = Settings.load(redis_url=refusing.url, store_timeout_seconds=2)
    recorder = Recorder()
    with refusing.client() as client:
        async with open_store(settings) as store, StoreWatch(store, settings, recorder) as watch:
            assert (watch.problem, recorder.available) == (None, [True])
            await asyncio.to_thread(refusal.begin, refusing, client)
            await eventually(lambda: watch.problem is not None, "the watch sees it")
            problem, available = watch.problem, recorder.available[-1]
            keys = client.keys()
            with pytest.raises(StoreError, match=refusal.code):
                await probe(store, 0, watch._durability, thorough=False)
            await asyncio.to_thread(refusal.end, refusing, client)
            await eventually(lambda: watch.problem is None, "the watch sees that it is over")

    assert problem is not None
    assert refusal.code in problem
    assert "127.0.0.1" not in problem
    assert (available, recorder.available[-1], sorted(keys)) == (
        False,
        True,
        ["sl:partitions", "sl:{0}:layout"],
    )


async def test_the_grace_time(refusing: Server) -> None:
    """The problem and the metric are there at once; readiness follows after the grace time, and returns at once."""
    settings = Settings.load(redis_url=refusing.url, readiness_grace_seconds=2.5)
    with refusing.client() as client:
        async with open_store(settings) as store, StoreWatch(store, settings, Recorder()) as watch:
            client.config_set("maxmemory", 1)
            await eventually(lambda: watch.problem is not None, "the watch sees it")
            began = asyncio.get_running_loop().time()
            assert watch.unready is None
            await eventually(lambda: watch.unready is not None, "the grace time is over")
            lasted = asyncio.get_running_loop().time() - began
            client.config_set("maxmemory", 0)
            await eventually(lambda: watch.unready is None, "it is over")

    assert 2.4 <= lasted < 5


async def test_at_start_there_is_no_grace(refusing: Server) -> None:
    """Who starts with a store that refuses is not ready, whatever the grace time."""
    settings = Settings.load(redis_url=refusing.url, readiness_grace_seconds=60)
    with refusing.client() as client:
        client.config_set("maxmemory", 1)
    async with open_store(settings) as store, StoreWatch(store, settings, Recorder()) as watch:
        assert "OOM" in (watch.unready or "")


async def test_a_replica_that_hangs_is_found(refusing: Server, valkey: Server, tmp_path: Path) -> None:
    """With replicas:1, a replica that is connected and confirms nothing makes the store unusable: idle or not."""
    (tmp_path / "replica").mkdir()
    replica = Server(refusing.program, tmp_path / "replica", {"repl-diskless-sync-delay": "0"}).start()
    settings = Settings.load(redis_url=refusing.url, durability="replicas:1", store_timeout_seconds=2)
    try:
        with replica.client() as client, refusing.client() as primary:
            primary.config_set("repl-diskless-sync-delay", 0)
            client.replicaof("127.0.0.1", refusing.port)
            await eventually(lambda: primary.info()["connected_slaves"] == 1, "the replica is there")
            await eventually(lambda: client.info()["master_link_status"] == "up", "it is in step", 20)
        async with open_store(settings) as store, StoreWatch(store, settings, Recorder()) as watch:
            await eventually(lambda: watch.problem is None, "the watch is content")
            replica.freeze()
            await eventually(lambda: watch.problem is not None, "the idle watch finds it")
            assert "WAIT confirmed 0 of 1" in (watch.problem or "")
            replica.thaw()
            await eventually(lambda: watch.problem is None, "it is over")
            async with Publisher(store, settings, Recorder()) as publisher:
                replica.freeze()
                with pytest.raises((NotDurable, StoreError)):
                    await publisher.publish(delivery(1))
                watch.look_thoroughly()
                await eventually(lambda: watch.problem is not None, "the watch looks thoroughly")
    finally:
        replica.stop(kill=True)


async def test_a_disk_that_is_written_once_a_second_is_no_problem(own_server: Server) -> None:
    """With WAITAOF and ``appendfsync everysec``, thorough looks over several partitions wait and are content."""
    own_server.options["appendfsync"] = "everysec"
    own_server.start()
    settings = Settings.load(redis_url=own_server.url, durability="fsync", partitions=8, store_timeout_seconds=5)
    recorder = Recorder()
    async with open_store(settings) as store, StoreWatch(store, settings, recorder) as watch:
        for _ in range(3):
            watch.look_thoroughly()
            await eventually(lambda: not watch._look_thoroughly_next, "the watch has looked")
        await asyncio.sleep(2)

    assert set(recorder.available) == {True}
    assert len(recorder.available) > 2


async def test_one_bad_delivery_makes_nobody_unready(refusing: Server) -> None:
    """A delivery that cannot be stored for a reason of its own leads to a thorough look, which finds nothing."""
    async with open_bench(refusing) as bench:
        bench.redis.set("sl:{0}:event:e1", "not a hash")
        settings = Settings.load(redis_url=refusing.url, store_timeout_seconds=1, readiness_grace_seconds=0)
        async with (
            Publisher(bench.store, settings, Recorder()) as publisher,
            StoreWatch(bench.store, settings, Recorder()) as watch,
        ):
            with pytest.raises(StoreError):
                await publisher.publish(delivery(1))
            watch.look_thoroughly()
            await eventually(lambda: not watch._look_thoroughly_next, "the watch has looked")
            await asyncio.sleep(0.2)
            assert watch.unready is None
        assert sorted(bench.redis.keys()) == ["sl:format", "sl:partitions", "sl:{0}:event:e1", "sl:{0}:layout"]


async def test_a_user_that_may_not_use_watermarks_is_found(refusing: Server) -> None:
    """Deliveries about emails would all be refused, so the store is not fine, although all others are stored."""
    with refusing.client() as client:
        client.execute_command("ACL", "SETUSER", "receiver", "reset", "on", ">secret", "allkeys", "+@all", "-hget")
    url = refusing.url.replace("redis://", "redis://receiver:secret@")
    async with open_store(Settings.load(redis_url=url)) as store:
        with pytest.raises(StoreError, match="NOPERM"):
            await probe(store, 0, Durability(), thorough=False)
    assert refusing.refused() == {"receiver: command hget"}


def test_the_probe_knows_what_publish_does() -> None:
    """The commands are read from the script: the write to the stream and to the record are among them."""
    assert {("XADD", "events"), ("HSET", "record"), ("EXPIRE", "record")} <= set(used_commands("publish"))
    assert {("HGET", "mark_of"), ("HSET", "mark_of"), ("EXPIRE", "mark_of")} <= set(used_commands("publish"))
    assert {("HGETALL", "windows_key"), ("HGET", "numbers_key"), ("HGET", "layout")} <= set(used_commands("publish"))
    assert ("SET", "key") in used_commands("publish", "reserve")


def test_the_probe_has_a_key_for_every_call() -> None:
    """Whatever the scripts call a key: the probe knows one of its kind."""
    known = _named_keys(Keys("sl"), 0)

    assert {kind for _, kind in used_commands("publish", "reserve")} <= set(known)


async def test_a_user_that_may_not_use_the_windows_of_records_is_found(refusing: Server) -> None:
    """Every kind of key is asked about: here that of the list of windows, which each delivery reads."""
    with refusing.client() as client:
        rights = ["reset", "on", ">secret", "+@all", "~sl:partitions", "~sl:format", "~sl:groups", "~sl:{0}:events*"]
        rights += ["~sl:{0}:event:*", "~sl:{0}:ids:*", "~sl:{0}:mark:*", "~sl:{0}:layout", "~sl:{0}:numbers"]
        client.execute_command("ACL", "SETUSER", "receiver", *rights)
    url = refusing.url.replace("redis://", "redis://receiver:secret@")
    async with open_store(Settings.load(redis_url=url)) as store:
        with pytest.raises(StoreError, match="NOPERM"):
            await probe(store, 0, Durability(), thorough=False)
