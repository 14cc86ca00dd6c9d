"""Lanes handed over: whoever settles the head of a lane gets the next entry in the same call."""

import time

import pytest
from msgspec.structs import replace

from salesloft_webhooks.broker import Group, HandedOver, Lease, Outcome, Settled, Settlement
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take

DUE = "sl:{0}:g:crm:due"
NOTHING_KNOWN: tuple[Lease, ...] = ()


async def lane_of_three(bench: Bench, lease_seconds: float = 60) -> tuple[Group, Lease]:
    """A group that runs the first of three events of one person."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=lease_seconds)
    for event_id in ("e1", "e2", "e3"):
        await bench.publish(event_id)
    (lease,) = await take(group)
    return group, lease


async def finish(group: Group, lease: Lease, *, room: int = 1, outcome: Outcome = Outcome.DONE) -> HandedOver:
    """Settle, with room for what is next."""
    return await group.settle_and_continue(0, [Settlement(lease, outcome, reason="permanent")], room)


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.DEAD])
async def test_the_next_of_a_lane_comes_with_the_answer(bench: Bench, outcome: Outcome) -> None:
    """Each entry of a lane follows the finished one before it, and says whether more wait behind it."""
    group, first = await lane_of_three(bench)

    (second,) = (await finish(group, first, outcome=outcome)).leases
    (third,) = (await finish(group, second, outcome=outcome)).leases
    last = await finish(group, third, outcome=outcome)

    assert [lease.event.event_id for lease in (first, second, third)] == ["e1", "e2", "e3"]
    assert [lease.followed for lease in (first, second, third)] == [True, True, False]
    assert (last.leases, last.something_is_due, bench.pending()) == (NOTHING_KNOWN, False, {})


async def test_what_is_handed_over_is_leased_whole(bench: Bench) -> None:
    """It has a whole lease, its owner may renew it, and nobody else is given it, nor what waits behind it."""
    group, first = await lane_of_three(bench)

    (second,) = (await finish(group, first)).leases

    ends = bench.redis.zscore(DUE, f"{second.entry_id} person:1") / 1000
    assert ends - time.time() == pytest.approx(60, abs=5)
    assert await group.extend(0, [second]) == [True]
    assert await take(await bench.group(consumer="two", ordering=Ordering.ENTITY)) == ()


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.RELEASE])
async def test_what_is_not_finished_keeps_its_lane(bench: Bench, outcome: Outcome) -> None:
    """A retry or a release hands nothing over: the head comes again before what waits behind it."""
    group, first = await lane_of_three(bench)

    answer = await finish(group, first, outcome=outcome)

    assert (answer.leases, answer.something_is_due) == (NOTHING_KNOWN, True)
    assert [lease.event.event_id for lease in await take(group)] == ["e1"]


async def test_what_there_is_no_room_for_is_due(bench: Bench) -> None:
    """Without room, or while the group is paused, the next entry is left to take, and the caller is told."""
    group, first = await lane_of_three(bench)

    without_room = await finish(group, first, room=0)
    (second,) = await take(group)
    await group.pause(60)
    paused = await finish(group, second)

    assert (without_room.leases, without_room.something_is_due) == (NOTHING_KNOWN, True)
    assert (paused.leases, paused.something_is_due) == (NOTHING_KNOWN, True)


async def test_room_bounds_what_a_batch_hands_over(bench: Bench) -> None:
    """Of three lanes whose heads are finished by one call, as many go on as there is room for; the rest is due."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    for event_id in ("a", "b", "c", "a2", "b2", "c2"):
        await bench.publish(event_id, key=f"person:{event_id[0]}")
    heads = await take(group)

    answer = await group.settle_and_continue(0, [Settlement(lease, Outcome.DONE) for lease in heads], 2)

    assert [lease.event.event_id for lease in answer.leases] == ["a2", "b2"]
    assert answer.something_is_due
    assert [lease.event.event_id for lease in await take(group)] == ["c2"]


async def test_a_repeat_hands_over_what_the_lost_answer_did(bench: Bench) -> None:
    """After a lost answer the repeat names the same attempt, without any room, and leases nothing more."""
    group, first = await lane_of_three(bench)
    (handed_over,) = (await finish(group, first)).leases
    group._settle_numbers[0] -= 1
    group._settle_unanswered[0] = True

    repeat = await finish(group, first, room=0)

    assert (repeat.results, repeat.something_is_due) == ((Settled.GONE,), True)
    assert [(lease.entry_id, lease.event.attempt) for lease in repeat.leases] == [(handed_over.entry_id, 1)]
    assert [owner for owner, _ in bench.pending().values()] == ["one", NOBODY]


async def test_a_repeat_does_not_hand_over_what_is_done_meanwhile(bench: Bench) -> None:
    """Somebody who had it before the group was destroyed reports late: nobody handles it again."""
    group, first = await lane_of_three(bench)
    (handed_over,) = (await finish(group, first)).leases
    group._settle_numbers[0] -= 1
    group._settle_unanswered[0] = True
    other = await bench.group(consumer="two", ordering=Ordering.ENTITY, lease_seconds=60)
    assert await settle(other, replace(handed_over, run="earlier"), Outcome.DONE) is Settled.LATE

    repeat = await finish(group, first, room=0)

    assert repeat.leases == NOTHING_KNOWN


async def test_a_repeat_does_not_name_what_an_earlier_call_handed_over(bench: Bench) -> None:
    """What is repeated is the call whose answer was lost: what the one before has handed over is known already."""
    group, first = await lane_of_three(bench)
    await bench.publish("f1", key="person:2")
    (other,) = await take(group)
    await finish(group, first)
    await finish(group, other)
    group._settle_numbers[0] -= 1
    group._settle_unanswered[0] = True

    repeat = await finish(group, other)

    assert repeat.leases == NOTHING_KNOWN


async def test_a_call_that_comes_after_its_repeat_hands_nothing_over(bench: Bench) -> None:
    """What a server that hung had in its buffers finds the entry gone."""
    group, first = await lane_of_three(bench)
    await finish(group, first)
    group._settle_numbers[0] -= 1

    copy = await finish(group, first)

    assert (copy.results, copy.leases) == ((Settled.GONE,), NOTHING_KNOWN)


async def test_a_handed_over_lease_lapses_like_any_other(bench: Bench) -> None:
    """Whoever dies with it loses one lease: the next consumer gets it as the second attempt, still before the third."""
    group, first = await lane_of_three(bench, lease_seconds=0.05)
    (second,) = (await finish(group, first)).leases
    other = await bench.group(consumer="two", ordering=Ordering.ENTITY, lease_seconds=60)
    await lapse()

    (again,) = await take(other)

    assert (again.entry_id, again.event.attempt, again.failures) == (second.entry_id, 2, 0)
    assert await settle(group, second, Outcome.RETRY) is Settled.LOST
    assert [lease.event.event_id for lease in (await finish(other, again)).leases] == ["e3"]


async def test_what_this_process_cannot_run_is_left_to_take(bench: Bench) -> None:
    """An entry without a handler here is not handed over; a worker that has one gets it."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60, events=("*",), handled=("person.*",))
    await bench.publish("e1")
    await bench.publish("c1", event_type="call.created")
    (first,) = await take(group)

    answer = await finish(group, first)

    assert (answer.leases, answer.something_is_due) == (NOTHING_KNOWN, True)
    assert (await group.take(0, 10)).unhandled == ("call.created",)


async def test_what_was_begun_before_is_left_to_take(bench: Bench) -> None:
    """Only a first attempt is handed over: what has lost leases may have to be isolated, and `take` knows that."""
    group, first = await lane_of_three(bench)
    second = next(entry for entry, (owner, _) in bench.pending().items() if owner == NOBODY)
    bench.redis.xclaim(STREAM, "crm", NOBODY, 0, [second], retrycount=1, justid=True)

    answer = await finish(group, first)

    assert (answer.leases, answer.something_is_due) == (NOTHING_KNOWN, True)
    assert [(lease.entry_id, lease.event.attempt) for lease in await take(group)] == [(second, 2)]


async def test_leases_are_given_by_the_groups_clock(bench: Bench) -> None:
    """When the server's clock was set back, the group's goes on, and what is handed over is leased by that."""
    group, first = await lane_of_three(bench)
    hour = 3_600_000
    bench.redis.hincrby("sl:{0}:g:crm:clock", "called", hour)

    (second,) = (await finish(group, first)).leases

    ends = bench.redis.zscore(DUE, f"{second.entry_id} person:1")
    assert ends - time.time() * 1000 == pytest.approx(hour + 60_000, abs=5_000)
