"""Commits that wait for a disk or a replica: they overlap, and none is acknowledged that the store could lose."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker import Publisher, Store, Stored, durability, group_commit, open_store
from salesloft_webhooks.broker.confirmation import AT_ONCE
from salesloft_webhooks.broker.connection.store import translated
from salesloft_webhooks.broker.durability import Durability
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import STREAM
from tests.support.publish_observers import Recorder
from tests.support.sentinels import PASSWORD, watched
from tests.support.servers import Server, engines
from tests.support.waiting import eventually, wait_until

COUNT = 30


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """A primary and its replica."""
    servers = []
    for name in ("primary", "replica"):
        (tmp_path / name).mkdir()
        servers.append(Server(engines()["valkey"], tmp_path / name, {"repl-diskless-sync-delay": "0"}).start())
    primary, replica = servers
    with replica.client() as client:
        client.replicaof("127.0.0.1", primary.port)
    wait_until(lambda: _online(primary), description="the replica is in step")
    yield primary, replica
    for server in servers:
        server.stop(kill=True)


def _online(primary: Server) -> bool:
    with primary.client() as client:
        return bool(client.info("replication").get("slave0", {}).get("state") == "online")


def stored(server: Server) -> list[str]:
    """The ids of the stream's events, in order."""
    with server.client() as client:
        return [fields["id"] for _, fields in client.xrange(STREAM)]


def waits(server: Server) -> int:
    """How many connections hang in WAIT."""
    with server.client() as client:
        return sum(each["cmd"] == "wait" for each in client.client_list())


async def begin(publisher: Publisher, server: Server, names: list[str]) -> list[asyncio.Task[Stored]]:
    """Publish events of one person, each written before the next one comes."""
    begun = []
    for name in names:
        delivery = NewDelivery("default", (NewEvent(name, "person.created", "person:1", "2026", b"{}"),))
        begun.append(asyncio.create_task(publisher.publish(delivery)))
        await eventually(lambda name=name: name in stored(server), f"{name} is written")  # type: ignore[misc]
    return begun


async def test_commits_overlap(replicated: tuple[Server, Server]) -> None:
    """While a replica hangs everything is written and nothing acknowledged, a duplicate neither; then all is."""
    primary, replica = replicated
    settings = Settings.load(redis_url=primary.url, durability="replicas:1", store_timeout_seconds=20)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        for each in await begin(publisher, primary, ["e0"]):
            assert await each is Stored.NEW
        replica.freeze()
        try:
            under_way = await begin(publisher, primary, [f"e{number}" for number in [*range(COUNT), 0]])
            await asyncio.sleep(0.5)
            answered = [each.done() for each in under_way]
            hanging = waits(primary)
        finally:
            replica.thaw()
        outcomes = await asyncio.gather(*under_way)

    assert not any(answered)
    assert 1 < hanging <= AT_ONCE
    assert outcomes == [Stored.DUPLICATE, *[Stored.NEW] * (COUNT - 1), Stored.DUPLICATE]


def before_confirming(monkeypatch: pytest.MonkeyPatch, happens: Callable[[Store], Awaitable[None]]) -> list[str]:
    """Let something happen before anything is confirmed; the histories that confirmations find from then on."""
    run_and_wait, found, turn, over = Store.run_and_wait, [], asyncio.Lock(), asyncio.Event()

    async def late(store: Store, *arguments: Any) -> tuple[Any, Any, str]:
        async with turn:
            if not over.is_set():
                await happens(store)
                over.set()
        answer = await run_and_wait(store, *arguments)
        found.append(answer[2])
        return answer

    monkeypatch.setattr(Store, "run_and_wait", late)
    return found


async def until_it_answers(store: Store) -> None:
    """Use the store until its connections lead to a server that is there."""
    async with asyncio.timeout(15):
        while True:
            try:
                with translated():
                    await store.client.ping()
            except StoreError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("late_under_way", [False, True], ids=["nothing under way", "a commit under way"])
async def test_a_server_that_comes_back_without_a_commit(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, *, late_under_way: bool
) -> None:
    """A server that has lost commits confirms none of them: they are written again, in order, before what is new."""
    own_server.options |= {"appendonly": "yes", "appendfsync": "everysec"}
    own_server.start()
    settings = Settings.load(redis_url=own_server.url, durability="fsync", store_timeout_seconds=20)
    written, lost = asyncio.Event(), asyncio.Event()

    async def lose(store: Store) -> None:
        await written.wait()
        own_server.stop(kill=True)
        shutil.rmtree(own_server.directory / "appendonlydir")
        await asyncio.to_thread(own_server.start)
        await until_it_answers(store)
        lost.set()

    found = before_confirming(monkeypatch, lose)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        under_way = await begin(publisher, own_server, [f"e{number}" for number in range(5)])
        late = publisher.publish(
            NewDelivery("default", (NewEvent("late", "person.created", "person:1", "2026", b"{}"),))
        )
        if late_under_way:
            own_server.freeze()
            under_way.append(asyncio.create_task(late))
            await asyncio.sleep(0.1)
        written.set()
        await lost.wait()
        outcomes = await asyncio.gather(*under_way, *([] if late_under_way else [late]))

    assert outcomes == [Stored.NEW] * 6
    assert stored(own_server) == ["e0", "e1", "e2", "e3", "e4", "late"]
    assert len(set(found)) == 1, "all waits went to the new server; the first must not have been believed"
    assert len(found) > 1


async def test_a_fail_over_before_the_confirmation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promoted replica cannot confirm what was written to the primary before it: it is written again, or found."""
    with watched(tmp_path) as behind:
        for server in (behind.primary, behind.replica):
            with server.client() as client:
                client.config_set("appendonly", "yes")
                wait_until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0, description="it is on")
        settings = Settings.load(
            redis_url=behind.url, redis_sentinel_password=PASSWORD, durability="fsync", store_timeout_seconds=20
        )

        written = asyncio.Event()

        async def fail_over(store: Store) -> None:
            await written.wait()
            behind.primary.stop(kill=True)
            await eventually(lambda: role(behind.replica) == "master", "the replica is promoted", 15)
            await until_it_answers(store)

        found = before_confirming(monkeypatch, fail_over)
        async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
            (begun,) = await begin(publisher, behind.primary, ["e0"])
            written.set()
            outcome = await begun

        assert outcome is Stored.NEW
        assert stored(behind.replica) == ["e0"]
        assert len(found) > 1, "the first confirmation was believed"


def role(server: Server) -> str:
    """Of a server in its replication."""
    with server.client() as client:
        return str(client.info("replication")["role"])


async def test_a_server_that_does_not_tell_its_history(
    replicated: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where INFO names no replication id, each commit waits behind its own write, before the next one."""
    primary, replica = replicated

    async def examined(*arguments: Any) -> Durability:
        return replace(await durability.examine(*arguments), tells_history=False)

    monkeypatch.setattr(group_commit, "examine", examined)
    settings = Settings.load(redis_url=primary.url, durability="replicas:1", store_timeout_seconds=20)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        await asyncio.gather(*await begin(publisher, primary, ["first"]))
        replica.freeze()
        try:
            begun = await begin(publisher, primary, ["e0"])
            delivery = NewDelivery("default", (NewEvent("e1", "person.created", "person:1", "2026", b"{}"),))
            begun.append(asyncio.create_task(publisher.publish(delivery)))
            await asyncio.sleep(0.3)
            assert stored(primary) == ["first", "e0"]
        finally:
            replica.thaw()
        assert await asyncio.gather(*begun) == [Stored.NEW] * 2


async def test_a_replica_has_no_history_of_its_own(replicated: tuple[Server, Server]) -> None:
    """A replica tells its primary's replication id; it must not stand for what was written to the replica before."""
    primary, replica = replicated
    async with open_store(Settings.load(redis_url=primary.url)) as store:
        written = await store.run_in_history("probe", 0, [1])
        _, _, history = await store.run_and_wait("probe", 0, [1], ("WAIT", 0, 1))
    assert written.history == history != ""

    async with open_store(Settings.load(redis_url=replica.url)) as store:
        with replica.client() as client:
            client.config_set("replica-read-only", "no")
            await eventually(lambda: client.info("replication")["master_replid"] == history, "they are in step")
        assert (await store.run_in_history("probe", 0, [0])).history == ""
