"""Versions of a group's filter: what they want together is handled or waits, whoever reads it first."""

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.groups import registration
from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.handling import DAY_MS, NEW, OLD, handled, pass_time, show_life, state_in_group
from tests.support.broker_bench import Bench, lapse, settle, take


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
    assert await state_in_group(bench, "c1") is EventState.NO_HANDLER
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
    assert [await state_in_group(bench, event_id) for event_id in ("c2", "p3")] == [
        EventState.NO_HANDLER,
        EventState.PARKED,
    ]
    assert await handled(new) == ["c2", "p3"]
    assert bench.pending() == {}


async def test_what_no_version_wants_is_acknowledged(bench: Bench) -> None:
    """A type that nobody of the group asks for goes by."""
    await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("e1", event_type="email.sent")

    assert await handled(old) == []

    assert bench.pending() == {}
    assert await state_in_group(bench, "e1") is EventState.NOT_WANTED


async def test_a_filter_narrows_when_its_last_worker_is_long_gone(bench: Bench) -> None:
    """Within the grace the group still wants what the wider version wanted; after it, that goes by."""
    wide = await bench.group(consumer="wide", events=NEW)
    narrow = await bench.group(consumer="narrow", events=OLD)
    await wide.retire(leaving=True)
    await bench.publish("c1", event_type="call.created")
    await handled(narrow)
    assert await state_in_group(bench, "c1") is EventState.NO_HANDLER

    pass_time(bench, 3_700_000)
    await show_life(bench, narrow, ms=20_000)
    await bench.publish("c2", event_type="call.created")
    await handled(narrow)

    assert await state_in_group(bench, "c2") is EventState.NOT_WANTED
    assert (await registration(bench.store, "crm")).events == OLD
    assert await state_in_group(bench, "c1") is EventState.NO_HANDLER


async def test_an_outage_does_not_age_a_version(bench: Bench) -> None:
    """After a day in which nobody could ask, the first version to be back does not forget the others."""
    await bench.group(consumer="new", events=NEW)
    old = await bench.group(consumer="old", events=OLD)
    await bench.publish("c1", event_type="call.created")
    pass_time(bench, DAY_MS)

    assert await handled(old) == []

    assert await state_in_group(bench, "c1") is EventState.NO_HANDLER
    new = await bench.group(consumer="new", events=NEW)
    assert await handled(new) == ["c1"]
