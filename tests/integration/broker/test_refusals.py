"""One delivery that the server refuses is refused alone; what a repeat of ours has stored is not called a duplicate."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, Store, Stored
from salesloft_webhooks.errors import NotDurable, StoreRefused, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.cutter import Cutter, cutter
from tests.support.broker_bench import STREAM, Bench, open_bench
from tests.support.servers import Server, engines

LIMIT = 1_048_576
CROWD = 200


@pytest.fixture(params=sorted(engines()))
def narrow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server that hangs up on a client that sends it a value of more than a mebibyte."""
    server = Server(engines()[request.param], tmp_path, {"proto-max-bulk-len": str(LIMIT)}).start()
    yield server
    server.stop(kill=True)


async def publish(bench: Bench, event_id: str, data: bytes = b"{}") -> Stored | Exception:
    """Publish one event; what it came to."""
    event = NewEvent(event_id, "person.created", f"person:{event_id}", "2026", data)
    try:
        return await bench.publisher.publish(NewDelivery("default", (event,)))
    except StoreUnavailable as exc:
        return exc
    except StoreRefused as exc:
        return exc


async def test_a_record_of_the_wrong_type_fails_its_own_event_only(bench: Bench) -> None:
    """Of a batch in which one event's record is no hash, every other one is stored, and in one call."""
    bench.redis.set("sl:{0}:event:e7", "not a hash")

    outcomes = await asyncio.gather(*(publish(bench, f"e{number}") for number in range(CROWD)))

    assert isinstance(outcomes.pop(7), StoreRefused)
    assert outcomes == [Stored.NEW] * (CROWD - 1)
    assert bench.redis.xlen(STREAM) == CROWD - 1
    assert len(bench.recorder.commits) <= 2


async def test_a_refusal_says_what_the_server_said(bench: Bench) -> None:
    """The error carries the server's words and nothing of the delivery."""
    bench.redis.set("sl:{0}:event:jane@example.com", "not a hash")

    refused = await publish(bench, "jane@example.com", b'{"email":"jane@example.com"}')

    assert "WRONGTYPE" in str(refused)
    assert "jane" not in str(refused)


async def test_a_clobbered_watermark_fails_its_own_event_only(bench: Bench) -> None:
    """A level that cannot be read refuses the event that claims one, stores no part of it, and harms no other."""
    bench.redis.set("sl:{0}:mark:email/1", "not a hash")

    outcomes = await asyncio.gather(
        bench.publish("plain"), bench.publish_mark("risen", 3), bench.publish("other"), return_exceptions=True
    )

    assert [outcomes[0], outcomes[2]] == [Stored.NEW, Stored.NEW]
    assert isinstance(outcomes[1], StoreRefused)
    assert bench.record("risen") == {}


@pytest.mark.parametrize("size", [LIMIT + 1, 6 * LIMIT], ids=["it answers", "it hangs up"])
async def test_a_value_above_the_servers_limit_is_refused_alone(narrow: Server, size: int) -> None:
    """A body larger than the server takes costs its neighbours in the batch a moment, and nothing else."""
    async with open_bench(narrow) as bench:
        began = asyncio.get_running_loop().time()
        small = [publish(bench, f"e{number}") for number in range(CROWD)]
        outcomes = await asyncio.gather(*small[:90], publish(bench, "huge", b"x" * size), *small[90:])

        assert isinstance(outcomes.pop(90), StoreRefused)
        assert outcomes == [Stored.NEW] * CROWD
        assert bench.redis.xlen(STREAM) == CROWD
        assert {bench.redis.hget(f"sl:{{0}}:event:e{number}", "dups") for number in range(CROWD)} == {None}
        assert asyncio.get_running_loop().time() - began < 2.5


async def test_several_bad_ones_are_each_refused_alone(narrow: Server) -> None:
    """Bad deliveries in both halves of a batch do not make the good ones among them look bad."""
    async with open_bench(narrow) as bench:
        sizes = [2 * LIMIT if number in {3, 4, 40, 77} else 10 for number in range(80)]

        outcomes = await asyncio.gather(*(publish(bench, f"e{n}", b"x" * size) for n, size in enumerate(sizes)))

        refused = {number for number, outcome in enumerate(outcomes) if isinstance(outcome, StoreRefused)}
        assert refused == {3, 4, 40, 77}
        assert bench.redis.xlen(STREAM) == 76


async def test_an_event_that_cannot_be_sent_is_refused_alone(bench: Bench) -> None:
    """Text that is no Unicode, which no command can carry, is that event's own misfortune."""
    outcomes = await asyncio.gather(*(publish(bench, name) for name in ("a", "\ud800", "b")))

    assert [outcomes[0], outcomes[2]] == [Stored.NEW, Stored.NEW]
    assert isinstance(outcomes[1], StoreRefused)


@asynccontextmanager
async def open_cut_bench(server: Server, **settings: object) -> AsyncIterator[tuple[Bench, Cutter]]:
    """A bench whose publisher's network may lose replies."""
    async with cutter(server) as between:
        behind = Server(server.program, server.directory, port=between.port)
        async with open_bench(behind, **settings) as bench:
            with server.client() as beside:
                yield replace(bench, redis=beside), between


async def test_what_our_own_repeat_finds_stored_is_new(valkey: Server) -> None:
    """The replies to a batch are lost twice and the batch repeated: stored once, and nobody is told 'duplicate'."""
    async with open_cut_bench(valkey) as (bench, between):
        await publish(bench, "first")  # which asks the store how many partitions there are, before anything is batched
        between.replies_to_lose = 2
        outcomes = await asyncio.gather(*(publish(bench, f"e{number}") for number in range(20)))

        assert between.replies_to_lose == 0
        assert outcomes == [Stored.NEW] * 20
        assert bench.redis.xlen(STREAM) == 21
        assert bench.redis.hget("sl:{0}:event:e1", "dups") is None
        assert await publish(bench, "e1") is Stored.DUPLICATE


async def test_a_real_duplicate_beside_a_lost_reply_is_one(valkey: Server) -> None:
    """Two deliveries of one id in a batch whose reply is lost: one is new, the other a duplicate, as without loss."""
    async with open_cut_bench(valkey) as (bench, between):
        between.replies_to_lose = 1

        outcomes = await asyncio.gather(publish(bench, "e1"), publish(bench, "e1"))

        assert sorted(map(str, outcomes)) == ["duplicate", "new"]
        assert bench.redis.xlen(STREAM) == 1


async def test_a_server_that_is_down_is_not_taken_for_a_refusal(own_server: Server) -> None:
    """While nobody answers, nothing is halved: the batch waits whole, and all of it is stored when he is back."""
    own_server.start()
    async with open_bench(own_server, store_timeout_seconds=10) as bench:
        await bench.publish("first")
        own_server.stop()
        crowd = asyncio.gather(*(publish(bench, f"e{number}") for number in range(50)))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own_server.start)

        assert await crowd == [Stored.NEW] * 50
        assert len(bench.recorder.commits) <= 3


async def test_a_committer_ends_although_the_client_turns_its_cancellation_into_an_error(valkey: Server) -> None:
    """Cancelled while the client gives a connection up, and told of that instead: it ends, and asks nothing more."""
    calls: list[str] = []

    class Stubborn(Store):
        async def run(self, *_: object, **__: object) -> None:
            calls.append("publish")
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise StoreUnavailable("ConnectionError: gone") from ConnectionError("gone")

    async with open_bench(valkey) as bench:
        store = Stubborn(bench.store.client, bench.store.keys)
        publisher = await Publisher(store, Settings.load(redis_url=valkey.url), bench.recorder).__aenter__()
        waiting = asyncio.create_task(publisher.publish(NewDelivery("default", (NewEvent("e1", "x", "y", "", b""),))))
        await asyncio.sleep(0.2)

        await asyncio.wait_for(publisher.__aexit__(None, None, None), 0.8)

        waiting.cancel()
        assert calls == ["publish"]


async def test_a_server_that_stops_keeping_its_log_is_not_taken_for_a_refusal(own_server: Server) -> None:
    """WAITAOF fails once the append-only file is turned off: that is the server's state, and nobody's delivery."""
    own_server.options["appendfsync"] = "everysec"
    own_server.start()
    async with open_bench(own_server, durability="fsync", store_timeout_seconds=2) as bench:
        assert await bench.publish("before") is Stored.NEW
        bench.redis.config_set("appendonly", "no")

        with pytest.raises(NotDurable):
            await bench.publish("after")
