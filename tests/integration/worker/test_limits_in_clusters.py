"""A limited group on a real cluster: its permits are on one node, its entries on all, and nodes hang and fail over."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, Store, open_store
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.integration.broker.permits_model import counted
from tests.integration.worker.test_limits import Watch, limited
from tests.support.clusters import PRIMARIES, started_cluster
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import eventually

PARTITIONS, AT_ONCE = 6, 2


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Server]]:
    """Three primaries, then their replicas."""
    with started_cluster(tmp_path, replicas=1) as nodes:
        yield nodes


@asynccontextmanager
async def working(cluster: list[Server], watch: Watch) -> AsyncIterator[tuple[Store, Publisher]]:
    """A worker of a group that may run two at once, and what else needs the cluster."""
    nodes = ",".join(f"127.0.0.1:{node.port}" for node in cluster)
    settings = Settings.load(
        redis_url=f"redis+cluster://{nodes}",
        partitions=PARTITIONS,
        worker_group="mine",
        poll_seconds=0.2,
        store_timeout_seconds=2,
        lease_seconds=20,
    )
    loaded = LoadedGroup("mine", (limited(watch, max_running=AT_ONCE),))
    async with (
        open_store(settings) as store,
        Publisher(store, settings, SilentObserver()) as publisher,
        loaded.open(settings) as running,
    ):
        worker, stop = Worker(store, settings, loaded, running, WorkerTelemetry("mine")), asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield store, publisher
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)


async def publish(publisher: Publisher, people: Iterable[int]) -> None:
    """An event of each; again until it is stored."""

    async def one(number: int) -> None:
        event = NewEvent(f"e{number}", "person.created", f"person:{number}", "2026-03-07T04:26:14Z", b'{"id":1}')
        for _ in range(200):
            try:
                await publisher.publish(NewDelivery("default", (event,)))
            except StoreError:
                await asyncio.sleep(0.1)
            else:
                return
        raise AssertionError("the cluster takes nothing")

    await asyncio.gather(*(one(number) for number in people))


def place_of_permits(cluster: list[Server]) -> Server:
    """The primary that has partition 0."""
    for node in cluster:
        with node.client() as redis:
            if redis.info("replication")["role"] == "master" and redis.keys("sl:{0}:*"):
                return node
    raise AssertionError("no node has partition 0")


def partitions_of(node: Server) -> set[int]:
    """Which it has."""
    with node.client() as redis:
        streams = set(redis.keys("sl:{*}:events"))
    return {number for number in range(PARTITIONS) if f"sl:{{{number}}}:events" in streams}


async def all_given_back(node: Server) -> None:
    """Wait until no permit is left."""
    with node.client() as redis:
        await eventually(lambda: counted(redis, "mine") == 0, "no permit is left", 30)


async def test_a_limit_holds_on_all_nodes_and_while_that_of_the_permits_hangs(cluster: list[Server]) -> None:
    """Nothing begins without it, whatever node an entry is on, and everything goes on when it is back."""
    watch = Watch()
    async with working(cluster, watch) as (_, publisher):
        await publish(publisher, range(30))
        await eventually(lambda: len(watch.order) == 30, "all are done", 60)
        place = place_of_permits(cluster)
        its = partitions_of(place)
        elsewhere = [number for number in range(100, 130) if partition_of(f"person:{number}", PARTITIONS) not in its]
        place.freeze()
        try:
            # The ids' own records are on any node, so some of these are stored when it is back.
            publishing = asyncio.create_task(publish(publisher, elsewhere))
            await asyncio.sleep(1)
            meanwhile = len(watch.order)
        finally:
            place.thaw()
        await publishing
        await eventually(lambda: len(watch.order) == 30 + len(elsewhere), "they are done, too", 60)
        await all_given_back(place)

    assert elsewhere
    assert meanwhile == 30
    assert watch.most == AT_ONCE


async def test_a_promoted_replica_keeps_to_the_limit(cluster: list[Server]) -> None:
    """The primary of the permits is killed under load: what was said by hand holds, and no permit is lost for good."""
    watch = Watch(0.05)
    async with working(cluster, watch) as (store, publisher):
        await set_limits(store, "mine", "hand", SaidLimits(1))
        publishing = asyncio.create_task(publish(publisher, range(60)))
        await eventually(lambda: len(watch.order) >= 10, "some are done", 60)
        place = place_of_permits(cluster)
        place.stop(kill=True)
        await publishing
        await eventually(lambda: len(set(watch.order)) == 60, "all are done", 90)
        promoted = cluster[cluster.index(place) + PRIMARIES]
        await all_given_back(promoted)
        with promoted.client() as redis:
            kept = str(redis.hget("sl:{0}:g:mine:clock", "limits"))

    assert partitions_of(promoted) >= {0}
    assert watch.most <= 2, "one permit may have been given in the last moment, which the replica has not heard of"
    assert " 1 -|1 -||" in kept
