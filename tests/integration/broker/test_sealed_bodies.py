"""Bodies that are encrypted in the store: who has the key reads them, nobody else does, and nothing is lost by that."""

from pathlib import Path

import pytest
import redis

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Outcome, Publisher, Stored, quarantine
from salesloft_webhooks.broker.administration.bodies_by_key import bodies_by_key
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.quarantine import held
from salesloft_webhooks.broker.administration.replay import Selection, replay
from salesloft_webhooks.broker.administration.search import search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.body_encryption import MARK, OVERHEAD, key_line
from salesloft_webhooks.broker.store_format import QUIET_SECONDS
from salesloft_webhooks.errors import ConfigurationError, UnreadableReason
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.broker_bench import STREAM, Bench, open_bench, settle, take
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.stored_bytes import keys_with
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline

BODY = samples.email().raw_data
DERIVED = BODY[:-1] + b',"count":3,"note":"Ada Lovelace"}'
SENT = {"a0": BODY, "a1": DERIVED, "b0": BODY, "b1": DERIVED}
TTL = 3_600


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with one key."""
    file = tmp_path / "body-keys"
    file.write_text(key_line())
    return file


def take_away(key_file: Path) -> str:
    """Put another key in the place of the one that is there; that one."""
    before = key_file.read_text()
    key_file.write_text(key_line())
    return before


def put_back(key_file: Path, key: str) -> None:
    """The only key from now on."""
    key_file.write_text(key)


async def publish(bench: Bench, name: str) -> Stored:
    """A delivery of an event and one that is derived from it."""
    bodies = enumerate((BODY, DERIVED))
    events = [NewEvent(f"{name}{n}", "email.updated", "person:1", "2026", data) for n, data in bodies]
    return await bench.publisher.publish(NewDelivery("default", tuple(events)))


def stored(server: Server) -> list[dict[bytes, bytes]]:
    """The entries of the stream as they are."""
    with redis.Redis(port=server.port) as client:
        return [fields for _, fields in client.xrange(STREAM)]


@pytest.mark.parametrize("compression", ["off", "zstd"])
async def test_whoever_has_the_key_reads_everything(server: Server, key_file: Path, compression: str) -> None:
    """Handlers, dead letters, redrives, replays and what is shown: the same as plain ones, which stand beside them."""
    async with open_bench(server) as plain:
        await plain.group(lease_seconds=60)
        await publish(plain, "a")
    async with open_bench(server, body_key_file=key_file, body_compression=compression) as bench:
        group = await bench.group(lease_seconds=60)
        server_has_waited(bench)
        await publish(bench, "b")
        assert [fields[b"body"][: len(MARK)] == MARK for fields in stored(server)] == [False, False, True, False]
        assert b"Ada" not in stored(server)[3][b"head"]

        leases = await take(group)
        assert {lease.event.event_id: lease.event.raw_data for lease in leases} == SENT
        for lease in leases:
            await settle(group, lease, Outcome.DEAD if lease.event.event_id == "b1" else Outcome.DONE)
        assert [letter.data async for letter in dead_letters(bench.store, DeadLetterFilter())] == [DERIVED]
        assert {entry.event_id: entry.data async for entry in latest(bench.store)} == SENT
        known = await history(bench.store, "b1")
        assert known is not None
        assert known.entry is not None
        assert known.entry.data == DERIVED
        async for _ in redrive(bench.store, dead_letters(bench.store, DeadLetterFilter()), idempotency_ttl_seconds=TTL):
            pass
        async for _ in replay(bench.store, "crm", Selection(event_ids=frozenset({"b0"})), idempotency_ttl_seconds=TTL):
            pass
        found = await search_page(bench.store, Query(contains="Lovelace"), seconds=60)
        assert {one.entry.event_id for one in found.found} == {"a1", "b1"}
        again = {lease.event.event_id: lease.event.raw_data for lease in await take(group)}
        assert again == {"b0": BODY, "b1": DERIVED}


def server_has_waited(bench: Bench) -> None:
    """As if every worker had had the key for long enough."""
    now = int(bench.redis.time()[0]) * 1_000
    bench.redis.hset("sl:encryption", "ready_since", now - int(QUIET_SECONDS * 1_000) - 1_000)


async def test_the_first_body_of_a_new_store_is_sealed(valkey: Server, key_file: Path) -> None:
    """Where nothing was stored before, nothing is ever stored plain; nor by a process that starts later."""
    for name in "ab":
        async with open_bench(valkey, body_key_file=key_file) as bench:
            await publish(bench, name)

    assert [fields[b"body"][: len(MARK)] == MARK for fields in stored(valkey) if fields[b"body"]] == [True, True]
    assert len(stored(valkey)[0][b"body"]) == len(BODY) + OVERHEAD


async def test_encryption_is_stopped(valkey: Server, key_file: Path) -> None:
    """Whoever only decrypts stores plain bodies in a store that is encrypted, and reads both."""
    async with open_bench(valkey, body_key_file=key_file) as bench:
        await publish(bench, "a")
    async with open_bench(valkey, body_key_file=key_file, encrypt_bodies=False) as bench:
        await publish(bench, "b")
        await quarantine(
            bench.store, source="s", dialect="native", reason=UnreadableReason.NOT_JSON, body=b"Ada?", limit=9
        )

        assert {entry.event_id: entry.data async for entry in latest(bench.store)} == SENT
    assert [fields[b"body"][: len(MARK)] == MARK for fields in stored(valkey) if fields[b"body"]] == [True, False]
    with redis.Redis(port=valkey.port) as client:
        assert client.xrange("sl:{0}:quarantine")[0][1][b"body"] == b"Ada?"


async def test_receivers_wait_for_workers_without_the_key(valkey: Server, key_file: Path) -> None:
    """While a worker is there that could not decrypt, bodies stay plain; ten minutes after it they do not."""
    async with open_bench(valkey) as without:
        await take(await without.group(consumer="old"))
    async with open_bench(valkey, body_key_file=key_file) as bench:
        await take(await bench.group(consumer="new"))
        server_has_waited(bench)
        await publish(bench, "a")
        bench.redis.zrem("sl:{0}:g:crm:seen", "old")
        server_has_waited(bench)
        async with Publisher(bench.store, Settings.load(), SilentObserver()) as later:
            await later.publish(NewDelivery("default", (NewEvent("c", "email.updated", "person:1", "2026", BODY),)))

    assert [fields[b"body"][: len(MARK)] == MARK for fields in stored(valkey) if fields[b"body"]] == [False, True]


async def test_a_missing_key_is_told(valkey: Server, key_file: Path) -> None:
    """Without its key an event has no data, and everybody who looks is told which key that is."""
    async with open_bench(valkey, body_key_file=key_file) as bench:
        await publish(bench, "a")
    key_id = take_away(key_file).split()[-1]
    async with open_bench(valkey, body_key_file=key_file) as bench:
        group = await bench.group(lease_seconds=60)

        leases = await take(group)

        assert {lease.unreadable for lease in leases} == {
            f"encrypted with the key {key_id}, which BODY_KEY_FILE does not have"
        }
        shown = [entry async for entry in latest(bench.store)]
        assert {(entry.data, key_id in entry.unreadable) for entry in shown} == {(b"", True)}
        assert await bodies_by_key(bench.store) == {key_id: 1}


async def test_an_event_waits_for_its_key(valkey: Server, key_file: Path) -> None:
    """A worker without the key tries again as after any failure, and handles the event when the key is back."""
    seen: list[bytes] = []

    async def handle(event: Event) -> None:
        seen.append(event.raw_data)

    errors = "sl:{0}:g:mine:attempts"
    async with open_bench(valkey, body_key_file=key_file) as bench:
        await publish(bench, "a")
    with_key = take_away(key_file)
    async with pipeline(valkey, handle, body_key_file=key_file, max_attempts=1_000) as running:
        await eventually(lambda: running.redis.exists(errors), "an attempt has failed")
        told = set(running.redis.hvals(errors))
        assert seen == []
        put_back(key_file, with_key)
        await eventually(lambda: len(seen) == 2, "it is handled")
        await running.finished(2)

    key_id = with_key.split()[-1]
    assert told == {f"BodyUnreadable: encrypted with the key {key_id}, which BODY_KEY_FILE does not have"}
    assert sorted(seen) == sorted([BODY, DERIVED])


async def test_quarantine_is_sealed(valkey: Server, key_file: Path) -> None:
    """What could not be read is encrypted as well, and read again with the key."""
    async with open_bench(valkey, body_key_file=key_file) as bench:
        await quarantine(
            bench.store, source="s", dialect="native", reason=UnreadableReason.NOT_JSON, body=b"Ada?", limit=9
        )

        assert [one.body async for one in held(bench.store)] == [b"Ada?"]
    assert keys_with(valkey.port, b"Ada") == []
    async with open_bench(valkey) as without:
        assert ["BODY_KEY_FILE is not set" in one.unreadable async for one in held(without.store)] == [True]


def test_format_1_has_no_encryption(key_file: Path) -> None:
    """Who holds the store at format 1 is told that bodies would stay plain."""
    with pytest.raises(ConfigurationError, match="BODY_KEY_FILE needs STORE_FORMAT=2"):
        Settings.load(body_key_file=key_file, store_format=1)
