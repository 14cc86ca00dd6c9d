"""The rights of roles where there is more than one server: in a real cluster, and at real Sentinels."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from salesloft_webhooks.broker import (
    Group,
    GroupOptions,
    Outcome,
    Publisher,
    Settlement,
    Stored,
    follow_partitions,
    open_store,
)
from salesloft_webhooks.broker.rights import CLUSTER, SENTINEL, Role
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.clusters import started_cluster
from tests.support.publish_observers import Recorder
from tests.support.sentinels import SERVICE, Watched, watched
from tests.support.servers import Server
from tests.support.store_users import as_role, password

PARTITIONS = 6
AT_SENTINELS = "password-at-sentinels"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Server]]:
    """Three primaries that share the slots, and know every role."""
    with started_cluster(tmp_path) as nodes:
        yield nodes


def settings_as(role: Role, nodes: list[Server]) -> Settings:
    """A role's, in a cluster."""
    url = as_role(f"redis://127.0.0.1:{nodes[0].port}", role).replace("redis://", "redis+cluster://")
    return Settings.load(redis_url=f"{url},127.0.0.1:{nodes[1].port}", partitions=PARTITIONS)


def delivery(number: int) -> NewDelivery:
    """A delivery of one event about one of twenty people."""
    event = NewEvent(f"e{number}", "person.created", f"person:{number % 20}", "2026", b"{}")
    return NewDelivery("default", (event,))


async def test_a_receiver_and_a_worker_reach_every_node_of_a_cluster(cluster: list[Server]) -> None:
    """As their own users they store, take and settle in all partitions, and no node has refused them anything."""
    receiving, working = settings_as(Role.RECEIVER, cluster), settings_as(Role.WORKER, cluster)
    async with open_store(receiving) as store, Publisher(store, receiving, Recorder()) as publisher:
        stored = [await publisher.publish(delivery(number)) for number in range(40)]
    async with open_store(working) as store:
        await follow_partitions(store)
        group = Group(store, GroupOptions("crm"), "one")
        await group.register()
        leases = [each for number in range(PARTITIONS) for each in (await group.take(number, 40)).leases]
        for each in leases:
            await group.settle(each.partition, [Settlement(each, Outcome.DONE)])

    assert stored == [Stored.NEW] * 40
    assert len({each.partition for each in leases}) > 1
    assert sorted(each.event.event_id for each in leases) == sorted(f"e{number}" for number in range(40))
    assert set[str]().union(*(node.refused() for node in cluster)) == set()


async def test_a_cluster_needs_its_right(cluster: list[Server]) -> None:
    """Without `+cluster|slots` nobody finds the nodes."""
    for node in cluster:
        with node.client() as client:
            client.execute_command("ACL SETUSER", Role.RECEIVER, *(f"-{word[1:]}" for word in CLUSTER))

    with pytest.raises(StoreError):
        async with asyncio.timeout(20), open_store(settings_as(Role.RECEIVER, cluster)) as store:
            await follow_partitions(store)

    assert {f"{Role.RECEIVER}: command cluster|slots"} == set[str]().union(*(node.refused() for node in cluster))


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Watched]:
    """A primary behind three Sentinels, at which `asking` has the rights of `acl --sentinel`."""
    with watched(tmp_path, password=None) as found:
        for sentinel in found.sentinels:
            with redis.Redis(port=sentinel.port) as client:
                client.execute_command("ACL SETUSER", "asking", "on", f">{AT_SENTINELS}", *SENTINEL)
        yield found


async def test_sentinels_are_asked_with_one_right(behind: Watched) -> None:
    """It is enough to find the primary and to store; what would change a Sentinel, or stop it, is refused."""
    url = behind.url.replace("sentinel://", f"sentinel://{Role.RECEIVER}:{password(Role.RECEIVER)}@")
    settings = Settings.load(redis_url=url, redis_sentinel_username="asking", redis_sentinel_password=AT_SENTINELS)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        assert await publisher.publish(delivery(0)) is Stored.NEW

    first = behind.sentinels[0]
    with redis.Redis(port=first.port, decode_responses=True) as client:
        assert client.acl_log() == []
    others = (("SENTINEL FAILOVER", SERVICE), ("SENTINEL REMOVE", SERVICE), ("SHUTDOWN",), ("ACL LIST",))
    with redis.Redis(port=first.port, username="asking", password=AT_SENTINELS) as client:
        for words in others:
            with pytest.raises(redis.ResponseError, match=r"(?i)no permission"):
                client.execute_command(*words)
    assert behind.primary.refused() == set()
