"""Erasing a person: nothing of her is left on the server or in its files, and everybody else's is as it was."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from salesloft_webhooks.broker import (
    Group,
    Lease,
    Outcome,
    Publisher,
    Settled,
    Store,
    Stored,
    follow_partitions,
    open_store,
    quarantine,
)
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.erasure import Found, erase_person, find_person
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.broker.administration.replay import replay as replay_events
from salesloft_webhooks.broker.administration.server_files import FilesRewritten
from salesloft_webhooks.broker.administration.stream_rewriting import Rewritten
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.clusters import started_cluster
from tests.support.publish_observers import Recorder
from tests.support.servers import Server, engines
from tests.support.waiting import eventually, wait_until

HERS, OTHERS = "7001", "7002"
NAMES = [b"Ada Lovelace", b"ada@analytical.example", b"+1 404 555 0199"]
"""What nobody may find any more."""


def body_of(person: str) -> bytes:
    """The data of an event: of a person with or without those names."""
    if person != HERS:
        return (
            b'{"id":%s,"name":"Somebody Else","email":"else@example.com","phone":"+1 404 555 0100"}' % person.encode()
        )
    return b'{"id":7001,"name":"%s","email":"%s","phone":"%s"}' % tuple(NAMES)


def error_of(lease: Lease) -> str:
    """What an attempt says that quotes its event."""
    return f"ValueError: no account for {lease.event.data['name']}"


@pytest.fixture(params=["valkey", "redis"])
def filed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server with both kinds of files, in which values stand as they are: compressed, no search would find them."""
    if request.param not in engines():
        pytest.skip("redis-server is not installed: this machine tests Valkey only")
    options = {"appendonly": "yes", "save": "3600 1", "rdbcompression": "no"}
    server = Server(engines()[request.param], tmp_path, options).start()
    yield server
    server.stop(kill=True)


@pytest.fixture
async def bench(filed: Server) -> AsyncIterator[Bench]:
    """An open store on it."""
    async with open_bench(filed) as opened:
        yield opened


def files_with(server: Server, words: list[bytes]) -> list[str]:
    """The server's files in which one of the words stands."""
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if any(word in path.read_bytes() for word in words))


def keys_with(bench: Bench, words: list[bytes]) -> list[str]:
    """The keys in whose names, or in whose values as the server keeps them, one of the words stands."""
    host = bench.redis.connection_pool.connection_kwargs
    with redis.Redis(host=host.get("host", "127.0.0.1"), port=host["port"]) as raw:
        dumps = {key: raw.dump(key) or b"" for key in raw.keys("*")}
    return sorted(key.decode() for key, dump in dumps.items() if any(word in key + dump for word in words))


async def in_every_state(bench: Bench) -> list[tuple[Group, Lease]]:
    """Events of both people, turn by turn, in every state that there is; what the groups run."""
    crm = await bench.group("crm", ordering=Ordering.ENTITY, lease_seconds=60)
    plain = await bench.group("plain", lease_seconds=60)
    for number in range(6):
        for person in (HERS, OTHERS):
            first = NewEvent(f"{person}/{number}", "person.updated", f"person:{person}", "2026-03-07", body_of(person))
            derived = replace(first, event_id=f"{person}/{number}/more", event_type="person.more")
            await bench.publisher.publish(NewDelivery("default", (first, derived)))
    leases = await take(plain, 16)  # the last eight stay unread
    for lease in leases[:4]:
        await settle(plain, lease, Outcome.DEAD, error=error_of(lease))
    for lease in leases[4:8]:
        await settle(plain, lease, Outcome.RETRY, delay=900, error=error_of(lease))
    for lease in leases[8:12]:
        await settle(plain, lease, Outcome.DONE)
    again = Selection(event_ids=frozenset(lease.event.event_id for lease in leases[8:12]))
    async for _ in replay_events(bench.store, "plain", again, idempotency_ttl_seconds=3_600):
        pass  # copies
    for person in (HERS, OTHERS):
        await quarantine(
            bench.store, source="s", dialect="native", reason=UnreadableReason.NOT_JSON, body=body_of(person), limit=9
        )
    heads = await take(crm, 100)  # all else is parked behind them
    return [(crm, lease) for lease in heads] + [(plain, lease) for lease in leases[12:]]


async def test_nothing_of_her_is_left(filed: Server, bench: Bench) -> None:
    """After erasing, no key as the server keeps it and no file of the server has her names; the other's all stand."""
    running = await in_every_state(bench)
    bench.redis.save()
    before = [entry async for entry in latest(bench.store) if entry.entity_key == f"person:{OTHERS}"]
    assert keys_with(bench, NAMES)
    assert files_with(filed, NAMES)
    found = await find_person(bench.store, HERS)

    erasing = asyncio.create_task(erase_person(bench.store, Settings.load(), HERS, patience_seconds=10))
    await eventually(lambda: bench.redis.exists("sl:{0}:events:copy"), "it waits for what runs")
    for group, lease in running:
        assert await settle(group, lease, Outcome.RETRY, error=error_of(lease)) is Settled.SETTLED
    erased = await erasing

    assert keys_with(bench, NAMES) == []
    wait_until(lambda: not files_with(filed, NAMES), description="the old files are removed")
    assert files_with(filed, [b"Somebody Else"])
    assert [entry async for entry in latest(bench.store) if entry.entity_key == f"person:{OTHERS}"] == before
    assert (erased.entries, erased.letters, erased.quarantined) == (found.entries, found.letters, found.quarantined)
    assert (found.entries, found.letters, found.quarantined, erased.running) == (14, 2, 1, 3)
    assert erased.is_complete
    assert await find_person(bench.store, HERS) == Found()


async def test_everybody_else_goes_on(bench: Bench) -> None:
    """What others have is handled afterwards, in order and with its attempts; nothing of hers is given out again."""
    running = await in_every_state(bench)
    others = bench.pending("crm").keys() - {lease.entry_id for _, lease in running if HERS in lease.lane}
    attempts = {entry: row for entry, row in bench.pending("plain").items() if row[1]}
    erasing = asyncio.create_task(erase_person(bench.store, Settings.load(), HERS, patience_seconds=10, files=False))
    await eventually(lambda: bench.redis.exists("sl:{0}:events:copy"), "it waits for what runs")
    for group, lease in running:
        if HERS in lease.event.entity_key:
            assert await settle(group, lease, Outcome.DONE) is Settled.SETTLED
    await erasing

    hers = [lease for _, lease in running if HERS in lease.event.entity_key]
    left = {entry: row for entry, row in attempts.items() if entry in bench.pending("plain")}
    assert {owner for owner, _ in left.values()} == {"one", "-"}
    assert bench.pending("plain") == left
    assert others >= bench.pending("crm").keys()
    for lease in hers:
        known = await history(bench.store, lease.event.event_id)
        assert known is not None
        assert known.erased_at is not None
        assert EventState.DONE in {row.state for row in known.groups}
    crm = next(group for group, _ in running if group.options.name == "crm")
    head = next(lease for group, lease in running if group is crm and OTHERS in lease.lane)
    seen = [head.event.event_id]
    assert await settle(crm, head, Outcome.DONE) is Settled.SETTLED
    while leases := await take(crm):
        for lease in leases:
            seen.append(lease.event.event_id)
            await settle(crm, lease, Outcome.DONE)
    assert seen == [f"{OTHERS}/{number}{more}" for number in range(6) for more in ("", "/more")]


async def test_what_comes_later(bench: Bench) -> None:
    """A delivery of an erased event is a duplicate; a new event of hers comes in, and nothing erased is in its way."""
    crm = await bench.group("crm", ordering=Ordering.ENTITY, lease_seconds=60)
    for number in range(3):
        await bench.publish(f"old/{number}", key=f"person:{HERS}", body=body_of(HERS))
    (head,) = await take(crm)
    await settle(crm, head, Outcome.RETRY, delay=900)  # the others of her lane are behind it

    erased = await erase_person(bench.store, Settings.load(), HERS, files=False)
    again = await bench.publish("old/0", key=f"person:{HERS}", body=body_of(HERS))
    await bench.publish("new", key=f"person:{HERS}", body=body_of(HERS))

    assert (erased.entries, erased.running) == (3, 0)
    assert again is Stored.DUPLICATE
    assert [lease.event.event_id for lease in await take(crm)] == ["new"]
    known = await history(bench.store, "old/1")
    assert known is not None
    assert [row.state for row in known.groups] == [EventState.ERASED]


async def test_dying_at_any_step(valkey: Server) -> None:
    """Whoever dies after any of its steps and begins again leaves nothing of hers, and everything of the others."""
    steps = 0
    while True:
        async with open_bench(valkey) as bench:
            bench.redis.flushall()
            running = await in_every_state(bench)
            for group, lease in running:
                await settle(group, lease, Outcome.RETRY, error=error_of(lease))
            before = [entry async for entry in latest(bench.store) if entry.entity_key == f"person:{OTHERS}"]

            died = await dies_after(steps, bench)
            await erase_person(bench.store, Settings.load(), HERS, files=False)

            assert keys_with(bench, NAMES) == []
            assert [entry async for entry in latest(bench.store) if entry.entity_key == f"person:{OTHERS}"] == before
            assert bench.redis.keys("*:copy") == []
            assert bench.redis.ttl("sl:{0}:events") == -1
        if not died:
            break
        steps += 1
    assert steps > 10


async def dies_after(steps: int, bench: Bench) -> bool:
    """Erase until so many scripts have run; whether it came to that."""
    left = steps

    class Dying:
        """A store that is not asked any more."""

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.store, name)

        async def run(self, *words: Any) -> Any:
            """Run one script, unless dead."""
            nonlocal left
            if left == 0:
                raise Died
            left -= 1
            return await bench.store.run(*words)

    try:
        await erase_person(cast("Store", Dying()), Settings.load(), HERS, files=False)
    except Died:
        return True
    return False


class Died(Exception):
    """The process is gone."""


async def test_without_room(small: Server) -> None:
    """Where a copy of the stream has no room, she is erased for every reader, and it is said that bytes are left."""
    async with open_bench(small) as bench:
        await bench.group()
        for number in range(10):
            await bench.publish(f"e/{number}", key=f"person:{7001 + number % 2}", body=body_of(HERS))
        bench.redis.config_set("maxmemory", "100mb")

        erased = await erase_person(bench.store, Settings.load(history_memory_share=0.01), HERS, files=False)

        assert erased.entries == 5
        assert (Rewritten.NO_ROOM, 1) in erased.streams
        assert not erased.is_complete
        assert bench.redis.keys("*:copy") == []
        assert {entry.entity_key async for entry in latest(bench.store)} == {f"person:{OTHERS}"}


async def test_in_a_cluster(tmp_path: Path) -> None:
    """On a cluster's servers each partition is looked through, and every server makes its files anew."""
    with started_cluster(tmp_path) as nodes:
        settings = Settings.load(redis_url=f"redis+cluster://127.0.0.1:{nodes[0].port}", partitions=6)
        async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
            await follow_partitions(store)
            for number in range(40):
                person = 7001 + number % 20
                event = NewEvent(f"e{number}", "person.created", f"person:{person}", "2026", body_of(str(person)))
                await publisher.publish(NewDelivery("default", (event,)))

            found = await find_person(store, HERS)
            erased = await erase_person(store, settings, HERS)

            assert (found.entries, erased.entries) == (2, 2)
            assert erased.is_complete
            assert erased.files == (FilesRewritten.NONE,) * 3
            assert len([entry async for entry in latest(store)]) == 38
