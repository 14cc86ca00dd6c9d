"""All processes agree on the number of partitions: the store's."""

import pytest

from salesloft_webhooks.broker import Outcome, StoreWatch, decide_partitions, follow_partitions, open_store
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

KEY = "sl:partitions"


async def number_for(server: Server, partitions: int, *, decides: bool = False) -> int:
    """The number that a process with this setting works with."""
    async with open_store(Settings.load(redis_url=server.url, partitions=partitions)) as store:
        await (decide_partitions(store, partitions) if decides else follow_partitions(store))
        return store.partitions


async def test_the_receiver_decides_and_others_follow(server: Server) -> None:
    """Until a receiver has come a process works with its setting; then all with the store's number, whatever theirs."""
    assert await number_for(server, 2) == 2
    assert await number_for(server, 4, decides=True) == 4

    assert [await number_for(server, setting) for setting in (1, 2, 4, 8)] == [4, 4, 4, 4]


async def test_no_setting_lowers_the_number(server: Server) -> None:
    """An old receiver with a lower setting works with the store's number, and leaves it."""
    await number_for(server, 4, decides=True)

    assert await number_for(server, 2, decides=True) == 4
    with server.client() as redis:
        assert redis.get(KEY) == "4"


async def test_a_store_without_a_number_is_judged_by_its_streams(server: Server) -> None:
    """After an update from 0.1.0 nobody works with fewer partitions than there are, and they are written down."""
    async with open_bench(server, partitions=4) as bench:
        for number in range(40):
            await bench.publish(f"e{number}", key=f"person:{number}")

    assert await number_for(server, 2) == 4
    with server.client() as redis:
        assert redis.get(KEY) is None
    assert await number_for(server, 2, decides=True) == 4
    with server.client() as redis:
        assert redis.get(KEY) == "4"


async def test_a_number_of_version_0_1_0_is_raised_only_while_everything_is_drained(server: Server) -> None:
    """Its receivers would go on storing by theirs: with events waiting a greater number is refused."""
    async with open_bench(server) as bench:
        bench.redis.set(KEY, 1)
        group = await bench.group()
        await bench.publish("e1")
        with pytest.raises(ConfigurationError, match=r"PARTITIONS is 2, but this installation has 1, .* 0\.1\.0"):
            await number_for(server, 2, decides=True)
        assert await number_for(server, 1, decides=True) == 1, "the same number is taken over"
        bench.redis.delete("sl:{0}:layout")
        await settle(group, (await take(group))[0], Outcome.DONE)

    assert await number_for(server, 2, decides=True) == 2


async def test_a_receiver_that_must_not_raise_the_number_does_not_start(bench: Bench, server: Server) -> None:
    """Its watch of the store ends it with the sentence, before a delivery is taken."""
    bench.redis.set(KEY, 1)
    await bench.group()
    await bench.publish("e1")
    settings = Settings.load(redis_url=server.url, partitions=3)

    async with open_store(settings) as store:
        with pytest.raises(ConfigurationError, match="PARTITIONS is 3"):
            async with StoreWatch(store, settings, Recorder()):
                pass


async def test_a_full_server_agrees_all_the_same(bench: Bench) -> None:
    """The number is written although nothing else may be."""
    bench.redis.config_set("maxmemory", "1")
    try:
        await decide_partitions(bench.store, bench.store.partitions)
        assert bench.redis.get(KEY) == "1"
    finally:
        bench.redis.config_set("maxmemory", "0")


async def test_a_group_first_started_on_a_full_server_is_registered(bench: Bench) -> None:
    """Its name, description and filter are there, so that its dead letters are seen."""
    await bench.publish("e1")
    bench.redis.config_set("maxmemory", "1")
    try:
        group = await bench.group()
        (lease,) = await take(group)
        await settle(group, lease, Outcome.DEAD)

        assert bench.redis.smembers("sl:groups") == {"crm"}
        assert bench.redis.hget("sl:g:crm", "events") == "*"
        assert bench.redis.xlen("sl:{0}:g:crm:dead") == 1
    finally:
        bench.redis.config_set("maxmemory", "0")


async def test_what_is_known_of_a_group_comes_back(bench: Bench) -> None:
    """After its registration was lost, a worker that runs writes it again, and leaves one that is there alone."""
    group = await bench.group(events=("person.*",))
    bench.redis.delete("sl:groups", "sl:g:crm", "sl:{0}:g:crm:filters")

    await group.register(refresh=True)

    assert bench.redis.smembers("sl:groups") == {"crm"}
    seen = bench.redis.hget("sl:g:crm", "seen")
    assert bench.redis.zrange("sl:{0}:g:crm:filters", 0, -1) == ["person.*"]
    await group.register(refresh=True)
    assert bench.redis.hget("sl:g:crm", "seen") == seen
