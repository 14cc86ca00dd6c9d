"""`history` answers what became of one event, in every group."""

import asyncio

import pytest

from salesloft_webhooks.broker import FILTERED, Group, Outcome, Publisher
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import discard, redrive, unchanging
from salesloft_webhooks.broker.administration.history import EventInGroup, EventState, history
from salesloft_webhooks.broker.administration.replay import Selection, replay
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import TTL, Driven
from tests.support.publish_observers import SilentObserver


async def state_in_group(driven: Driven, event_id: str, group: str = "crm") -> EventInGroup:
    """What the history says of an event in one group."""
    found = await history(driven.store, event_id)
    assert found is not None
    return next(row for row in found.groups if row.group == group)


async def redrive_all(driven: Driven) -> None:
    """Redrive every dead letter."""
    letters = unchanging(driven.store, DeadLetterFilter())
    assert [row async for row in redrive(driven.store, letters, idempotency_ttl_seconds=TTL)]


async def test_an_unknown_event_has_no_history(driven: Driven) -> None:
    """What was never accepted is told apart from what nobody has handled."""
    await driven.group()
    await driven.publish("e1")

    assert await history(driven.store, "e2") is None


async def test_content_and_duplicates_are_reported(driven: Driven) -> None:
    """The entry is shown while the stream has it, with the number of repeated deliveries."""
    await driven.publish("e1")
    await driven.publish("e1")
    await driven.publish("e1")

    found = await history(driven.store, "e1")

    assert found is not None
    assert found.entry is not None
    assert found.duplicates == 2
    assert (found.entry.event_type, found.entry.entity_key, found.entry.data) == (
        "person.updated",
        "person:e1",
        b'{"id":1}',
    )


async def test_what_a_backfill_has_brought_is_told(driven: Driven) -> None:
    """Also when its webhook comes after all, which is a duplicate then."""
    fetched = NewEvent("e1", "person.updated", "person:1", "2026-03-07T04:26:14+00:00", b'{"id":1}')
    async with Publisher(driven.store, driven.settings, SilentObserver()) as publisher:
        await publisher.publish(NewDelivery("default", (fetched,), backfilled=True))
    before = await history(driven.store, "e1")
    await driven.publish("e1", "e2")

    after, other = await history(driven.store, "e1"), await history(driven.store, "e2")

    assert before is not None
    assert (before.backfilled, before.duplicates) == (True, 0)
    assert after is not None
    assert (after.backfilled, after.duplicates) == (True, 1)
    assert other is not None
    assert not other.backfilled


async def test_before_anybody_reads_it_the_event_waits(driven: Driven) -> None:
    """A group that has not read that far has it waiting."""
    await driven.group()

    await driven.publish("e1")

    assert (await state_in_group(driven, "e1")).state is EventState.WAITING


async def test_a_running_event_names_its_worker_and_the_end_of_its_lease(driven: Driven) -> None:
    """The lease's end lies in the future and the running attempt is counted."""
    group = await driven.group(consumer="pod-1", lease_seconds=60.0)
    await driven.publish("e1")
    await driven.take(group)

    found = await state_in_group(driven, "e1")

    assert (found.state, found.consumer, found.attempts) == (EventState.RUNNING, "pod-1", 1)
    assert found.due_at is not None


async def test_a_lapsed_lease_is_not_running(driven: Driven) -> None:
    """Once its lease is over, the event belongs to the next worker that asks."""
    group = await driven.group(consumer="pod-1", lease_seconds=0.001)
    await driven.publish("e1")
    await driven.take(group)
    await asyncio.sleep(0.02)

    found = await state_in_group(driven, "e1")

    assert (found.state, found.consumer) == (EventState.LAPSED, "pod-1")


async def test_a_retry_says_when(driven: Driven) -> None:
    """A failed attempt shows the time of the next one, in an ordered group, too."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish("e1")
    await driven.settle(group, await driven.take(group), Outcome.RETRY, delay_seconds=60.0)

    found = await state_in_group(driven, "e1")

    assert (found.state, found.attempts) == (EventState.SCHEDULED, 1)
    assert found.due_at is not None


async def test_what_waits_behind_its_lanes_head_is_parked(driven: Driven) -> None:
    """Only the head of a lane runs."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish("head", "behind", person=1)
    await driven.take(group)

    assert (await state_in_group(driven, "head")).state is EventState.RUNNING
    assert (await state_in_group(driven, "behind")).state is EventState.PARKED


async def test_every_end_is_told_apart(driven: Driven) -> None:
    """Done, dead and discarded are three different answers."""
    group = await driven.group()
    await driven.publish("done")
    await driven.handle(group)
    await driven.publish("discarded")
    await driven.kill(group)
    assert [row async for row in discard(driven.store, unchanging(driven.store, DeadLetterFilter()))]
    await driven.publish("dead")
    await driven.kill(group)

    states = [(await state_in_group(driven, event_id)).state for event_id in ("done", "dead", "discarded")]

    assert states == [EventState.DONE, EventState.DEAD, EventState.DISCARDED]


@pytest.mark.parametrize("written", [1, 2], ids=["full records", "compact records"])
async def test_what_no_handler_wanted_is_told_from_what_was_handled(driven: Driven, written: int) -> None:
    """Filtered is done, by nobody: in both formats, beside other groups, also after a retry, until a replay."""
    await driven.store.client.hset(driven.store.keys.format, "written", written)
    crm, other = await driven.group(), await driven.group("other")
    await driven.publish("filtered", "retried")
    first, second = await driven.take(crm)
    await driven.settle(crm, [first], Outcome.DONE, reason=FILTERED)
    await driven.settle(crm, [second], Outcome.RETRY, error="ValueError: no")
    await driven.settle(crm, await driven.take(crm), Outcome.DONE, reason=FILTERED)
    await driven.handle(other)

    found = [(await state_in_group(driven, each)).state for each in ("filtered", "retried")]
    beside = (await state_in_group(driven, "filtered", "other")).state
    known = await history(driven.store, "filtered")
    only = Selection(event_ids=frozenset({"filtered"}))
    assert [row async for row in replay(driven.store, "crm", only, idempotency_ttl_seconds=TTL)]
    await driven.handle(crm)

    assert found == [EventState.FILTERED, EventState.FILTERED]
    assert beside is EventState.DONE
    assert known is not None
    assert [row.group for row in known.groups] == ["crm", "other"]
    assert (await state_in_group(driven, "filtered")).state is EventState.DONE


async def test_a_filter_keeps_events_from_a_group(driven: Driven) -> None:
    """A type outside the group's filter is not wanted, read or not."""
    group = await driven.group(events=("email.*",))
    await driven.publish("e1")
    unread = await state_in_group(driven, "e1")

    await driven.take(group)

    assert unread.state is (await state_in_group(driven, "e1")).state is EventState.NOT_WANTED


async def test_a_filter_of_the_past_shows(driven: Driven) -> None:
    """An event passed over by an earlier, narrower filter is not said to be waiting or handled."""
    await driven.publish("e1")
    await driven.take(await driven.group(events=("email.*",)))

    await driven.group(events=("*",))

    assert (await state_in_group(driven, "e1")).state is EventState.PASSED_OVER


async def test_a_redriven_event_is_followed_to_its_new_entry(driven: Driven) -> None:
    """After a redrive the event waits again, and is done again, although the old entry is finished."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.kill(group)

    await redrive_all(driven)
    waiting = await state_in_group(driven, "e1")
    await driven.take(group)
    running = await state_in_group(driven, "e1")

    assert (waiting.state, waiting.resubmitted) == (EventState.WAITING, True)
    assert (running.state, running.resubmitted) == (EventState.RUNNING, True)


async def test_a_replay_into_one_group_leaves_the_others_states_alone(driven: Driven) -> None:
    """The other group has still done it."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await driven.publish("e1")
    for group in (crm, notify):
        await driven.handle(group)

    assert [row async for row in replay(driven.store, "crm", Selection(), idempotency_ttl_seconds=TTL)]

    assert (await state_in_group(driven, "e1", "crm")).state is EventState.WAITING
    assert (await state_in_group(driven, "e1", "notify")).state is EventState.DONE


async def test_states_are_known_after_the_history_is_gone(driven: Driven) -> None:
    """Trimmed events and removed groups leave the record, which still answers."""
    group: Group = await driven.group()
    await driven.publish("e1")
    await driven.handle(group)
    with driven.server.client() as client:
        for key in driven.keys("*:events"):
            client.delete(key)

    found = await history(driven.store, "e1")

    assert found is not None
    assert found.entry is None
    assert [(row.group, row.state) for row in found.groups] == [("crm", EventState.DONE)]
