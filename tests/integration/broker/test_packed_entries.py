"""Entries are packed, and scripts, handlers and people read from them what was put in."""

from collections.abc import Callable
from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, Stored, audit
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.entry_head import packed_head, packed_type
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.servers import Server

STREAM = "sl:{0}:events"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EVENTS = [
    NewEvent("b0a1f2c3-d4e5-46f7-8899-aabbccddeeff", "user.updated", "person:164510523", "2026-03-07T04:26:14Z", b"{}"),
    NewEvent("person.updated/7/x", "person.updated", "person:7", "2026-03-07T04:26:14.444910-05:00", b"{}"),
    NewEvent("account.created/8", "account.created", "account:8", "1766021654", b"{}"),
    NewEvent("e" * 300, "of.ours", "k" * 300, "", b"{}"),
]
"""What is packed, and what is not: a type of a later day, a long id and a long key."""


@pytest.mark.parametrize("store_format", [1, 2])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
async def test_whoever_reads_gets_what_was_sent(server: Server, event: NewEvent, store_format: int) -> None:
    """A handler, its lane, the listing, the history, a retry and a dead letter: the same event, in both formats."""
    async with open_bench(server, store_format=store_format) as bench:
        await bench.publish("first")  # which asks for the format
        group = await bench.group(events=(event.event_type,), ordering=Ordering.ENTITY)
        assert await bench.publisher.publish(NewDelivery("default", (event,), TRACE)) is Stored.NEW
        assert await bench.publisher.publish(NewDelivery("default", (event,), TRACE)) is Stored.DUPLICATE

        (lease,) = await take(group)
        read, said = lease.event, (event.event_id, event.event_type, event.entity_key, "default", event.created_at)
        assert (read.event_id, read.event_type, read.entity_key, read.source, read.created_at) == said
        assert (lease.lane, read.traceparent, abs(read.age_seconds) < 60) == (event.entity_key, TRACE, True)
        entry = await anext(latest(bench.store))
        assert (entry.event_id, entry.event_type, entry.entity_key, entry.source, entry.created_at) == said
        known = await history(bench.store, event.event_id)
        assert known is not None
        assert known.entry == entry
        await settle(group, lease, Outcome.RETRY)
        (again,) = await take(group)
        assert again.event.event_id == event.event_id
        await settle(group, again, Outcome.DEAD)
        (letter,) = [each async for each in dead_letters(bench.store, DeadLetterFilter())]
        assert (letter.event_id, letter.event_type, letter.entity_key, letter.source, letter.created_at) == said


async def test_the_digest_that_publish_is_given_is_the_one_scripts_compute(bench: Bench) -> None:
    """What is stored with it is found by those that compute it: a group that has done the event gets it no more."""
    group = await bench.group()
    await bench.publisher.publish(NewDelivery("default", (EVENTS[0],)))
    await settle(group, (await take(group))[0], Outcome.DONE)

    bench.redis.xgroup_destroy("sl:{0}:events", "crm")

    assert await take(group) == ()
    assert bench.record(EVENTS[0].event_id)["crm"] == "done"


async def test_nothing_is_packed_in_the_old_format(server: Server) -> None:
    """What 0.1.0 reads stands in its own text."""
    async with open_bench(server, store_format=1) as bench:
        await bench.publisher.publish(NewDelivery("default", (EVENTS[0],), TRACE))

        page: Any = bench.redis.execute_command("XRANGE", "sl:{0}:events", "-", "+")

    said = page[0][1] if isinstance(page[0][1], dict) else dict(zip(page[0][1][::2], page[0][1][1::2], strict=True))
    written = (said["made"], said["tp"], said["src"], said["key"], said["id"])
    assert written == (EVENTS[0].created_at, TRACE, "default", EVENTS[0].entity_key, EVENTS[0].event_id)


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda head: head[:15],
    "empty": lambda _: b"",
    "another width": lambda head: b"\x07" + head[1:],
    "a type of tomorrow": lambda head: head.replace(packed_type("user.updated"), b"\x01\xee"),
    "a time of its own": lambda _: packed_head(("id", "user.updated", "", "default", "soon", "", ""), pack=True),
}


@pytest.mark.parametrize("damage", DAMAGED)
async def test_a_damaged_head_stops_nothing(server: Server, damage: str) -> None:
    """What was tampered with is passed over as what others put into the stream: all beside it is handled."""
    async with open_bench(server, store_format=2) as bench:
        group = await bench.group(ordering=Ordering.ENTITY)
        await bench.publish("before")
        values = ("b0a1f2c3-d4e5-46f7-8899-aabbccddeeff", "user.updated", "person:1", "default", "", "", "")
        head = DAMAGED[damage](packed_head(values, pack=True))
        bench.redis.execute_command("XADD", STREAM, "*", "head", head, "body", "{}")
        await bench.publish("after")

        for name in ("before", "after"):
            (lease,) = await take(group)
            assert lease.event.event_id == name
            await settle(group, lease, Outcome.DONE)

        assert await audit(bench.store, 0, "crm", "-", 1.0) == ("-", 0)
        assert {"after", "before"} <= {entry.event_id async for entry in latest(bench.store)}
        assert bench.redis.xpending(STREAM, "crm")["pending"] == 0
