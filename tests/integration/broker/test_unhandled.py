"""What a group wants and no process can run: it waits, costs nothing, is found again, and dies in the end."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, Settled, audit
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.groups import Removal, remove
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.handling import NEW, OLD, handled, pass_time
from tests.support.broker_bench import STREAM, Bench, lapse, open_bench, settle, take
from tests.support.servers import Server


async def test_without_a_handler_for_too_long_it_is_a_dead_letter(bench: Bench) -> None:
    """The reason is its own, the lane moves on, and a redrive to a version that can run it handles it."""
    options: dict[str, Any] = {"events": NEW, "handled": OLD, "ordering": Ordering.ENTITY, "no_handler_seconds": 0.1}
    group = await bench.group(consumer="one", **options)
    await bench.publish("c1", event_type="call.created", key="person:1")
    await bench.publish("p2", event_type="person.created", key="person:1")
    assert await handled(group) == []
    assert await group.expire_unhandled(0) == []

    await asyncio.sleep(0.15)
    assert await group.expire_unhandled(0) == ["call.created"]

    (letter,) = [letter async for letter in dead_letters(bench.store, DeadLetterFilter(reason="no_handler"))]
    assert (letter.event_id, letter.attempts) == ("c1", 0)
    assert "no worker of the group had a handler" in letter.error
    assert bench.record("c1")["crm"] == "dead"
    assert await handled(group) == ["p2"]
    able = await bench.group(consumer="two", events=NEW, ordering=Ordering.ENTITY)
    _ = [
        each
        async for each in redrive(
            bench.store, dead_letters(bench.store, DeadLetterFilter()), idempotency_ttl_seconds=60
        )
    ]
    assert await handled(able) == ["c1"]


async def test_what_a_busy_or_paused_version_can_run_does_not_die(bench: Bench) -> None:
    """As long as a version that can run it is in force, an entry waits, however long that takes."""
    old = await bench.group(consumer="old", events=OLD)
    new = await bench.group(consumer="new", events=NEW)
    await bench.publish("c1", event_type="call.created")
    await handled(old)
    pass_time(bench, 3_700_000)
    await new.register(refresh=True)

    assert await old.expire_unhandled(0) == []
    assert await handled(new) == ["c1"]


async def test_a_filter_wider_than_the_handlers_is_not_called_done(bench: Bench) -> None:
    """What WORKER_EVENTS asks for and no router handles waits, and is counted."""
    group = await bench.group(events=("*",), handled=("person.*",))
    for number in range(5):
        await bench.publish(f"e{number}", event_type="email.sent" if number % 2 else "person.created")

    assert await handled(group) == ["e0", "e2", "e4"]

    (stats,) = (await measure(bench.store)).groups
    assert (stats.pending, stats.unhandled, stats.scheduled, stats.running) == (2, 2, 0, 0)


async def test_thousands_without_a_handler_do_not_slow_the_others_down(bench: Bench) -> None:
    """A take looks at none of those set aside before: their number makes no difference to a take."""
    old = await bench.group(consumer="old", events=OLD, lease_seconds=60)
    await bench.group(consumer="new", events=NEW)
    for number in range(3_000):
        await bench.publish(f"c{number}", event_type="call.created")
    while (await old.take(0, 500)).unhandled:
        pass
    before = bench.redis.info("commandstats")
    await bench.publish("p1")

    assert await handled(old) == ["p1"]

    after = bench.redis.info("commandstats")
    calls = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"] for name in after}
    assert calls.get("cmdstat_xclaim", 0) == 0
    assert calls.get("cmdstat_xpending", 0) < 10


async def test_thousands_of_types_do_not_either(bench: Bench) -> None:
    """A sender that makes up types without end: a call looks at a bounded number of queues, and finds all in time."""
    old = await bench.group(consumer="old", events=OLD, lease_seconds=60)
    new = await bench.group(consumer="new", events=NEW, lease_seconds=60)
    for number in range(600):
        await bench.publish(f"c{number}", event_type=f"call.made_up_{number}")
    assert len((await old.take(0, 500)).unhandled) == 500
    bench.redis.config_resetstat()

    await old.take(0, 500)

    assert bench.redis.info("commandstats")["cmdstat_exists"]["calls"] <= 101  # one of them looks for a slot that moves
    found: set[str] = set()
    async with asyncio.timeout(20):
        while len(found) < 600:
            found |= {lease.event.event_id for lease in await take(new, 500)}


async def test_a_late_done_leaves_nothing_behind(bench: Bench) -> None:
    """A worker that reports after its entry was set aside finishes it, and its place in the queue is cleared."""
    new = await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("c1", event_type="call.created")
    (lease,) = await take(new)
    await lapse()
    await take(old)

    await settle(new, lease, Outcome.DONE)

    assert bench.record("c1")["crm"] == "done"
    assert await take(new) == ()
    assert bench.pending() == {}
    assert bench.redis.keys("sl:{0}:g:crm:unhandled*") == []


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_the_audit_finds_what_stands_in_no_queue(bench: Bench, ordering: Ordering) -> None:
    """After somebody deleted the queues, what waited in them is found again; a sound queue needs no repair."""
    old = await bench.group(consumer="old", events=OLD, ordering=ordering)
    new = await bench.group(consumer="new", events=NEW, ordering=ordering)
    await bench.publish("c1", event_type="call.created")
    await take(old)
    assert await audit(bench.store, 0, "crm", "-", 1.0) == ("-", 0)
    bench.redis.delete(*bench.redis.keys("sl:{0}:g:crm:unhandled*"))

    assert await audit(bench.store, 0, "crm", "-", 1.0) == ("-", 1)

    assert await handled(new) == ["c1"]


async def test_a_destroyed_group_starts_again_without_leftovers(bench: Bench) -> None:
    """The queues of the lost group are gone with it, and its events are read again."""
    old = await bench.group(consumer="old", events=OLD)
    new = await bench.group(consumer="new", events=NEW)
    await bench.publish("c1", event_type="call.created")
    await take(old)
    bench.redis.xgroup_destroy(STREAM, "crm")

    assert await handled(new) == ["c1"]
    assert bench.redis.keys("sl:{0}:g:crm:unhandled*") == []


async def test_a_removed_group_leaves_nothing(bench: Bench) -> None:
    """Versions and queues go with the group; what waited for a handler does not make it look alive."""
    new = await bench.group(consumer="new", events=NEW)
    await bench.publish("c1", event_type="call.created")
    await take(new)
    await lapse()
    old = await bench.group(consumer="old", events=OLD)
    await take(old)
    bench.redis.delete("sl:{0}:g:crm:seen")

    assert await remove(bench.store, "crm") is Removal.REMOVED
    assert bench.redis.keys("sl:{0}:g:crm:*") == []


async def test_what_was_done_meanwhile_does_not_die(bench: Bench) -> None:
    """A `done` of a lost lease, written down while the entry was another worker's, is no dead letter in the end."""
    first = await bench.group(consumer="first", events=NEW)
    second = await bench.group(consumer="second", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("c1", event_type="call.created")
    (lease,) = await take(first)
    await lapse()
    await take(second)
    await lapse()
    await take(old)
    assert await settle(first, lease, Outcome.DONE) is Settled.LATE
    bench.redis.zrem("sl:{0}:g:crm:filters", second.options.version)
    pass_time(bench, 3_700_000)

    assert await old.expire_unhandled(0) == []

    assert bench.record("c1")["crm"] == "done"
    assert bench.pending() == {}
    assert bench.redis.xlen("sl:{0}:g:crm:dead") == 0


async def test_the_last_error_stays_with_it(bench: Bench) -> None:
    """An entry set aside after a failure is no retry that comes, and its dead letter says what went wrong before."""
    new = await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("c1", event_type="call.created")
    (lease,) = await take(new)
    await settle(new, lease, Outcome.RETRY, error="ValueError: the real one")
    await take(old)
    assert (await measure(bench.store)).groups[0].retry_reason == ""
    bench.redis.zrem("sl:{0}:g:crm:filters", new.options.version)
    pass_time(bench, 3_700_000)

    assert await old.expire_unhandled(0) == ["call.created"]

    (letter,) = [letter async for letter in dead_letters(bench.store, DeadLetterFilter(reason="no_handler"))]
    assert letter.error.endswith("; before that: ValueError: the real one")


async def test_every_partition_is_looked_after_with_a_single_slot(server: Server) -> None:
    """A worker of one slot and two partitions, asking them in turn, finds in both what waited for its handlers."""
    async with open_bench(server, partitions=2) as bench:
        old = await bench.group(consumer="old", events=OLD)
        new = await bench.group(consumer="new", events=NEW, lease_seconds=60)
        for number in range(20):
            await bench.publish(f"c{number}", event_type="call.created", key=f"person:{number}")
        for partition in range(2):
            assert (await old.take(partition, 10)).unhandled
        found = [lease.partition for _ in range(6) for at in range(2) for lease in (await new.take(at, 1)).leases]

    assert set(found) == {0, 1}


async def test_a_beat_says_where_entries_wait_for_a_handler(bench: Bench) -> None:
    """Only there anything can expire; and a group that a server has lost is known and described again by a beat."""
    group = await bench.group(events=NEW, handled=OLD)
    assert (await group.beat())[0] == set()
    await bench.publish("c1", event_type="call.created")
    await handled(group)

    assert (await group.beat())[0] == {0}
    bench.redis.delete("sl:groups", "sl:g:crm")
    bench.redis.xgroup_destroy(STREAM, "crm")
    await group.beat()
    assert bench.redis.smembers("sl:groups") == {"crm"}
