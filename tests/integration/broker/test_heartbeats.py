"""A consumer group has lives: destroyed and made again, and taken over from release 0.1.0."""

import time

import pytest

from salesloft_webhooks.broker import Outcome, Settled, audit
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take

PARKED = 9_007_199_254_740_991


@pytest.mark.parametrize("again_by", ["take", "register"])
async def test_a_lease_of_an_earlier_life_settles_nothing_of_this(bench: Bench, again_by: str) -> None:
    """Destroyed and made again, the group counts from 1: the first run's outcome must not end the second run."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("e1")
    (first,) = await take(group)
    bench.redis.xgroup_destroy(STREAM, "crm")
    if again_by == "register":
        await group.register()
    (second,) = await take(group)
    assert (first.event.attempt, second.event.attempt) == (1, 1)

    assert await settle(group, first, Outcome.RETRY) is Settled.LOST
    assert await group.extend(0, [first, second]) == [False, True]
    assert await settle(group, first, Outcome.DONE) is Settled.LATE
    assert len(bench.pending()) == 1
    assert await settle(group, second, Outcome.RETRY) is Settled.SETTLED

    assert bench.pending() == {}
    assert bench.record("e1")["crm"] == "done"


async def test_destroying_a_group_repeats_what_runs_and_nothing_else(bench: Bench) -> None:
    """Another worker is leased what ran, once; not what is done, nor what the first reports as done meanwhile."""
    first, second = await bench.group(lease_seconds=60), await bench.group(lease_seconds=60, consumer="two")
    for event_id in ("done", "running", "reported"):
        await bench.publish(event_id)
    done, running, reported = await take(first)
    await settle(first, done, Outcome.DONE)
    bench.redis.xgroup_destroy(STREAM, "crm")
    assert await settle(first, reported, Outcome.DONE) is Settled.GONE

    again = await take(second)
    assert await take(first) == await take(second) == ()
    assert await settle(first, running, Outcome.DONE) is Settled.LATE
    assert await settle(second, again[0], Outcome.RETRY) is Settled.SETTLED

    assert [(each.event.event_id, each.event.attempt) for each in again] == [("running", 1)]
    assert await take(first) == await take(second) == ()
    assert bench.pending() == {}


async def test_registering_a_destroyed_group_leaves_nothing_of_its_earlier_life(bench: Bench) -> None:
    """Made again before any take has noticed, as by a worker that starts, it runs the heads of its lanes at once."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    await bench.publish("e1")
    await bench.publish("e2")
    (first,) = await take(group)
    await settle(group, first, Outcome.RETRY, delay=60)
    bench.redis.xgroup_destroy(STREAM, "crm")
    await group.register()

    seen = []
    while leases := await take(group):
        seen += [(lease.event.event_id, lease.event.attempt, lease.last_error) for lease in leases]
        await settle(group, leases[0], Outcome.DONE)

    assert seen == [("e1", 1, ""), ("e2", 1, "")]
    assert bench.redis.keys("sl:{0}:g:crm:lane:*") == bench.redis.keys("sl:{0}:g:crm:attempts") == []


async def test_entries_of_release_0_1_0_are_taken_over(bench: Bench) -> None:
    """Running, lapsed, scheduled and parked entries in its shapes are all handled, in order, with none lost."""
    group = await bench.group(ordering=Ordering.ENTITY)
    bench.redis.delete("sl:{0}:g:crm:clock")
    states = {"running": 1, "lapsed": 5, "scheduled": 7, "parked": 0}
    for event_id in states:
        await bench.publish(event_id, key="person:lane" if event_id in {"lapsed", "parked"} else f"person:{event_id}")
    _in_its_shapes(bench, states)

    seen: list[tuple[str, int, int]] = []
    deadline = time.monotonic() + 5
    while bench.pending() and time.monotonic() < deadline:
        for lease in await take(group):
            seen.append((lease.event.event_id, lease.event.attempt, lease.failures))
            await settle(group, lease, Outcome.DONE)

    assert sorted(seen) == [("lapsed", 6, 4), ("parked", 1, 0), ("running", 2, 0), ("scheduled", 8, 7)]
    assert [event_id for event_id, _, _ in seen if event_id in {"lapsed", "parked"}] == ["lapsed", "parked"]


async def test_its_running_attempts_may_still_report(bench: Bench) -> None:
    """A worker of 0.1.0 that runs beside ours settles with its own script; what it holds is left alone meanwhile."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("old")
    ((entry, _),) = bench.redis.xreadgroup("crm", "old worker", {STREAM: ">"}, 1)[0][1]
    bench.redis.zadd("sl:{0}:g:crm:due", {entry: int(time.time() * 1000) + 60_000})

    assert await take(group) == ()

    assert bench.pending() == {entry: ("old worker", 1)}


async def test_what_its_workers_leave_behind_is_swept_up(bench: Bench) -> None:
    """A worker of 0.1.0 that finishes an entry forgets neither its losses nor its errors: the audit does."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("e1")
    await take(group)
    (entry,) = bench.pending()
    kept = {f"{entry}:lost": "1 1 1", f"{entry}:error": "ValueError: no"}
    bench.redis.hset("sl:{0}:g:crm:attempts", mapping=kept | {"1-1:lost": "1 1 1", "1-2:error": "ValueError: no"})

    await audit(bench.store, 0, "crm", "-", 60)

    assert bench.redis.hgetall("sl:{0}:g:crm:attempts") == kept


async def test_what_its_audit_makes_due_is_run_once(bench: Bench) -> None:
    """0.1.0 knows no isolated entries and makes them due again: then they stand twice, and are still given out once."""
    group = await bench.group()
    await bench.publish("e1")
    for _ in range(2):
        await take(group)
        await lapse()
    await take(group)
    ((entry, _),) = bench.redis.xrange(STREAM)
    assert bench.redis.zrange("sl:{0}:g:crm:isolated", 0, -1) == [entry]
    bench.redis.zadd("sl:{0}:g:crm:due", {entry: 1})

    taken = await group.take(0, 10)
    again = await group.take(0, 10, alone=True)

    assert (len(taken.leases), again.leases) == (1, ())
    assert not bench.redis.exists("sl:{0}:g:crm:isolated")


def _in_its_shapes(bench: Bench, attempts: dict[str, int]) -> None:
    now = int(time.time() * 1000)
    owners = {"running": "gone", "lapsed": "gone", "scheduled": "-", "parked": "-"}
    scores = {"running": now + 300, "lapsed": now - 5, "scheduled": now + 100, "parked": PARKED}
    for entry, fields in bench.redis.xreadgroup("crm", "gone", {STREAM: ">"}, 10)[0][1]:
        name, lane = fields["id"], fields["key"]
        bench.redis.xclaim(STREAM, "crm", owners[name], 0, [entry], retrycount=attempts[name], justid=True)
        bench.redis.rpush(f"sl:{{0}}:g:crm:lane:{lane}", entry)
        bench.redis.zadd("sl:{0}:g:crm:due", {f"{entry} {lane}": scores[name]})
