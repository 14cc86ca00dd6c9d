"""``DURABILITY=replicas:N`` on a real cluster of three primaries with a replica each."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Group, GroupOptions, Publisher, Stored, StoreWatch, open_store
from salesloft_webhooks.broker.durability import examine
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import NotDurable, StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.clusters import PRIMARIES, started_cluster
from tests.support.publish_observers import Recorder
from tests.support.servers import Server
from tests.support.waiting import eventually

PARTITIONS = 6
TIMEOUT_SECONDS = 1.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Server]]:
    """Three primaries, then their replicas."""
    with started_cluster(tmp_path, replicas=1) as nodes:
        yield nodes


@asynccontextmanager
async def publishing(cluster: list[Server], **settings: object) -> AsyncIterator[tuple[Publisher, StoreWatch]]:
    """A publisher that waits for a replica, and a watch."""
    url = f"redis+cluster://127.0.0.1:{cluster[0].port},127.0.0.1:{cluster[1].port}"
    chosen = Settings.load(
        redis_url=url, **{"partitions": PARTITIONS, "durability": "replicas:1", "store_timeout_seconds": 5} | settings
    )
    async with (
        open_store(chosen) as store,
        Publisher(store, chosen, Recorder()) as publisher,
        StoreWatch(store, chosen, Recorder()) as watch,
    ):
        yield publisher, watch


def delivery(key: str, number: int = 0) -> NewDelivery:
    """A delivery of one event of one person."""
    return NewDelivery("default", (NewEvent(f"{key}/{number}", "person.created", key, "2026", b"{}"),))


def keys() -> list[str]:
    """A person in each partition."""
    found = {partition_of(f"person:{number}", PARTITIONS): f"person:{number}" for number in range(100)}
    return [found[partition] for partition in range(PARTITIONS)]


def streams(node: Server) -> set[str]:
    """The partitions that a node holds."""
    with node.client() as client:
        return {str(key) for key in client.scan_iter("sl:{*}:events", 1000)}


def waits(node: Server) -> int:
    """How often WAIT was called on a node."""
    with node.client() as client:
        return int(client.info("commandstats").get("cmdstat_wait", {}).get("calls", 0))


async def test_every_partition_waits_on_its_own_server(cluster: list[Server]) -> None:
    """Deliveries to all partitions are stored, on several servers, and each of these was asked to WAIT."""
    async with publishing(cluster) as (publisher, watch):
        assert watch.problem is None
        stored = await asyncio.gather(*(publisher.publish(delivery(key)) for key in keys()))
        again = await asyncio.gather(*(publisher.publish(delivery(key)) for key in keys()))

    assert (stored, again) == ([Stored.NEW] * PARTITIONS, [Stored.DUPLICATE] * PARTITIONS)
    holding = [node for node in cluster[:PRIMARIES] if streams(node)]
    assert len(holding) > 1, "the partitions all fell on one node: the test proves nothing"
    assert all(waits(node) for node in holding)


async def test_a_replica_that_hangs(cluster: list[Server]) -> None:
    """While a replica is frozen, what its primary stores is not acknowledged; the other servers' is."""
    async with publishing(cluster, store_timeout_seconds=TIMEOUT_SECONDS) as (publisher, _):
        await asyncio.gather(*(publisher.publish(delivery(key)) for key in keys()))
        held = streams(cluster[0])
        assert held
        cluster[PRIMARIES].freeze()
        outcomes = await asyncio.gather(
            *(publisher.publish(delivery(key, 1)) for key in keys()), return_exceptions=True
        )
        cluster[PRIMARIES].thaw()

        for partition, outcome in enumerate(outcomes):
            expected = StoreError if f"sl:{{{partition}}}:events" in held else Stored
            assert isinstance(outcome, expected), (partition, outcome)
        assert await stored_in_time(publisher, [delivery(key, 1) for key in keys()])


async def test_a_fail_over(cluster: list[Server]) -> None:
    """After a primary and its replica have changed roles, everything is stored on the new one, and confirmed."""
    async with publishing(cluster) as (publisher, _):
        await asyncio.gather(*(publisher.publish(delivery(key)) for key in keys()))
        assert streams(cluster[0])
        with cluster[PRIMARIES].client() as replica:
            replica.execute_command("CLUSTER FAILOVER")

        assert await stored_in_time(publisher, [delivery(key, 1) for key in keys()])
        assert waits(cluster[PRIMARIES])


async def test_a_lost_primary(cluster: list[Server]) -> None:
    """A primary is killed: with its replica promoted and alone, what cannot be confirmed is not acknowledged."""
    async with publishing(cluster, store_timeout_seconds=TIMEOUT_SECONDS) as (publisher, watch):
        await asyncio.gather(*(publisher.publish(delivery(key)) for key in keys()))
        lost = streams(cluster[0])
        cluster[0].stop(kill=True)
        await until_promoted(cluster[PRIMARIES])

        key = next(key for partition, key in enumerate(keys()) if f"sl:{{{partition}}}:events" in lost)
        with pytest.raises(StoreError):
            await publisher.publish(delivery(key, 1))
        await eventually(lambda: watch.problem is not None, "the watch sees it")
        with pytest.raises(NotDurable, match="0 are connected"):
            await publisher.publish(delivery(key, 2))
        await asyncio.to_thread(cluster[0].start)

        assert await stored_in_time(publisher, [delivery(key, 1) for key in keys()])


async def until_promoted(node: Server) -> None:
    """Wait until a replica is a primary."""

    def role() -> str:
        with node.client() as client:
            return str(client.info("replication")["role"])

    for _ in range(600):
        if await asyncio.to_thread(role) == "master":
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the replica was not promoted")


async def stored_in_time(publisher: Publisher, deliveries: list[NewDelivery]) -> bool:
    """Whether all are stored within some seconds, repeated as their sender would, only faster."""
    async with asyncio.timeout(20):
        for each in deliveries:
            while True:
                try:
                    await publisher.publish(each)
                except StoreError:
                    await asyncio.sleep(0.05)
                else:
                    break
    return True


async def test_a_cluster_whose_nodes_differ_keeps_the_promise_on_each(tmp_path: Path) -> None:
    """One node with ``appendfsync always`` among others with ``everysec``: no commit goes without WAITAOF."""
    with started_cluster(tmp_path) as nodes:
        settings = Settings.load(redis_url=f"redis+cluster://127.0.0.1:{nodes[0].port}", durability="fsync")
        for node in nodes:
            with node.client() as client:
                client.config_set("appendonly", "yes")
        async with open_store(settings) as store:
            for always in nodes:
                with always.client() as client:
                    client.config_set("appendfsync", "always")
                    wait = (await examine(store, settings)).wait
                    client.config_set("appendfsync", "everysec")
                assert wait is not None
                assert wait[0] == "WAITAOF"


async def test_a_process_that_only_takes_finds_the_promoted_replica(cluster: list[Server]) -> None:
    """Its connection was lost between two calls, and nothing else of it asks the cluster: the next calls do."""
    url = f"redis+cluster://127.0.0.1:{cluster[0].port},127.0.0.1:{cluster[1].port}"
    async with open_store(Settings.load(redis_url=url, partitions=PARTITIONS)) as store:
        group = Group(store, GroupOptions("crm"), "one")
        await group.register()
        for partition in range(PARTITIONS):
            await group.take(partition, 1)
        held = next(partition for partition in range(PARTITIONS) if f"sl:{{{partition}}}:events" in streams(cluster[0]))
        cluster[0].stop(kill=True)

        await eventually(lambda: taken(group, held), seconds=30, description="its replica is asked")


async def taken(group: Group, partition: int) -> bool:
    """Whether the server of that partition answers."""
    try:
        await group.take(partition, 1)
    except StoreError:
        return False
    return True
