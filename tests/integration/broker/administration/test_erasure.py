"""Erasing a person: nothing of her is left on the server or in its files, and everybody else's is as it was."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker import (
    Outcome,
    Settled,
    Stored,
    audit,
    quarantine,
)
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.erasure import Found, erase_person, find_person
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.administration.quarantine import held
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.settings import Ordering, Settings
from tests.integration.broker.administration.two_people import (
    HERS,
    NAMES,
    OTHERS,
    body_of,
    error_of,
    files_with,
    in_every_state,
    keys_with,
)
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.servers import NO_REDIS, Server, engines
from tests.support.waiting import eventually, wait_until


@pytest.fixture(params=["valkey", "redis"])
def filed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server with both kinds of files, in which values stand as they are: compressed, no search would find them."""
    if request.param not in engines():
        pytest.skip(NO_REDIS)
    options = {"appendonly": "yes", "save": "3600 1", "rdbcompression": "no"}
    server = Server(engines()[request.param], tmp_path, options).start()
    yield server
    server.stop(kill=True)


@pytest.fixture
async def bench(filed: Server) -> AsyncIterator[Bench]:
    """An open store on it."""
    async with open_bench(filed) as opened:
        yield opened


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


async def test_the_errors_of_what_a_worker_runs_are_gone_at_once(bench: Bench) -> None:
    """An attempt that is under way may take long to end: what an earlier one said of her does not wait for it."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("e1", key=f"person:{HERS}")
    (lease,) = await take(group)
    await settle(group, lease, Outcome.RETRY, delay=0, error="ValueError: no ada@example.com")
    (again,) = await take(group)
    attempts = bench.store.keys.attempts(0, "crm")
    assert "ada@example.com" in "".join(bench.redis.hgetall(attempts).values())

    await erase_person(bench.store, Settings.load(), HERS, patience_seconds=0, files=False)

    assert not [name for name in bench.redis.hgetall(attempts) if name.endswith(":error")]
    assert again.entry_id


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


async def test_the_audit_leaves_alone_what_a_worker_runs(bench: Bench) -> None:
    """Erased while it runs, it is due once, is its worker's until it ends, and then stands in nobody's way."""
    crm = await bench.group("crm", ordering=Ordering.ENTITY, lease_seconds=60)
    await bench.publish("running", key=f"person:{HERS}", body=body_of(HERS))
    (lease,) = await take(crm)
    await erase_person(bench.store, Settings.load(), HERS, patience_seconds=0, files=False)

    assert await audit(bench.store, 0, "crm", "-", 60.0) == ("-", 0)
    await bench.publish("new", key=f"person:{HERS}", body=body_of(HERS))
    before = await take(crm)
    assert await settle(crm, lease, Outcome.DONE) is Settled.SETTLED

    assert list(before) == []
    assert [each.event.event_id for each in await take(crm)] == ["new"]
    assert bench.pending().keys().isdisjoint({lease.entry_id})


async def test_of_quarantine_only_what_has_her_id(valkey: Server) -> None:
    """As a word of its own: other numbers that have it in them are other people's, and stay."""
    others = [
        b'{"id":17001}',
        b'{"id":70015}',
        b'{"price":1.7001}',
        b'{"price":7001.5}',
        b'{"ref":"x-7001"}',
        b"a7001z",
    ]
    async with open_bench(valkey) as bench:
        for body in (*others, b'{"id":7001}', b"id=7001&x", b'"7001"'):
            await quarantine(
                bench.store, source="s", dialect="native", reason=UnreadableReason.NOT_JSON, body=body, limit=99
            )

        erased = await erase_person(bench.store, Settings.load(), HERS, files=False)

        assert erased.quarantined == 3
        assert [one.body async for one in held(bench.store)] == others
