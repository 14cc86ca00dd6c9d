"""A real cluster of three servers, and a real Sentinel: the forms of REDIS_URL beyond a single server."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker import (
    Group,
    GroupOptions,
    Outcome,
    Publisher,
    Settlement,
    Store,
    Stored,
    StoreWatch,
    follow_partitions,
    open_store,
    trim,
)
from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.broker.administration.search import search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.administration.server_version import server_version
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.clusters import started_cluster
from tests.support.publish_observers import Recorder
from tests.support.servers import Server, engines, free_port
from tests.support.waiting import wait_until

PARTITIONS = 6


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Server]]:
    """Three primaries that share the slots."""
    with started_cluster(tmp_path) as nodes:
        yield nodes


async def publish(publisher: Publisher, number: int, person: int | None = None) -> Stored:
    """Publish one event of one of twenty people."""
    entity = number % 20 if person is None else person
    event = NewEvent(f"e{number}", "person.created", f"person:{entity}", "2026", b"{}")
    return await publisher.publish(NewDelivery("default", (event,)))


async def test_everything_works_on_a_cluster(cluster: list[Server]) -> None:
    """Publish, duplicates, ordered take, settle, trim, watch and waits across partitions on different nodes."""
    settings = Settings.load(
        redis_url=f"redis+cluster://127.0.0.1:{cluster[1].port},127.0.0.1:{cluster[0].port}", partitions=PARTITIONS
    )
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        async with StoreWatch(store, settings, Recorder()) as watch:
            assert watch.problem is None
        await follow_partitions(store)
        assert (await server_version(store)).split()[0] in {"redis", "valkey"}
        group = Group(store, GroupOptions("crm", ordering=Ordering.ENTITY), "one")
        await group.register()

        assert [await publish(publisher, number) for number in range(60)] == [Stored.NEW] * 60
        assert await publish(publisher, 0) is Stored.DUPLICATE
        assert [await publish(publisher, 0, person) for person in range(1, 20)] == [Stored.DUPLICATE] * 19
        handled = [event async for event in work_off(store, group)]

        assert sorted(handled) == sorted(f"e{number}" for number in range(60))
        for person in range(20):
            mine = [event for event in handled if int(event[1:]) % 20 == person]
            assert mine == sorted(mine, key=lambda event: int(event[1:]))
        asked = await search_page(store, Query(state=EventState.DONE, group="crm"), limit=60, seconds=20)
        assert sorted(each.entry.event_id for each in asked.found) == sorted(handled)
        assert sum([await trim(store, partition, 0.0) for partition in range(PARTITIONS)]) == 60
    used = [node for node in cluster if _holds_a_stream(node)]
    assert len(used) > 1, "the partitions all fell on one node: the test proves nothing"


def _holds_a_stream(node: Server) -> bool:
    with node.client() as client:
        return any(True for _ in client.scan_iter("sl:{*}:events", 1000))


async def work_off(store: Store, group: Group) -> AsyncIterator[str]:
    """Handle all partitions until nothing is left; the ids in the order they were given."""
    for partition in range(store.partitions):
        while (taken := await group.take(partition, 10)).leases:
            for lease in taken.leases:
                yield lease.event.event_id
                await group.settle(partition, [Settlement(lease, Outcome.DONE)])
        await group.wait(partition, taken.last_id, 0.01)


async def test_a_cluster_with_a_password(tmp_path: Path) -> None:
    """The login reaches every node, also those that only the cluster names; a change in the file does, too."""
    file = tmp_path / "password"
    file.write_text("first")
    with started_cluster(tmp_path, password="first") as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        settings = Settings.load(redis_url=url, redis_password_file=file, partitions=PARTITIONS)
        async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
            assert [await publish(publisher, number) for number in range(12)] == [Stored.NEW] * 12
            for node in nodes:
                with node.client() as client:
                    client.config_set("requirepass", "second")
            file.write_text("second")
            await asyncio.sleep(1.1)
            for node in nodes:
                node.options["requirepass"] = "second"
                with node.client() as client:
                    client.client_kill_filter(_type="normal", skipme=True)
            assert [await publish(publisher, number) for number in range(12, 24)] == [Stored.NEW] * 12


async def test_an_unreachable_cluster_is_unavailable() -> None:
    """redis-py's own exception for it is no RedisError; it must not leak, or workers would die instead of waiting."""
    settings = Settings.load(redis_url=f"redis+cluster://127.0.0.1:{free_port()}")
    async with open_store(settings) as store:
        with pytest.raises(StoreUnavailable):
            await Group(store, GroupOptions("crm"), "one").take(0, 1)


async def test_a_sentinel_leads_to_the_primary(valkey: Server, tmp_path: Path) -> None:
    """With redis+sentinel:// the primary is asked for by name, with database and service from the URL."""
    port = free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {valkey.port} 1\n")
    command = [engines()["valkey"], str(configuration), "--sentinel"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it returns at once
    try:
        server = Server(engines()["valkey"], tmp_path, port=port)
        wait_until(server._answers, description="the sentinel answers")
        settings = Settings.load(redis_url=f"redis+sentinel://127.0.0.1:{port}/main/3")
        async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
            assert await publish(publisher, 1) is Stored.NEW
    finally:
        process.kill()
        process.wait()
    with valkey.client() as client:
        client.select(3)
        assert client.xlen("sl:{0}:events") == 1
