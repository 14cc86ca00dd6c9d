"""What the store does about its own absence: lost replies, leases that lapsed meanwhile, a clock that is set back."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from salesloft_webhooks.broker import Group, Outcome, Settled, Store
from salesloft_webhooks.broker.keys import PARKED_SCORE
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, lapse, settle, take

CLOCK = "sl:{0}:g:crm:clock"
HOUR_MS = 3_600_000


class LosesReplies:
    """A store whose next replies get lost after the server has done its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.to_lose = 0
        original = Store.run

        async def run(store: Store, name: str, partition: int, args: Sequence[Any], keys: Sequence[str] = ()) -> Any:
            reply = await original(store, name, partition, args, keys)
            if self.to_lose:
                self.to_lose -= 1
                raise StoreUnavailable("the reply is lost")
            return reply

        monkeypatch.setattr(Store, "run", run)


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_a_take_whose_reply_is_lost_costs_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ordering: Ordering
) -> None:
    """The repeat is given the very same leases, and neither a lease's time nor an attempt is lost."""
    network = LosesReplies(monkeypatch)
    group = await bench.group(ordering=ordering, lease_seconds=60)
    for number in range(5):
        await bench.publish(f"e{number}", key=f"person:{number}")

    network.to_lose = 2
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await group.take(0, 3)
    leases = await take(group, 3)

    assert [(lease.event.event_id, lease.event.attempt) for lease in leases] == [("e0", 1), ("e1", 1), ("e2", 1)]
    assert [await settle(group, lease, Outcome.DONE) for lease in leases] == [Settled.SETTLED] * 3
    assert [lease.event.event_id for lease in await take(group)] == ["e3", "e4"]


async def test_a_take_that_arrives_after_its_repeat_leases_nothing(bench: Bench) -> None:
    """A call that a frozen server had in its buffers comes last, and finds its number used up."""
    group = await bench.group(lease_seconds=60)
    first = _arguments_of_a_take(group)
    group._take_unanswered[0] = True
    assert await take(group) == ()

    await bench.publish("e1")
    delayed = await bench.store.run("take", 0, first)

    assert delayed[5] == []
    assert bench.pending() == {}


async def test_an_old_take_leases_nothing(bench: Bench) -> None:
    """A call older than the last one that was answered is not heard any more."""
    group = await bench.group(lease_seconds=60)
    first = _arguments_of_a_take(group)
    await bench.publish("e1")
    await take(group)
    await bench.publish("e2")
    await take(group)
    await bench.publish("e3")

    assert (await bench.store.run("take", 0, first))[5] == []

    assert len(bench.pending()) == 2


async def test_after_a_silence_the_living_report_first(bench: Bench) -> None:
    """When nobody has called for long, lapsed leases are left to their owners for a while; other work goes on."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (lease,) = await take(one)
    await lapse()
    _rewind(bench, 40_000)
    await bench.publish("e2")

    assert [lease.event.event_id for lease in await take(two)] == ["e2"]
    assert await settle(one, lease, Outcome.DONE) is Settled.SETTLED


async def test_after_that_the_dead_are_not_waited_for(bench: Bench) -> None:
    """An owner that has not reported within those seconds is taken for dead."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    await take(one)
    await lapse()
    _rewind(bench, 40_000)
    assert await take(two) == ()
    _rewind(bench, 900)
    reporting_until = int(bench.redis.hget(CLOCK, "reporting_until"))
    _rewind(bench, 5_000, called=False)

    (lease,) = await take(two)

    assert reporting_until > 0
    assert lease.event.attempt == 2


async def test_seldom_calls_do_not_hide_the_dead_for_ever(bench: Bench) -> None:
    """Should everybody call less often than every half lease, what a dead consumer held is given out all the same."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    await take(one)
    found: list[str] = []
    for _ in range(6):
        _rewind(bench, 2_000)
        found += [lease.event.event_id for lease in await take(two)]
        if found:
            break

    assert found == ["e1"]


async def test_a_renewal_counts_as_a_call(bench: Bench) -> None:
    """The first call after an outage may be a renewal: whoever takes next still leaves lapsed leases alone."""
    one, two = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    await take(one)
    await lapse()
    _rewind(bench, 40_000)

    await two.extend(0, [])

    assert await take(two) == ()


async def test_a_clock_set_back_holds_nothing_up(bench: Bench) -> None:
    """The server's clock goes back an hour: a retry is due when it was meant to be, and a lease lapses in its time."""
    group = await bench.group(lease_seconds=0.4)
    for event_id in ("retried", "held"):
        await bench.publish(event_id)
    retried, _ = await take(group)
    await settle(group, retried, Outcome.RETRY, delay=0.2)

    _rewind(bench, -HOUR_MS)
    assert await take(group) == ()
    await asyncio.sleep(0.25)
    first = [lease.event.event_id for lease in await take(group)]
    await asyncio.sleep(0.3)
    second = [lease.event.event_id for lease in await take(group)]

    assert (first, second) == (["retried"], ["held"])


async def test_a_clock_set_back_does_not_lengthen_a_pause(bench: Bench) -> None:
    """A breaker's pause ends when it was meant to, too."""
    group = await bench.group()
    await take(group)
    await group.pause(0.1, "the CRM is down")
    bench.redis.pexpire("sl:{0}:g:crm:pause", HOUR_MS + 100)
    _rewind(bench, -HOUR_MS)
    await bench.publish("e1")

    await take(group)
    await asyncio.sleep(0.15)

    assert len(await take(group)) == 1


async def test_a_repeat_does_not_give_out_what_is_done_meanwhile(bench: Bench) -> None:
    """Who had lost the lease reports before a take is repeated whose answer was lost: nobody handles it again."""
    stalled, group = await bench.group(), await bench.group(consumer="two")
    await bench.publish("e1")
    (late,) = await take(stalled)
    await lapse()
    assert len(await take(group)) == 1
    group._take_numbers[0] -= 1
    group._take_unanswered[0] = True
    assert await settle(stalled, late, Outcome.DONE) is Settled.LATE

    assert await take(group) == ()

    await lapse()
    assert await take(group) == ()
    assert bench.pending() == {}
    assert bench.record("e1")["crm"] == "done"


async def test_what_was_deleted_or_added_by_hand_stops_nobody(bench: Bench) -> None:
    """An entry deleted between a take and its repeat is passed over, and one without an entity is handled."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("e1")
    await bench.publish("e2")
    deleted, kept = await take(group)
    bench.redis.xdel("sl:{0}:events", deleted.entry_id)
    bench.redis.xadd("sl:{0}:events", {"id": "bare", "type": "person.created"})
    group._take_numbers[0] -= 1
    group._take_unanswered[0] = True

    repeated, after = await take(group), await take(group)

    assert [lease.entry_id for lease in repeated] == [kept.entry_id]
    assert [(lease.event.event_id, lease.event.entity_key) for lease in after] == [("bare", "")]


async def test_what_was_deleted_is_not_given_back(bench: Bench) -> None:
    """A worker that ends gives back an entry that is gone from the stream: nothing of it is left, nothing is due."""
    group = await bench.group()
    await bench.publish("e1")
    (lease,) = await take(group)
    bench.redis.xdel("sl:{0}:events", lease.entry_id)

    await settle(group, lease, Outcome.RELEASE)

    assert bench.pending() == {}
    assert bench.redis.zrange("sl:{0}:g:crm:due", 0, -1) == []


def _arguments_of_a_take(group: Group) -> list[Any]:
    """What `Group.take` sends first of all."""
    return ["crm", group.consumer, 10, 60_000, 5, "none", 8, 3600, 500, 0, group.options.version, 3_600_000, 1, 0]


def _rewind(bench: Bench, milliseconds: int, *, called: bool = True) -> None:
    """Move what the store remembers into the past, as if so much time had gone by; negative: set its clock back."""
    with bench.redis.pipeline() as pipe:
        for key in ("sl:{0}:g:crm:due", "sl:{0}:g:crm:seen"):
            for member, score in bench.redis.zrange(key, 0, -1, withscores=True):
                if score < PARKED_SCORE:
                    pipe.zadd(key, {member: score - milliseconds})
        for field in ("called", "reporting_until") if called else ("reporting_until",):
            pipe.hset(CLOCK, field, int(bench.redis.hget(CLOCK, field) or 0) - milliseconds)
        pipe.execute()
