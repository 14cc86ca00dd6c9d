"""`replay` gives history to one group again, and to nobody else."""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import discard, unchanging
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.replay import BATCH, Replayed, Selection, replay
from salesloft_webhooks.errors import StoreFull
from tests.support.broker_driver import TTL, Driven

replay_module = sys.modules["salesloft_webhooks.broker.administration.replay"]


async def replayed(
    driven: Driven, selection: Selection | None = None, *, group: str = "crm", dry_run: bool = False
) -> dict[str, Replayed]:
    """Replay what a selection names; the outcome by event id."""
    outcomes = replay(driven.store, group, selection or Selection(), idempotency_ttl_seconds=TTL, dry_run=dry_run)
    return {entry.event_id: outcome async for entry, outcome in outcomes}


async def test_history_comes_again_to_one_group(driven: Driven) -> None:
    """The group gets each event once more, in the order of arrival; the other group gets nothing."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await driven.publish("a", "b", "c", person=1)
    await driven.handle(crm)
    await driven.handle(notify)

    outcome = await replayed(driven)

    assert set(outcome.values()) == {Replayed.REPLAYED}
    assert await driven.handle(notify) == []
    assert await driven.handle(crm) == ["a", "b", "c"]


async def test_a_replayed_event_is_what_it_was(driven: Driven) -> None:
    """Content, source and times are those of the original."""
    group = await driven.group()
    await driven.publish("e1")
    (first,) = await driven.take(group)
    await driven.settle(group, [first], Outcome.DONE)

    await replayed(driven)

    (second,) = await driven.take(group)
    assert second.event == first.event


async def test_a_dry_run_counts_and_changes_nothing(driven: Driven) -> None:
    """The same answers as the real thing, and not one entry more."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(30)))
    await driven.handle(group)
    await driven.publish("waiting")

    dry = await replayed(driven, dry_run=True)
    wet = await replayed(driven)

    assert dry == wet
    assert Counter(dry.values()) == {Replayed.REPLAYED: 30, Replayed.IN_PROGRESS: 1}
    assert len(await driven.handle(group)) == 31


@pytest.mark.parametrize(
    "selection", [Selection(types=("email.*",)), Selection(event_ids=frozenset({"e2"}))], ids=["type", "id"]
)
async def test_type_and_id_narrow_a_replay(driven: Driven, selection: Selection) -> None:
    """Only what was asked for comes again."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.publish("e2", event_type="email.opened")
    await driven.handle(group)

    await replayed(driven, selection)

    assert await driven.handle(group) == ["e2"]


async def test_time_narrows_a_replay(driven: Driven) -> None:
    """Since and until are the times of storing, both inclusive, by the server's clock."""
    group = await driven.group()
    for event_id in ("e1", "e2", "e3"):
        await driven.publish(event_id, person=1)
        await asyncio.sleep(0.005)
    (second,) = [lease.event.received_at for lease in await driven.take(group) if lease.event.event_id == "e2"]
    instant = timedelta(milliseconds=1)

    async def chosen(since: datetime | None, until: datetime | None) -> list[str]:
        return list(await replayed(driven, Selection(since, until), dry_run=True))

    assert await chosen(second, None) == ["e2", "e3"]
    assert await chosen(None, second) == ["e1", "e2"]
    assert await chosen(second, second) == ["e2"]
    assert await chosen(second + instant, second + instant) == []
    assert await chosen(datetime.now(UTC) + timedelta(hours=1), None) == []


async def test_what_has_not_been_finished_is_not_doubled(driven: Driven) -> None:
    """Waiting, running and retrying events are skipped, whether they are originals or replays themselves."""
    group = await driven.group()
    await driven.publish("e1")
    unread = await replayed(driven)
    leases = await driven.take(group)
    running = await replayed(driven)
    await driven.settle(group, leases, Outcome.RETRY, delay_seconds=60.0)
    scheduled = await replayed(driven)

    assert unread == running == scheduled == {"e1": Replayed.IN_PROGRESS}


async def test_replaying_twice_is_replaying_once(driven: Driven) -> None:
    """An impatient second replay finds the first one's events in progress, then may have them again."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.handle(group)

    first, second = await replayed(driven), await replayed(driven)
    handled = await driven.handle(group)
    third = await replayed(driven)

    assert (first, second, third) == (
        {"e1": Replayed.REPLAYED},
        {"e1": Replayed.IN_PROGRESS},
        {"e1": Replayed.REPLAYED},
    )
    assert handled == ["e1"]
    assert await driven.handle(group) == ["e1"]


async def test_a_replay_for_one_group_is_no_obstacle_for_another(driven: Driven) -> None:
    """Each group has its own progress."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await driven.publish("e1")
    for group in (crm, notify):
        await driven.handle(group)

    await replayed(driven, group="crm")

    assert await replayed(driven, group="notify") == {"e1": Replayed.REPLAYED}
    assert await driven.handle(crm) == ["e1"]
    assert await driven.handle(notify) == ["e1"]


async def test_dead_letters_are_left_to_redrive_and_discarded_ones_may_come_again(driven: Driven) -> None:
    """A replay does not make an event both a dead letter and an entry."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.kill(group)

    dead = await replayed(driven)
    assert [row async for row in discard(driven.store, unchanging(driven.store, DeadLetterFilter()))]
    discarded = await replayed(driven)

    assert dead == {"e1": Replayed.DEAD}
    assert discarded == {"e1": Replayed.REPLAYED}


async def test_a_groups_filter_holds_for_replays(driven: Driven) -> None:
    """What the group does not take is not put into the stream for it."""
    group = await driven.group(events=("email.*",))
    await driven.publish("e1")
    await driven.handle(group)

    assert await replayed(driven) == {"e1": Replayed.NOT_WANTED}


async def test_a_group_that_does_not_exist_gets_nothing(driven: Driven) -> None:
    """A typing error puts nothing into the stream."""
    await driven.publish("e1")

    assert await replayed(driven, group="cmr") == {"e1": Replayed.NO_GROUP}


async def test_a_long_history_takes_several_calls(driven: Driven) -> None:
    """More events than one call takes are all replayed, each once."""
    group = await driven.group()
    ids = {f"e{number}" for number in range(3 * BATCH + 50)}
    await driven.publish(*ids)
    await driven.handle(group, 500)

    assert set(await replayed(driven)) == ids

    handled = await driven.handle(group, 500)
    assert sorted(handled) == sorted(ids)


async def test_one_source_is_replayed(driven: Driven) -> None:
    """Of several only the one that is named."""
    group = await driven.group()
    await driven.publish("ours", "ours too", source="relay")
    await driven.publish("theirs")
    await driven.handle(group)

    outcomes = await replayed(driven, Selection(source="relay"))

    assert outcomes == dict.fromkeys(("ours", "ours too"), Replayed.REPLAYED)
    assert sorted(await driven.handle(group)) == ["ours", "ours too"]


async def test_who_stops_a_replay_stops_it(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was selected until then is replayed and said, and nothing more is begun."""
    monkeypatch.setattr(replay_module, "BATCH", 2)
    group = await driven.group()
    await driven.publish(*"abcdefg", person=1)
    await driven.handle(group)
    answers = iter([False, False, False, True])

    outcomes = replay(driven.store, "crm", Selection(), idempotency_ttl_seconds=TTL, stopped=lambda: next(answers))
    said = [entry.event_id async for entry, _ in outcomes]

    assert said == ["a", "b", "c"]
    assert await driven.handle(group) == ["a", "b", "c"]


async def test_a_full_server_keeps_its_memory_for_deliveries(driven: Driven) -> None:
    """A replay is refused by a server out of memory, and nothing of it is left behind."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.handle(group)
    with driven.server.client() as client:
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(StoreFull):
                await replayed(driven)
        finally:
            client.config_set("maxmemory", 0)

    assert await driven.handle(group) == []


async def test_a_group_that_reads_from_the_beginning_again_gets_it_once(driven: Driven) -> None:
    """A group that was removed and is back has its history in front of it: a replay asks for it without doubling it."""
    await driven.publish("e1")
    await driven.handle(await driven.group())
    await remove(driven.store, "crm", force=True)
    group = await driven.group()

    assert await replayed(driven) == {"e1": Replayed.REPLAYED}

    assert await driven.handle(group) == ["e1"]
