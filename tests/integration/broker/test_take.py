"""Taking: what is given, to whom, in which order, and what is passed over."""

import asyncio

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take


async def test_a_lease_carries_the_whole_event(bench: Bench) -> None:
    """What was published comes back unchanged, as the group's first attempt."""
    group = await bench.group()
    await bench.publish("e1")

    (lease,) = await take(group)

    event = lease.event
    assert (event.event_id, event.event_type, event.entity_key) == ("e1", "person.created", "person:1")
    assert (event.source, event.created_at, event.traceparent) == ("default", "2026-03-07T04:26:14Z", "00-trace-01")
    assert (event.data, event.attempt, event.group) == ({"id": 1}, 1, "crm")
    assert abs(event.age_seconds) < 5


async def test_a_new_group_begins_with_the_first_event(bench: Bench) -> None:
    """What was accepted before the first worker of a group ran is not skipped."""
    await bench.publish("e1")

    group = await bench.group()

    assert [lease.event.event_id for lease in await take(group)] == ["e1"]


async def test_the_filter_passes_unwanted_types_over(bench: Bench) -> None:
    """Exact names and globs choose; the rest is acknowledged in the server and never seen."""
    group = await bench.group(events=("person.created", "email.*", "ca?l.x"))
    types = ["person.created", "person.updated", "email.opened", "emailXopened", "call.x", "person.created2"]
    for event_type in types:
        await bench.publish(event_type, event_type=event_type)

    assert [lease.event.event_type for lease in await take(group)] == ["person.created", "email.opened", "call.x"]
    assert len(bench.pending()) == 3


async def test_two_consumers_never_hold_the_same_entry(bench: Bench) -> None:
    """Entries are shared out, not copied, among a group's consumers; another group gets them all."""
    one, two = await bench.group(), await bench.group(consumer="two")
    other = await bench.group("notify")
    for number in range(10):
        await bench.publish(f"e{number}")

    first, second, third = await take(one, 5), await take(two, 10), await take(other)

    assert [len(first), len(second), len(third)] == [5, 5, 10]
    assert not {lease.entry_id for lease in first} & {lease.entry_id for lease in second}


async def test_a_lapsed_lease_goes_to_another_consumer_as_the_next_attempt(bench: Bench) -> None:
    """When a consumer falls silent, its entry is given to the next that asks, once its lease is over, not before."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    await take(one)
    assert await take(two) == ()

    await lapse()
    (lease,) = await take(two)

    assert lease.event.attempt == 2


async def test_a_renewed_lease_does_not_lapse(bench: Bench) -> None:
    """As long as leases are renewed nobody else gets the entry; `extend` refuses attempts that hold nothing."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (lease,) = await take(one)
    for _ in range(4):
        await asyncio.sleep(0.02)
        assert await one.extend(0, [lease]) == [True]
        assert await take(two) == ()

    await lapse()
    (stolen,) = await take(two)

    assert await one.extend(0, [lease]) == [False]
    assert await two.extend(0, [stolen]) == [True]


async def test_an_earlier_attempt_of_the_same_consumer_cannot_renew(bench: Bench) -> None:
    """The attempt number is part of the lease: a consumer that took its own lapsed entry again has a new lease."""
    group = await bench.group()
    await bench.publish("e1")
    (first,) = await take(group)
    await lapse()
    (second,) = await take(group)

    assert await group.extend(0, [first, second]) == [False, True]


async def test_what_is_done_is_not_given_again_after_the_group_was_lost(bench: Bench) -> None:
    """A destroyed group is made again from the start, and the idempotency records keep what is done from re-running."""
    group = await bench.group(ordering=Ordering.ENTITY)
    for number in range(3):
        await bench.publish(f"e{number}")
    (lease,) = await take(group)
    await settle(group, lease, Outcome.DONE)
    await take(group)
    bench.redis.xgroup_destroy(STREAM, "crm")

    taken = await group.take(0, 10)

    assert taken.healed
    assert taken.skipped == 1
    assert [lease.event.event_id for lease in taken.leases] == ["e1"]
    assert (
        bench.redis.lrange("sl:{0}:g:crm:lane:person:1", 0, -1)
        == [entry for entry, _ in bench.redis.xrange(STREAM)][1:]
    )


async def test_a_vanished_store_heals(bench: Bench) -> None:
    """After FLUSHALL a group is there again with the next take, and takes what comes."""
    group = await bench.group()
    bench.redis.flushall()

    assert (await group.take(0, 1)).healed
    await bench.publish("e1")

    assert len(await take(group)) == 1


async def test_retries_and_new_entries_share_a_take(bench: Bench) -> None:
    """With more due and more new entries than fit, both kinds get their part, in turn even one by one."""
    group = await bench.group(lease_seconds=60)
    for number in range(20):
        await bench.publish(f"old{number}")
    for lease in await take(group, 20):
        await settle(group, lease, Outcome.RETRY)
    for number in range(20):
        await bench.publish(f"new{number}")

    both = [lease.event.event_id[:3] for lease in await take(group, 10)]
    singly = [(await take(group, 1))[0].event.event_id[:3] for _ in range(4)]

    assert (both.count("old"), both.count("new")) == (5, 5)
    assert (singly.count("old"), singly.count("new")) == (2, 2)


async def test_due_entries_fill_what_new_ones_leave(bench: Bench) -> None:
    """When nothing is new, due entries may use the whole take."""
    group = await bench.group(lease_seconds=60)
    for number in range(8):
        await bench.publish(f"e{number}")
    for lease in await take(group):
        await settle(group, lease, Outcome.RETRY)

    assert len(await take(group, 8)) == 8


async def test_a_lane_runs_its_head_only(bench: Bench) -> None:
    """With entity order one event per person is out at a time; other people are not held up."""
    group = await bench.group(ordering=Ordering.ENTITY)
    for event_id, key in (("a1", "person:1"), ("a2", "person:1"), ("b1", "person:2"), ("a3", "person:1")):
        await bench.publish(event_id, key=key)

    leases = await take(group)
    assert [lease.event.event_id for lease in leases] == ["a1", "b1"]
    assert await take(group) == ()

    await settle(group, leases[0], Outcome.DONE)
    assert [lease.event.event_id for lease in await take(group)] == ["a2"]


async def test_a_paused_group_takes_nothing(bench: Bench) -> None:
    """A breaker ends by itself; a pause by hand stays, and a breaker does not replace it."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("e1")
    await group.pause(0.05)
    taken = await group.take(0, 1)
    assert taken.paused
    assert taken.wait_seconds is not None
    assert 0 < taken.wait_seconds <= 0.05

    bench.redis.set("sl:{0}:g:crm:pause", "manual")
    await group.pause(0.001)
    await asyncio.sleep(0.06)
    assert (await group.take(0, 1)).paused

    bench.redis.delete("sl:{0}:g:crm:pause")
    assert len(await take(group)) == 1


async def test_an_empty_take_names_the_last_entry(bench: Bench) -> None:
    """Waiting behind the last entry returns when the next one arrives, and after the given time when none does."""
    group = await bench.group()
    await bench.publish("e1")
    await settle(group, (await take(group))[0], Outcome.DONE)
    taken = await group.take(0, 1)
    loop = asyncio.get_running_loop()

    began = loop.time()
    await group.wait(0, taken.last_id, 0.05)
    silent = loop.time() - began
    waiting = asyncio.create_task(group.wait(0, taken.last_id, 2))
    await asyncio.sleep(0.02)
    await bench.publish("e2")
    await waiting

    assert 0.04 < silent < 1
    assert loop.time() - began < 2


async def test_a_take_that_found_everything_says_so(bench: Bench) -> None:
    """Who asked for less than there was is sent back at once; who has it all is told where to wait for more."""
    group = await bench.group()
    await bench.publish("e1")
    await bench.publish("e2")

    first, second = await group.take(0, 1), await group.take(0, 5)

    assert (len(first.leases), first.last_id) == (1, "")
    assert [lease.entry_id for lease in second.leases] == [second.last_id]


async def test_the_next_due_time_is_told(bench: Bench) -> None:
    """After an empty take the consumer knows when to look again for a retry."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)
    await settle(group, lease, Outcome.RETRY, delay=0.5)

    taken = await group.take(0, 1)

    assert taken.wait_seconds is not None
    assert 0.3 < taken.wait_seconds <= 0.5


async def test_replayed_entries_reach_only_their_group(bench: Bench) -> None:
    """An entry marked for one group is passed over by the others."""
    mine, other = await bench.group(), await bench.group("notify")
    bench.redis.xadd(STREAM, {"id": "e1", "type": "person.created", "key": "person:1", "only": "crm", "body": "{}"})

    assert len(await take(mine)) == 1
    assert await take(other) == ()
    assert bench.pending("notify") == {}
