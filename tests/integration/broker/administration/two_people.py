"""Two people whose events are in every state that there is, of whom one is erased."""

from dataclasses import replace

from salesloft_webhooks.broker import (
    Group,
    Lease,
    Outcome,
    quarantine,
)
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.broker.administration.replay import replay as replay_events
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering
from tests.support import stored_bytes
from tests.support.broker_bench import Bench, settle, take
from tests.support.servers import Server

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


def files_with(server: Server, words: list[bytes]) -> list[str]:
    """The server's files in which one of the words stands."""
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if any(word in path.read_bytes() for word in words))


def keys_with(bench: Bench, words: list[bytes]) -> list[str]:
    """The keys in whose names, or in whose values as the server keeps them, one of the words stands."""
    return stored_bytes.keys_with(bench.redis.connection_pool.connection_kwargs["port"], *words)


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
