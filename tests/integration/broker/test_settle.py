"""Settling: every outcome, in time and late, with and without order; and what is remembered."""

import asyncio

import pytest

from salesloft_webhooks.broker import Outcome, Settled, Stored
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.keys import PARKED_SCORE
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take
from tests.support.idempotency_records import forget_record


async def test_done_ends_an_entry(bench: Bench) -> None:
    """A done entry is not pending, not due, remembered as done, and settling it again is harmless."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)

    assert await settle(group, lease, Outcome.DONE) is Settled.SETTLED
    assert await settle(group, lease, Outcome.DONE) is Settled.GONE

    assert bench.pending() == {}
    assert not bench.redis.exists("sl:{0}:g:crm:due")
    assert bench.record("e1")["crm"] == "done"


async def test_a_retry_waits_and_counts(bench: Bench) -> None:
    """A retry comes back after its delay, not before, to any consumer, as the next attempt."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (lease,) = await take(one)

    assert await settle(one, lease, Outcome.RETRY, delay=0.1) is Settled.SETTLED
    assert await take(two) == ()
    await asyncio.sleep(0.11)
    (again,) = await take(two)

    assert again.event.attempt == 2


async def test_a_release_comes_back_uncounted(bench: Bench) -> None:
    """A released entry is due at once, and the attempt was none."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)

    assert await settle(group, lease, Outcome.RELEASE) is Settled.SETTLED
    (again,) = await take(group)

    assert again.event.attempt == 1


async def test_a_dead_letter_is_a_full_copy_with_its_story(bench: Bench) -> None:
    """The dead letter has all fields of the entry, the reason, the error, the attempts, the time and the consumer."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)

    await settle(group, lease, Outcome.DEAD, reason="permanent", error="ValueError: no such person")

    ((_, letter),) = bench.redis.xrange("sl:{0}:g:crm:dead")
    assert letter["id"] == "e1"
    assert letter["body"] == '{"id":1}'
    assert (letter["entry"], letter["reason"], letter["attempts"]) == (lease.entry_id, "permanent", "1")
    assert (letter["error"], letter["consumer"]) == ("ValueError: no such person", "one")
    assert int(letter["died"]) > 1_700_000_000_000
    assert bench.record("e1")["crm"] == "dead"
    assert bench.pending() == {}


async def test_a_failing_event_holds_back_its_own_person_only(bench: Bench) -> None:
    """While a lane's head waits for its retry, the person's later events wait and other people's go on."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    await bench.publish("a1", key="person:1")
    await bench.publish("a2", key="person:1")
    (head,) = await take(group)
    await settle(group, head, Outcome.RETRY, delay=0.1)

    await bench.publish("b1", key="person:2")
    assert [lease.event.event_id for lease in await take(group)] == ["b1"]

    await asyncio.sleep(0.11)
    (again,) = await take(group)
    assert again.event.event_id == "a1"
    await settle(group, again, Outcome.DEAD)
    assert [lease.event.event_id for lease in await take(group)] == ["a2"]


async def test_only_the_holder_may_retry_kill_or_release(bench: Bench) -> None:
    """After the lease went to another consumer, the old attempt's retry, dead and release change nothing."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (old,) = await take(one)
    await lapse()
    await take(two)
    before = bench.pending(), bench.redis.zrange("sl:{0}:g:crm:due", 0, -1, withscores=True)

    for outcome in (Outcome.RETRY, Outcome.DEAD, Outcome.RELEASE):
        assert await settle(one, old, outcome) is Settled.LOST

    assert (bench.pending(), bench.redis.zrange("sl:{0}:g:crm:due", 0, -1, withscores=True)) == before
    assert not bench.redis.exists("sl:{0}:g:crm:dead")


async def test_an_older_attempt_of_the_same_consumer_may_not_settle(bench: Bench) -> None:
    """Owner alone is no proof: the same consumer's first attempt cannot end its second one."""
    group = await bench.group()
    await bench.publish("e1")
    (first,) = await take(group)
    await lapse()
    await take(group)

    assert await settle(group, first, Outcome.RETRY) is Settled.LOST


async def test_a_late_done_counts_but_leaves_the_lane_to_its_holder(bench: Bench) -> None:
    """A late done is written down; the lane moves on when the present holder is through, whatever it says, and once."""
    one = await bench.group(ordering=Ordering.ENTITY)
    two = await bench.group(consumer="two", ordering=Ordering.ENTITY)
    for event_id in ("a1", "a2", "a3"):
        await bench.publish(event_id)
    (old,) = await take(one)
    await lapse()
    (current,) = await take(two)

    assert await settle(one, old, Outcome.DONE) is Settled.LATE
    assert bench.record("a1")["crm"] == "done"
    assert await take(one) == ()

    assert await settle(two, current, Outcome.RETRY) is Settled.SETTLED
    assert [lease.event.event_id for lease in await take(one)] == ["a2"]
    assert await settle(one, old, Outcome.DONE) is Settled.GONE
    assert bench.redis.llen("sl:{0}:g:crm:lane:person:1") == 2


async def test_a_late_done_ends_an_entry_that_nobody_runs(bench: Bench) -> None:
    """When the heir has given the entry back for a retry, the late done ends it there and then."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (old,) = await take(one)
    await lapse()
    (current,) = await take(two)
    await settle(two, current, Outcome.RETRY, delay=60)

    assert await settle(one, old, Outcome.DONE) is Settled.SETTLED

    assert bench.pending() == {}


async def test_a_late_done_stops_the_next_attempt(bench: Bench) -> None:
    """When the heir dies as well, the entry is not given out a third time: it is done."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (old,) = await take(one)
    await lapse()
    await take(two)
    await settle(one, old, Outcome.DONE)
    await lapse()

    # Two lost attempts make it isolated, which is only looked at alone.
    taken = await one.take(0, 1, alone=True)

    assert taken.leases == ()
    assert taken.skipped == 1
    assert bench.pending() == {}


async def test_a_record_that_has_expired_is_written_again_with_an_end(bench: Bench) -> None:
    """An event handled after its record's time leaves a record that expires, not one for ever."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)
    forget_record(bench.redis, "e1")

    await settle(group, lease, Outcome.DONE)

    assert bench.record("e1") == {"crm": "done", "entry": lease.entry_id}
    assert bench.redis.ttl("sl:{0}:event:e1") > 0


async def test_done_is_remembered_when_the_group_was_destroyed_meanwhile(bench: Bench) -> None:
    """A handler that finishes after XGROUP DESTROY has handled its event: the group made again does not get it."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)
    bench.redis.xgroup_destroy(STREAM, "crm")

    assert await settle(group, lease, Outcome.DONE) is Settled.GONE

    assert bench.record("e1")["crm"] == "done"
    assert await take(group) == ()


async def test_done_does_not_make_a_lost_event_known(bench: Bench) -> None:
    """A handler outlives the server's data: its event, delivered again, is stored for the others, not for its group."""
    group, other = await bench.group(), await bench.group("other")
    await bench.publish("e1")
    (lease,) = await take(group)
    bench.redis.flushall()

    assert await settle(group, lease, Outcome.DONE) is Settled.GONE
    assert await history(bench.store, "e1") is None
    assert await bench.publish("e1") is Stored.NEW

    assert await take(group) == ()
    assert [lease.event.event_id for lease in await take(other)] == ["e1"]


async def test_a_late_done_does_not_undo_a_dead_letter(bench: Bench) -> None:
    """What is dead stays dead in the record until somebody redrives it."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (old,) = await take(one)
    await lapse()
    await settle(two, (await take(two))[0], Outcome.DEAD)

    assert await settle(one, old, Outcome.DONE) is Settled.GONE

    assert bench.record("e1")["crm"] == "dead"


@pytest.mark.parametrize("delay", [float("inf"), float("nan"), 1e300])
async def test_an_absurd_delay_is_a_long_one(bench: Bench, delay: float) -> None:
    """A delay no clock can hold is cut to a year: due then, and never mistaken for a parked entry."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)

    assert await settle(group, lease, Outcome.RETRY, delay=delay) is Settled.SETTLED

    ((_, due),) = bench.redis.zrange("sl:{0}:g:crm:due", 0, -1, withscores=True)
    assert due < PARKED_SCORE / 1000
