"""`lanes_of` says what of one entity waits for what; `replay_event` finds one event without looking through history."""

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.broker.administration.lanes import LOOKED_AT, lanes_of
from salesloft_webhooks.broker.administration.replay import Replayed, replay_event
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import TTL, Driven


async def test_a_lane_is_told_from_its_head_on(driven: Driven) -> None:
    """Who runs or waits for a time is first, with its error; the others are parked behind it, and nobody else's."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish("e1", "e2", "e3", person=7)
    await driven.publish("other", person=8)
    leases = [lease for lease in await driven.take(group) if lease.lane == "person:7"]
    await driven.settle(group, leases, Outcome.RETRY, delay_seconds=60.0, error="ValueError: ada@crm.example")

    (lane,) = await lanes_of(driven.store, "person:7")

    assert (lane.group, lane.waiting) == ("crm", 3)
    assert [(each.event_id, each.standing.state) for each in lane.first] == [
        ("e1", EventState.SCHEDULED),
        ("e2", EventState.PARKED),
        ("e3", EventState.PARKED),
    ]
    assert [each.error for each in lane.first] == ["ValueError: •••@crm.example", "", ""]


async def test_of_a_long_lane_the_beginning_is_told(driven: Driven) -> None:
    """The store does not look at more than a few, however many wait."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish(*(f"e{number}" for number in range(LOOKED_AT + 5)), person=7)
    await driven.take(group)

    (lane,) = await lanes_of(driven.store, "person:7")

    assert (lane.waiting, len(lane.first)) == (LOOKED_AT + 5, LOOKED_AT)
    assert lane.first[0].standing.state is EventState.RUNNING


async def test_without_order_there_are_no_lanes(driven: Driven) -> None:
    """A group that keeps no order has nothing that waits for anything."""
    group = await driven.group()
    await driven.publish("e1", "e2", person=7)
    await driven.take(group)

    assert await lanes_of(driven.store, "person:7") == ()


async def test_one_event_is_replayed(driven: Driven) -> None:
    """It and no other; once it is on its way, it is not sent again; what nobody knows is gone."""
    group = await driven.group(events=("person.*",))
    await driven.publish("e1", "e2")
    await driven.publish("call", event_type="call.created")
    await driven.handle(group)

    names = ("e1", "e1", "call", "nobody")
    outcomes = [await replay_event(driven.store, "crm", each, idempotency_ttl_seconds=TTL) for each in names]

    assert outcomes == [Replayed.REPLAYED, Replayed.IN_PROGRESS, Replayed.NOT_WANTED, Replayed.GONE]
    assert [lease.event.event_id for lease in await driven.take(group)] == ["e1"]
