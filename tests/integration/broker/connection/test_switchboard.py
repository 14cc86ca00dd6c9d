"""Which connection the scripts of every event travel on: one for all, as good as redis-py's, left when it is bad."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from salesloft_webhooks.broker import Group, GroupOptions, Publisher, Store, Stored, open_store
from salesloft_webhooks.errors import StoreRefused, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.clusters import PRIMARIES, started_cluster
from tests.support.publish_observers import Recorder
from tests.support.servers import Server
from tests.support.waiting import eventually

LIMIT = 1_048_576


@asynccontextmanager
async def opened(url: str, **settings: object) -> AsyncIterator[tuple[Store, Group, Publisher]]:
    """A store, a group of it and a publisher."""
    chosen = Settings.load(redis_url=url, **settings)
    async with open_store(chosen) as store, Publisher(store, chosen, Recorder()) as publisher:
        yield store, Group(store, GroupOptions("crm"), "one"), publisher


def delivery(number: int, data: bytes = b"{}") -> NewDelivery:
    """One event of a person of its own."""
    return NewDelivery("default", (NewEvent(f"e{number}", "person.created", f"person:{number}", "2026", data),))


def connections(server: Server) -> list[dict[str, Any]]:
    """The connections whose latest command was a script."""
    with server.client() as client:
        return [each for each in client.client_list() if each["cmd"] in {"evalsha", "eval"}]


async def test_all_share_one_connection(server: Server) -> None:
    """Hundreds of deliveries and takes at once, the first of them without a connection, need one."""
    async with opened(server.url, partitions=8) as (_, group, publisher):
        stored = await asyncio.gather(*(publisher.publish(delivery(number)) for number in range(300)))
        await asyncio.gather(*(group.take(partition, 5) for partition in range(8)))

        assert stored == [Stored.NEW] * 300
        assert len(connections(server)) == 1


async def test_a_caller_that_leaves_while_connecting(own_server: Server) -> None:
    """Those who wait for the same connection get it all the same."""
    own_server.start()
    async with opened(own_server.url) as (_, group, _publisher):
        own_server.freeze()
        first, second = (asyncio.create_task(group.take(0, 1)) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        own_server.thaw()

        assert (await second).leases == ()


async def test_a_server_without_the_scripts(server: Server) -> None:
    """After SCRIPT FLUSH, or on another server, the script is sent once in full."""
    async with opened(server.url) as (_, _group, publisher):
        assert await publisher.publish(delivery(1)) is Stored.NEW
        with server.client() as client:
            client.script_flush()
            client.config_resetstat()
        assert await publisher.publish(delivery(2)) is Stored.NEW
        assert await publisher.publish(delivery(3)) is Stored.NEW
        with server.client() as client:
            assert client.info("commandstats")["cmdstat_eval"]["calls"] == 1


async def test_a_demoted_server_is_left(own_server: Server) -> None:
    """A server that has become a replica refuses one call; the next one connects anew, to who is there by then."""
    own_server.start()
    async with opened(own_server.url) as (_, group, _publisher):
        await group.take(0, 1)
        (before,) = connections(own_server)
        with own_server.client() as client:
            client.replicaof("127.0.0.1", 1)
        with pytest.raises(StoreUnavailable, match="READONLY"):
            await group.take(0, 1)
        with own_server.client() as client:
            client.replicaof("NO", "ONE")
        await group.take(0, 1)

        (after,) = connections(own_server)
        assert after["id"] != before["id"]


async def test_a_neighbour_that_breaks_the_connection(own_server: Server) -> None:
    """A value at which the server hangs up costs the other partitions a moment: only its own delivery is refused."""
    own_server.options["proto-max-bulk-len"] = str(LIMIT)
    own_server.start()
    async with opened(own_server.url, partitions=4) as (_, _group, publisher):
        await asyncio.gather(*(publisher.publish(delivery(-number)) for number in range(1, 20)))
        crowd = [publisher.publish(delivery(number)) for number in range(100)]
        huge = [publisher.publish(delivery(1_000 + number, b"x" * 6 * LIMIT)) for number in range(3)]
        outcomes = await asyncio.gather(*crowd[:50], *huge, *crowd[50:], return_exceptions=True)

    assert [type(outcome) for outcome in outcomes[50:53]] == [StoreRefused] * 3
    assert outcomes[:50] + outcomes[53:] == [Stored.NEW] * 100


async def test_a_living_line_logs_in_anew(own_server: Server, tmp_path: Path) -> None:
    """A changed password is told on the open connection: refused it changes nothing, taken it is told no more."""
    file = tmp_path / "password"
    file.write_text("first")
    own_server.start()
    with own_server.client() as client:
        client.execute_command("ACL SETUSER", "salesloft", "reset", "on", ">first", "~sl:*", "+@all")
    async with opened(own_server.url, redis_username="salesloft", redis_password_file=file) as (_, group, _publisher):
        await group.take(0, 1)
        (before,) = connections(own_server)
        file.write_text("second")
        await asyncio.sleep(1.1)
        await group.take(0, 1)
        with own_server.client() as client:
            client.execute_command("ACL SETUSER", "salesloft", "resetpass", ">second")
            client.execute_command("CONFIG RESETSTAT")
        await asyncio.sleep(1.1)
        await asyncio.gather(*(group.take(0, 1) for _ in range(9)))

        assert [each["id"] for each in connections(own_server)] == [before["id"]]
        with own_server.client() as client:
            assert client.info("commandstats")["cmdstat_auth"]["calls"] == 1


async def test_a_line_that_was_idle_for_too_long(server: Server) -> None:
    """With health_check_interval in the address, a connection idle for longer is not trusted, one in use is."""
    async with opened(f"{server.url}?health_check_interval=1") as (_, group, _publisher):
        await group.take(0, 1)
        (before,) = connections(server)
        await group.take(0, 1)
        assert [each["id"] for each in connections(server)] == [before["id"]]
        await asyncio.sleep(1.1)
        await group.take(0, 1)

        (after,) = connections(server)
        assert after["id"] != before["id"]


def test_the_loop_of_the_product(valkey: Server) -> None:
    """The same under uvloop, in which the roles run."""

    async def scenario() -> list[Stored]:
        async with opened(valkey.url) as (_, _group, publisher):
            return await asyncio.gather(*(publisher.publish(delivery(number, b"x" * 100_000)) for number in range(50)))

    assert uvloop.run(scenario()) == [Stored.NEW] * 50


async def test_a_fail_over_in_a_cluster(tmp_path: Path) -> None:
    """A call for a slot that another node serves by now is carried out there, without an error."""
    with started_cluster(tmp_path, replicas=1) as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        async with opened(url, partitions=6) as (_, group, publisher):
            await asyncio.gather(*(publisher.publish(delivery(number)) for number in range(60)))
            with nodes[PRIMARIES].client() as replica:
                replica.execute_command("CLUSTER FAILOVER")

            def promoted() -> bool:
                with nodes[PRIMARIES].client() as replica:
                    return str(replica.info("replication")["role"]) == "master"

            await eventually(promoted, "the replica is promoted")
            await asyncio.gather(*(group.take(partition, 1) for partition in range(6)))
            stored = await asyncio.gather(*(publisher.publish(delivery(number)) for number in range(60, 120)))

    assert stored == [Stored.NEW] * 60
