"""Erasing a person where not all goes well, or on several servers."""

import asyncio
import re
from pathlib import Path
from typing import Any, cast

from salesloft_webhooks.broker import (
    Outcome,
    Publisher,
    Store,
    follow_partitions,
    open_store,
)
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.erasure import erase_person, find_person
from salesloft_webhooks.broker.administration.server_files import FilesRewritten
from salesloft_webhooks.broker.administration.stream_rewriting import Rewritten, rewrite_stream
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.administration.two_people import (
    HERS,
    NAMES,
    OTHERS,
    body_of,
    error_of,
    in_every_state,
    keys_with,
)
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.clusters import started_cluster
from tests.support.publish_observers import Recorder
from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server
from tests.support.waiting import eventually


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


async def test_what_is_deleted_during_the_copying_stays_deleted(server: Server) -> None:
    """A copy that has an entry more than the stream by now is thrown away, and made again without it."""
    async with open_bench(server) as bench:
        await bench.group()
        for number in range(6):
            await bench.publish(f"e/{number}")
        stream = bench.store.keys.events(0)
        keys = [stream, bench.store.keys.stream_copy(stream)]
        assert await bench.store.run("copy_stream", 0, [1.0, 100, 0], keys) == b"copied"
        third = bench.redis.xrange(stream)[2][0]
        bench.redis.xdel(stream, third)

        assert await rewrite_stream(bench.store, 0, stream, memory_share=1.0, patience_seconds=0) is Rewritten.REPLACED

        assert third not in dict(bench.redis.xrange(stream))
        assert bench.redis.xlen(stream) == 5


async def test_who_waits_for_events_is_woken_as_before(server: Server) -> None:
    """A worker that waits for what comes next gets it, although its stream is another one by then."""
    async with open_bench(server) as bench:
        group = await bench.group(lease_seconds=60)
        await bench.publish("e/1")
        last = (await group.take(0, 10)).last_id
        waiting = asyncio.create_task(group.wait(0, last, 9))
        await eventually(lambda: bench.redis.info("clients")["blocked_clients"], "it waits")

        stream = bench.store.keys.events(0)
        assert await rewrite_stream(bench.store, 0, stream, memory_share=1.0, patience_seconds=0) is Rewritten.REPLACED
        await bench.publish("e/2")

        assert await asyncio.wait_for(waiting, 2)
        assert [lease.event.event_id for lease in await take(group)] == ["e/2"]


async def test_with_the_least_rights(own_server: Server, tmp_path: Path) -> None:
    """The user that the page on operations makes erases everything from memory, and is told that the files are left."""
    (rights,) = re.findall(r"`(~sl:\* [^`]+)`", page("operations.md"))
    password = tmp_path / "password"
    password.write_bytes(b"secret")
    with own_server.start().client() as client:
        client.execute_command("ACL", "SETUSER", "salesloft", "on", ">secret", *rights.split())
    async with open_bench(own_server, redis_username="salesloft", redis_password_file=password) as bench:
        await bench.group()
        for number in range(6):
            await bench.publish(f"e/{number}", key=f"person:{7001 + number % 2}", body=body_of(HERS))

        erased = await erase_person(bench.store, Settings.load(), HERS)

        assert erased.entries == 3
        assert dict(erased.streams)[Rewritten.REPLACED] == 1
        assert erased.files == (FilesRewritten.REFUSED,)
        assert not erased.is_complete
        assert {refused["object"] for refused in bench.redis.acl_log()} == {"bgrewriteaof"}


def page(name: str) -> str:
    """A page of the documents."""
    return (ROOT / "docs" / name).read_text("utf-8")
