"""All processes agree on the number of partitions, or refuse."""

import pytest

from salesloft_webhooks.broker import Outcome, StoreWatch, check_partitions, open_store
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

KEY = "sl:partitions"


async def refusal(server: Server, partitions: int, *, decides: bool = False) -> str:
    """What a process with this number is told; empty when nothing is wrong."""
    async with open_store(Settings.load(redis_url=server.url, partitions=partitions)) as store:
        try:
            await check_partitions(store, decides=decides)
        except ConfigurationError as exc:
            return str(exc)
    return ""


async def test_the_receiver_decides_and_others_compare(server: Server) -> None:
    """A worker or command with another number refuses with a sentence that names both."""
    assert await refusal(server, 2) == ""
    assert await refusal(server, 4, decides=True) == ""

    assert await refusal(server, 4) == ""
    for other in (2, 8):
        assert f"PARTITIONS is {other}, but this installation has 4" in await refusal(server, other)


async def test_a_store_without_a_number_is_judged_by_its_streams(server: Server) -> None:
    """After an update from 0.1.0 too small a number is refused, and the right one is written down."""
    async with open_bench(server, partitions=4) as bench:
        for number in range(40):
            await bench.publish(f"e{number}", key=f"person:{number}")

    assert "PARTITIONS is 2, but this installation has 4" in await refusal(server, 2, decides=True)
    with server.client() as redis:
        assert redis.get(KEY) is None
    assert await refusal(server, 4, decides=True) == ""
    with server.client() as redis:
        assert redis.get(KEY) == "4"


async def test_the_number_is_raised_only_while_everything_is_drained(server: Server) -> None:
    """With events waiting a greater number is refused; without, a receiver raises it for all; nobody lowers it."""
    async with open_bench(server) as bench:
        await check_partitions(bench.store, decides=True)
        group = await bench.group()
        await bench.publish("e1")
        assert "drained" in await refusal(server, 2, decides=True)
        await settle(group, (await take(group))[0], Outcome.DONE)

    assert await refusal(server, 2, decides=True) == ""
    assert "cannot be lowered" in await refusal(server, 1, decides=True)


async def test_a_receiver_with_another_number_does_not_start(bench: Bench, server: Server) -> None:
    """Its watch of the store ends it with the sentence, before a delivery is taken."""
    await check_partitions(bench.store, decides=True)
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
        await check_partitions(bench.store, decides=True)
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
