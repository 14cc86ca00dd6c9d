"""Bodies that are compressed in the store are the same to everybody who reads them."""

from collections.abc import AsyncIterator, Sequence

import redis

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.replay import Selection, replay
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from salesloft_webhooks.broker.body_compression import FRAME
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.support import samples
from tests.support.broker_bench import STREAM, Bench, open_bench, settle, take
from tests.support.servers import Server

BODY = samples.email().raw_data
DERIVED = BODY[:-1] + b',"count":3}'
SENT = {"a0": BODY, "a1": DERIVED, "b0": BODY, "b1": DERIVED}
TTL = 3_600


async def publish(bench: Bench, name: str) -> None:
    """A delivery of an event and one that is derived from it."""
    bodies = enumerate((BODY, DERIVED))
    events = [NewEvent(f"{name}{n}", "email.updated", "person:1", "2026", data) for n, data in bodies]
    await bench.publisher.publish(NewDelivery("default", tuple(events)))


async def _each(letters: Sequence[DeadLetter]) -> AsyncIterator[DeadLetter]:
    for letter in letters:
        yield letter


def frames(server: Server) -> list[bool]:
    """Which bodies in the stream are compressed, of those that carry one."""
    with redis.Redis(port=server.port) as client:
        bodies = [fields[b"body"] for _, fields in client.xrange(STREAM)]
    return [body.startswith(FRAME) for body in bodies if body]


async def test_whoever_reads_gets_the_body(server: Server) -> None:
    """Handlers, dead letters, redrives, replays and what is shown: plain and compressed bodies side by side."""
    async with open_bench(server, body_compression="zstd") as bench:
        group = await bench.group(lease_seconds=60)
        await publish(bench, "a")
        await publish(bench, "b")
        assert frames(server) == [False, True]  # what is written first only asks which format is

        leases = await take(group)
        assert {lease.event.event_id: lease.event.raw_data for lease in leases} == SENT
        for lease in leases:
            await settle(group, lease, Outcome.DEAD if lease.event.event_id == "b1" else Outcome.DONE)
        letters = [letter async for letter in dead_letters(bench.store, DeadLetterFilter())]
        assert [letter.data for letter in letters] == [DERIVED]
        assert {entry.event_id: entry.data async for entry in latest(bench.store)} == SENT
        known = await history(bench.store, "b1")
        assert known is not None
        assert known.entry is not None
        assert known.entry.data == DERIVED

        async for _ in redrive(bench.store, _each(letters), idempotency_ttl_seconds=TTL):
            pass
        chosen = Selection(event_ids=frozenset({"b0"}))
        async for _ in replay(bench.store, "crm", chosen, idempotency_ttl_seconds=TTL):
            pass
        again = {lease.event.event_id: lease.event.raw_data for lease in await take(group)}
        assert again == {"b0": BODY, "b1": DERIVED}


async def test_what_the_older_version_cannot_read_is_not_written(server: Server) -> None:
    """While the format is held back, bodies stay as they came."""
    async with open_bench(server, body_compression="zstd", store_format=1) as bench:
        for name in ("a", "b"):
            await publish(bench, name)

    assert frames(server) == [False] * 4
