"""Versions of a group's filter: what they want together is handled or waits, whoever reads it first."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks.broker import Group, Outcome, audit
from salesloft_webhooks.broker.dead_letter import Choice
from salesloft_webhooks.broker.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.groups import Removal, registration, remove
from salesloft_webhooks.broker.history import Fate, history
from salesloft_webhooks.broker.stats import measure
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.conftest import STREAM, Bench, lapse, settle, take

OLD, NEW = ("person.*",), ("person.*", "call.*")
DAY_MS = 86_400_000


async def handled(group: Group, *, count: int = 100) -> list[str]:
    """Handle what is given until nothing is, and say what it was."""
    ids: list[str] = []
    while leases := await take(group, count):
        for lease in leases:
            ids.append(lease.event.event_id)
            await settle(group, lease, Outcome.DONE)
    return ids


async def fate(bench: Bench, event_id: str) -> Fate:
    """What `events show` says of an event in the group."""
    found = await history(bench.store, event_id)
    assert found is not None
    return found.groups[0].fate


def pass_time(bench: Bench, ms: int) -> None:
    """Make all versions, and all that waits for a handler, older, as time does while some worker is there."""
    filters = "sl:{0}:g:crm:filters"
    for version in bench.redis.zrange(filters, 0, -1):
        bench.redis.zincrby(filters, -ms, version)
    for queue in bench.redis.scan_iter("sl:{0}:g:crm:unhandled:*"):
        for member in bench.redis.zrange(queue, 0, -1):
            bench.redis.zincrby(queue, -ms, member)


async def show_life(bench: Bench, group: Group, ms: int = 0) -> None:
    """The version of one group's worker has been seen just now, or some time ago."""
    bench.redis.zincrby("sl:{0}:g:crm:filters", 6_000, group.options.version)
    bench.redis.zadd("sl:{0}:g:crm:filters", {group.options.version: int(bench.redis.time()[0]) * 1000 - ms})


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_the_old_version_leaves_to_the_new_what_only_that_can_run(bench: Bench, ordering: Ordering) -> None:
    """Side by side, the old one reads everything first: nothing is lost, nothing runs where it has no handler."""
    old = await bench.group(consumer="old", events=OLD, ordering=ordering, lease_seconds=60)
    new = await bench.group(consumer="new", events=NEW, ordering=ordering, lease_seconds=60)
    for number in range(20):
        event_type = "person.created" if number % 2 else "call.created"
        await bench.publish(f"{event_type}/{number}", event_type=event_type, key=f"person:{number}")

    by_old = await handled(old)
    by_new = await handled(new)

    assert sorted(by_old) == sorted(f"person.created/{number}" for number in range(1, 20, 2))
    assert sorted(by_new) == sorted(f"call.created/{number}" for number in range(0, 20, 2))
    assert bench.pending() == {}
    assert bench.redis.keys("sl:{0}:g:crm:unhandled*") == []


async def test_an_old_pod_that_starts_again_takes_nothing_away(bench: Bench) -> None:
    """An old version that registers after the new one does not narrow what the group wants."""
    new = await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("c1", event_type="call.created")

    assert await handled(old) == []
    assert await handled(new) == ["c1"]


async def test_after_a_roll_back_retries_without_a_handler_wait(bench: Bench) -> None:
    """A waiting retry of a type that only the version before had a handler for is neither done nor given out."""
    new = await bench.group(consumer="new", events=NEW, lease_seconds=60)
    await bench.publish("c1", event_type="call.created")
    await settle(new, (await take(new))[0], Outcome.RETRY)
    await new.retire(leaving=True)
    old = await bench.group(consumer="old", events=OLD)

    taken = await old.take(0, 10)

    assert (taken.leases, taken.unhandled) == ((), ("call.created",))
    assert await fate(bench, "c1") is Fate.NO_HANDLER
    assert "crm" not in bench.record("c1")
    assert (await old.take(0, 10)).unhandled == ()
    again = await bench.group(consumer="again", events=NEW)
    (lease,) = await take(again)
    assert (lease.event.event_id, lease.event.attempt) == ("c1", 2)


async def test_a_lapsed_lease_waits_with_its_attempts(bench: Bench) -> None:
    """What a worker of another version died of keeps its owner and its count while it waits for the next like it."""
    new = await bench.group(consumer="new", events=NEW)
    await bench.publish("c1", event_type="call.created")
    (first,) = await take(new)
    await lapse()
    old = await bench.group(consumer="old", events=OLD)

    assert await take(old) == ()

    assert bench.pending() == {first.entry_id: ("new", 1)}
    assert [lease.event.attempt for lease in await take(new)] == [2]


async def test_a_lane_waits_while_its_head_has_no_handler(bench: Bench) -> None:
    """Order holds: later events of the person wait behind it, other people do not."""
    old = await bench.group(consumer="old", events=OLD, ordering=Ordering.ENTITY)
    new = await bench.group(consumer="new", events=NEW, ordering=Ordering.ENTITY)
    await bench.publish("p1", event_type="person.created", key="person:1")
    await bench.publish("c2", event_type="call.created", key="person:1")
    await bench.publish("p3", event_type="person.updated", key="person:1")
    await bench.publish("q1", event_type="person.created", key="person:2")

    assert await handled(old) == ["p1", "q1"]
    assert [await fate(bench, event_id) for event_id in ("c2", "p3")] == [Fate.NO_HANDLER, Fate.PARKED]
    assert await handled(new) == ["c2", "p3"]
    assert bench.pending() == {}


async def test_what_no_version_wants_is_acknowledged(bench: Bench) -> None:
    """A type that nobody of the group asks for goes by."""
    await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("e1", event_type="email.sent")

    assert await handled(old) == []

    assert bench.pending() == {}
    assert await fate(bench, "e1") is Fate.NOT_WANTED


async def test_a_filter_narrows_when_its_last_worker_is_long_gone(bench: Bench) -> None:
    """Within the grace the group still wants what the wider version wanted; after it, that goes by."""
    wide = await bench.group(consumer="wide", events=NEW)
    narrow = await bench.group(consumer="narrow", events=OLD)
    await wide.retire(leaving=True)
    await bench.publish("c1", event_type="call.created")
    await handled(narrow)
    assert await fate(bench, "c1") is Fate.NO_HANDLER

    pass_time(bench, 3_700_000)
    await show_life(bench, narrow, ms=20_000)
    await bench.publish("c2", event_type="call.created")
    await handled(narrow)

    assert await fate(bench, "c2") is Fate.NOT_WANTED
    assert (await registration(bench.store, "crm")).events == OLD
    assert await fate(bench, "c1") is Fate.NO_HANDLER


async def test_an_outage_does_not_age_a_version(bench: Bench) -> None:
    """After a day in which nobody could ask, the first version to be back does not forget the others."""
    await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("c1", event_type="call.created")
    pass_time(bench, DAY_MS)

    assert await handled(old) == []

    assert await fate(bench, "c1") is Fate.NO_HANDLER
    new = await bench.group(consumer="new", events=NEW)
    assert await handled(new) == ["c1"]


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

    (letter,) = [letter async for letter in dead_letters(bench.store, Choice(reason="no_handler"))]
    assert (letter.event_id, letter.attempts) == ("c1", 0)
    assert "no worker of the group had a handler" in letter.error
    assert bench.record("c1")["crm"] == "dead"
    assert await handled(group) == ["p2"]
    able = await bench.group(consumer="two", events=NEW, ordering=Ordering.ENTITY)
    _ = [each async for each in redrive(bench.store, dead_letters(bench.store, Choice()), idempotency_ttl_seconds=60)]
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
