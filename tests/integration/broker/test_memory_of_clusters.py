"""Limits of memory are each server's own, and asked only where one may ask."""

from pathlib import Path

import pytest
from redis.asyncio import RedisCluster

from salesloft_webhooks.broker import Group, GroupOptions, MemoryBounds, Publisher, open_store
from salesloft_webhooks.broker.representatives import partitions_by_server
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.test_memory_bounds import KIB, bounds, event, finish, ids, limit_memory
from tests.support.broker_bench import open_bench
from tests.support.clusters import started_cluster
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

PARTITIONS, PEOPLE = 6, 3_000


async def test_a_full_node_shortens_its_own_history(tmp_path: Path) -> None:
    """Of a cluster only the partitions of the server that is over its limit lose history."""
    with started_cluster(tmp_path) as nodes:
        settings = Settings.load(redis_url=f"redis+cluster://127.0.0.1:{nodes[0].port}", partitions=PARTITIONS)
        async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
            group = Group(store, GroupOptions("crm"), "one")
            await group.register()
            for number in range(PEOPLE):
                one = NewEvent(f"e{number}", "a.b", f"person:{number}", "2026", KIB)
                await publisher.publish(NewDelivery("default", (one,)))
            for partition in range(PARTITIONS):
                await finish(group, PEOPLE, partition)
            full, *others = partitions_by_server(store)
            before = [await store.client.xlen(store.keys.events(number)) for number in range(PARTITIONS)]
            assert isinstance(store.client, RedisCluster)
            node = store.client.get_node_from_key(store.keys.events(full[0]))
            assert node is not None
            with next(each for each in nodes if each.port == node.port).client() as client:
                client.config_set("maxmemory", client.info("memory")["used_memory"])

            room = await MemoryBounds(store, settings).keep()

            after = [await store.client.xlen(store.keys.events(number)) for number in range(PARTITIONS)]
    assert room.entries > 0
    assert sum(before[number] - after[number] for number in full) == room.entries
    assert all(before[number] == after[number] for server in others for number in server)


async def test_a_cluster_that_nobody_reached_yet_has_no_servers() -> None:
    """Which server has a partition is not known then: a failure of the store, not one that ends a task for good."""
    settings = Settings.load(redis_url="redis+cluster://127.0.0.1:1", partitions=PARTITIONS)
    async with open_store(settings) as store:
        with pytest.raises(StoreUnavailable):
            await MemoryBounds(store, settings).keep()


async def test_a_user_who_may_not_ask_has_no_limit(own_server: Server) -> None:
    """Without the right to INFO and MEMORY nothing goes before its time, and nothing fails."""
    own_server.start()
    async with open_bench(own_server) as bench:
        group = await bench.group()
        for number in range(300):
            await bench.publisher.publish(event(number))
        await finish(group, 300)
        limit_memory(bench, 0)
        bench.redis.acl_setuser("default", commands=["-info", "-memory"])

        room = await bounds(own_server, bench, history_max_bytes=1).keep()

        assert (room.over, room.limit_bytes, len(ids(bench))) == (False, 0, 300)
