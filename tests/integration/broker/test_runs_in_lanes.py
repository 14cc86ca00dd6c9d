"""Copies that come along behind a head: run under its lease, settled with it, and nobody else's meanwhile."""

import time

import pytest

from salesloft_webhooks.broker import Group, HandedOver, Lease, Outcome, Settled, Settlement
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, lapse, take

DUE, CLOCK, LANE = "sl:{0}:g:crm:due", "sl:{0}:g:crm:clock", "sl:{0}:g:crm:lane:person:1"
IDS = [f"e{number}" for number in range(6)]


async def head_with_copies(bench: Bench, *, behind: int = 3, lease_seconds: float = 60) -> tuple[Group, Lease]:
    """A group that has finished the first of six events of one person, and what it is handed over."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=lease_seconds)
    for event_id in IDS:
        await bench.publish(event_id)
    (first,) = await take(group)
    (head,) = (await settle(group, (first, Outcome.DONE), behind=behind)).leases
    return group, head


async def settle(group: Group, *run: tuple[Lease, Outcome], room: int = 1, behind: int = 0) -> HandedOver:
    """Settle in one call, and go on."""
    settlements = [Settlement(lease, outcome, reason="permanent", error="boom") for lease, outcome in run]
    return await group.settle_and_continue(0, settlements, room, behind)


def ids(*leases: Lease) -> list[str]:
    """Of their events."""
    return [lease.event.event_id for lease in leases]


async def test_copies_come_along_and_nothing_is_leased_by_that(bench: Bench) -> None:
    """As many as are welcome, in order, whole, each as a first attempt; in the store they stay parked."""
    _, head = await head_with_copies(bench)

    assert ids(head, *head.behind) == IDS[1:5]
    assert [(each.event.attempt, each.event.data, each.followed) for each in head.behind] == [(1, {"id": 1}, True)] * 3
    assert [owner for owner, _ in bench.pending().values()] == ["one", *[NOBODY] * 4]
    assert len(set(bench.redis.zrange(DUE, 0, -1, withscores=True)[-1:])) == 1


async def test_a_run_is_settled_by_one_call(bench: Bench) -> None:
    """A head and two that were run behind it are done; the one behind those is handed over, with what follows it."""
    group, head = await head_with_copies(bench)
    second, third, _ = head.behind

    answer = await settle(group, *((each, Outcome.DONE) for each in (head, second, third)), behind=9)

    assert answer.results == (Settled.SETTLED,) * 3
    assert [ids(each, *each.behind) for each in answer.leases] == [IDS[4:]]
    assert not answer.leases[0].behind[-1].followed
    assert [bench.record(event_id).get("crm") for event_id in IDS[:5]] == ["done"] * 4 + [None]


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.RELEASE, Outcome.DEAD])
async def test_what_ends_a_run_badly_keeps_its_place(bench: Bench, outcome: Outcome) -> None:
    """A retry or a release is given out again before what waits behind it; of a dead one there is a letter."""
    group, head = await head_with_copies(bench)

    answer = await settle(group, (head, Outcome.DONE), (head.behind[0], outcome), room=0)

    (next_one,) = await take(group)
    assert answer.results == (Settled.SETTLED,) * 2
    dead = outcome is Outcome.DEAD
    attempt = 2 if outcome is Outcome.RETRY else 1
    assert (ids(next_one), next_one.event.attempt) == (IDS[3:4] if dead else IDS[2:3], attempt)
    assert bench.redis.xlen("sl:{0}:g:crm:dead") == dead


async def test_a_paused_group_takes_the_outcomes_of_a_run(bench: Bench) -> None:
    """What was run is finished, and what is next waits for the end of the pause."""
    group, head = await head_with_copies(bench)
    await group.pause(60)

    answer = await settle(group, (head, Outcome.DONE), (head.behind[0], Outcome.DONE), behind=9)

    assert (answer.results, answer.leases, answer.something_is_due) == ((Settled.SETTLED,) * 2, (), True)
    assert set(bench.pending().values()) == {(NOBODY, 0)}


async def test_who_dies_in_a_run_leaves_its_head_to_lapse(bench: Bench) -> None:
    """Another consumer begins with the head, as its second attempt, and nothing behind it is given out meanwhile."""
    await head_with_copies(bench, lease_seconds=0.05)
    other = await bench.group(consumer="two", ordering=Ordering.ENTITY, lease_seconds=60)
    await lapse()

    (again,) = await take(other)

    assert (ids(again), again.event.attempt) == (IDS[1:2], 2)
    assert await take(other) == ()


async def test_a_run_whose_head_is_lost_counts_as_far_as_it_is_done(bench: Bench) -> None:
    """Its `done`s are facts, and not repeated by whoever has the head now; a retry is none, and changes nothing."""
    group, head = await head_with_copies(bench, lease_seconds=0.05)
    other = await bench.group(consumer="two", ordering=Ordering.ENTITY, lease_seconds=60)
    await lapse()
    (again,) = await take(other)
    second, third, _ = head.behind

    late = await settle(group, (head, Outcome.DONE), (second, Outcome.DONE), (third, Outcome.RETRY))

    assert late.results == (Settled.LATE, Settled.SETTLED, Settled.LOST)
    answer = await settle(other, (again, Outcome.DONE))
    assert (ids(*answer.leases), answer.leases[0].event.attempt) == (IDS[3:4], 1)


async def test_the_repeat_of_a_run_changes_nothing(bench: Bench) -> None:
    """After a lost answer the same outcomes come again: what ended the run is not touched, wherever it is by now."""
    group, head = await head_with_copies(bench)
    run = ((head, Outcome.DONE), (head.behind[0], Outcome.RETRY))
    await settle(group, *run)
    (again,) = await take(group)
    before = bench.pending()

    repeat = await settle(group, *run)

    assert repeat.results == (Settled.GONE, Settled.LOST)
    assert (again.event.attempt, bench.pending()) == (2, before)


async def test_a_call_that_stops_halfway_leaves_the_next_entry_to_take(bench: Bench) -> None:
    """What was run behind a finished head is due at once, should its own outcome not have been stored."""
    group, head = await head_with_copies(bench)
    follower = head.behind[0]
    bench.redis.set("sl:{0}:g:crm:attempts", "no hash")

    with pytest.raises(StoreError, match="WRONGTYPE"):
        await settle(group, (head, Outcome.DONE), (follower, Outcome.RETRY))

    assert bench.redis.zscore(DUE, f"{follower.entry_id} person:1") <= time.time() * 1000


async def test_nothing_comes_along_for_a_while_after_a_lost_lease(bench: Bench) -> None:
    """What kills its worker must lose its own lease, not that of a head which it was run behind."""
    group, head = await head_with_copies(bench, lease_seconds=0.05)
    await lapse()
    (again,) = await take(group)

    (alone,) = (await settle(group, (again, Outcome.DONE), behind=9)).leases
    bench.redis.hincrby(CLOCK, "lost", -600_000)
    (with_copies,) = (await settle(group, (alone, Outcome.DONE), behind=9)).leases

    assert (ids(again), head.entry_id, alone.behind) == (IDS[1:2], again.entry_id, ())
    assert ids(*with_copies.behind) == IDS[4:]


async def test_copies_end_before_what_is_not_theirs_to_run(bench: Bench) -> None:
    """Neither what has been begun before, nor anything behind that, comes along."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    for event_id in IDS:
        await bench.publish(event_id)
    (first,) = await take(group)
    begun = bench.redis.lindex(LANE, 3)
    bench.redis.xclaim("sl:{0}:events", "crm", NOBODY, 0, [begun], retrycount=1, justid=True)

    (head,) = (await settle(group, (first, Outcome.DONE), behind=9)).leases

    assert ids(head, *head.behind) == IDS[1:3]


async def test_copies_are_bounded_by_their_bytes(bench: Bench) -> None:
    """Large bodies do not come along by the dozen: behind what reaches the bound nothing follows."""
    bound, body = 65_536, b'{"x":"' + b"y" * 40_000 + b'"}'
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    for event_id in IDS:
        await bench.publish(event_id, body=body)
    (first,) = await take(group)

    (head,) = (await settle(group, (first, Outcome.DONE), behind=9)).leases

    assert len(head.behind) == bound // len(body) + 1
