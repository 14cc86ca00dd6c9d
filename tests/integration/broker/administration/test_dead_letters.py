"""Dead letters are listed, redriven and discarded by hand."""

import asyncio
from typing import Any

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.dead_letter_filter import (
    DeadLetterFilter,
    Redriven,
)
from salesloft_webhooks.broker.administration.dead_letters import (
    BATCH,
    dead_letters,
    find,
    redrive,
    unchanging,
)
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.selected import each
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from tests.support.broker_driver import TTL, Driven
from tests.support.idempotency_records import forget_record


async def listed(driven: Driven, choice: DeadLetterFilter | None = None, **options: Any) -> list[DeadLetter]:
    """The dead letters a filter selects."""
    return [letter async for letter in dead_letters(driven.store, choice or DeadLetterFilter(), **options)]


async def redriven(driven: Driven, choice: DeadLetterFilter | None = None) -> list[tuple[str, Redriven]]:
    """Redrive what a filter selects; the outcome of each."""
    letters = unchanging(driven.store, choice or DeadLetterFilter())
    outcomes = redrive(driven.store, letters, idempotency_ttl_seconds=TTL)
    return [(letter.event_id, outcome) async for letter, outcome in outcomes]


async def test_a_letter_tells_what_happened(driven: Driven) -> None:
    """Event, reason, error, attempts and worker are all there."""
    await driven.publish("e1")
    await driven.kill(await driven.group(consumer="pod-1"), error="ValueError: no such rep")

    (letter,) = await listed(driven)

    assert (letter.group, letter.event_id, letter.event_type) == ("crm", "e1", "person.updated")
    assert (letter.reason, letter.error, letter.attempts) == ("permanent", "ValueError: no such rep", 1)
    assert (letter.consumer, letter.data) == ("pod-1", b'{"id":1}')
    assert letter.received_at <= letter.died_at


async def test_letters_of_all_partitions_come_latest_first(driven: Driven) -> None:
    """Partitions are merged by time of death, in either direction."""
    group = await driven.group()
    for number in range(12):
        await driven.publish(f"e{number}")
        await driven.kill(group)
        await asyncio.sleep(0.002)
    expected = [f"e{number}" for number in range(12)]

    assert [letter.event_id for letter in await listed(driven, newest_first=False)] == expected
    assert [letter.event_id for letter in await listed(driven)] == expected[::-1]


async def test_a_page_goes_on_behind_the_last(driven: Driven) -> None:
    """Whatever letter a page ends with, the next page begins with the one after it."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await driven.publish(*(f"e{number}" for number in range(8)))
    await driven.kill(crm)
    await driven.kill(notify)
    everything = [letter.handle for letter in await listed(driven)]

    pages = [[letter.handle for letter in await listed(driven, after=handle)] for handle in everything]

    assert len(everything) == 16
    assert pages == [everything[number + 1 :] for number in range(16)]


async def test_choices_narrow_the_list(driven: Driven) -> None:
    """Group, type glob, reason and event id each leave out the others."""
    group = await driven.group()
    await driven.publish("e1", event_type="person.created")
    await driven.publish("e2", event_type="email.replied")
    await driven.kill(group)

    async def ids(**choice: Any) -> list[str]:
        return sorted(letter.event_id for letter in await listed(driven, DeadLetterFilter(**choice)))

    assert await ids(types=("person.*",)) == ["e1"]
    assert await ids(types=("person.*", "email.replied")) == ["e1", "e2"]
    assert await ids(reason="permanent") == ["e1", "e2"]
    assert await ids(reason="poison") == []
    assert await ids(event_id="e2") == ["e2"]
    assert await ids(group="notify") == []


async def test_a_letter_is_found_by_handle_and_by_event_id(driven: Driven) -> None:
    """The handle names one letter, the event id one a group."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await driven.publish("person.updated/7/2026-03-07T04:26:14-05:00")
    await driven.kill(crm)
    await driven.kill(notify)
    handles = sorted(letter.handle for letter in await listed(driven))

    by_event = await find(driven.store, "person.updated/7/2026-03-07T04:26:14-05:00")

    assert sorted(letter.handle for letter in by_event) == handles
    assert [letter.handle for letter in await find(driven.store, handles[0])] == handles[:1]
    assert await find(driven.store, "crm/0/1-1") == []
    assert await find(driven.store, "crm/99/1-1") == []


async def test_a_redriven_event_is_handled_by_its_group_only(driven: Driven) -> None:
    """The group gets it again and may finish it; the other group, which had done it, does not."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await driven.publish("e1")
    await driven.kill(crm)
    await driven.handle(notify)

    assert await redriven(driven) == [("e1", Redriven.REDRIVEN)]

    assert await listed(driven) == []
    assert await driven.handle(crm) == ["e1"]
    assert await driven.handle(notify) == []


async def test_a_redriven_event_is_what_it_was(driven: Driven) -> None:
    """Content, source and times survive death; the attempts begin at one."""
    group = await driven.group()
    await driven.publish("e1")
    (first,) = await driven.take(group)
    await driven.settle(group, [first], Outcome.DEAD, reason="permanent", error="no")

    await redriven(driven)
    (second,) = await driven.take(group)

    assert second.event == first.event


async def test_redriving_many_takes_several_calls(driven: Driven) -> None:
    """More letters than one call takes are all redriven, each once."""
    group = await driven.group()
    ids = {f"e{number}" for number in range(3 * BATCH + 50)}
    await driven.publish(*ids)
    await driven.kill(group, 500)

    outcomes = await redriven(driven)

    assert sorted(outcomes) == sorted((event_id, Redriven.REDRIVEN) for event_id in ids)
    assert set(await driven.handle(group, 500)) == ids


async def test_what_dies_again_meanwhile_is_not_redriven_again(driven: Driven) -> None:
    """A redrive of all ends, although a broken handler makes new dead letters all the time."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(BATCH + 50)), person=1)
    await driven.kill(group, 500)
    rounds = 0
    letters = unchanging(driven.store, DeadLetterFilter())

    async for _ in redrive(driven.store, letters, idempotency_ttl_seconds=TTL):
        rounds += 1
        if rounds == BATCH:
            await asyncio.sleep(0.002)
            await driven.kill(group, 500)

    assert rounds == BATCH + 50
    assert len(await listed(driven)) == BATCH


async def test_redriving_the_same_letter_twice_does_it_once(driven: Driven) -> None:
    """Two operators at once do no harm."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.kill(group)
    letters = await listed(driven)

    twice = [
        outcome
        for _ in range(2)
        async for _, outcome in redrive(driven.store, each(letters), idempotency_ttl_seconds=TTL)
    ]

    assert twice == [Redriven.REDRIVEN, Redriven.GONE]
    assert await driven.handle(group) == ["e1"]


async def test_what_was_finished_meanwhile_is_not_handled_again(driven: Driven) -> None:
    """A second letter of an event that is done by now only disappears."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.kill(group)
    with driven.server.client() as client:
        (record,) = driven.keys("*:event:e1")
        client.hset(record, "crm", "done")

    assert await redriven(driven) == [("e1", Redriven.FINISHED)]
    assert await listed(driven) == []
    assert await driven.handle(group) == []


async def test_a_letter_that_its_group_would_not_take_stays(driven: Driven) -> None:
    """After the group's filter was narrowed, redriving would make the event vanish unhandled: the letter is kept."""
    await driven.publish("e1")
    await driven.kill(await driven.group())
    with driven.server.client() as client:
        client.pipeline().delete(key := "sl:{0}:g:crm:filters").zadd(key, {"email.*": 1}).execute()
    assert await redriven(driven) == [("e1", Redriven.NOT_WANTED)]
    assert [letter.event_id for letter in await listed(driven)] == ["e1"]


async def test_letters_of_a_removed_group_wait_for_it(driven: Driven) -> None:
    """Without its group nobody would handle the event, so it stays a dead letter; with the group back it goes."""
    await driven.publish("e1")
    await driven.kill(await driven.group())
    await remove(driven.store, "crm", force=True)

    without = await redriven(driven)
    group = await driven.group()
    with_it = await redriven(driven)

    assert without == [("e1", Redriven.NO_GROUP)]
    assert with_it == [("e1", Redriven.REDRIVEN)]
    assert await driven.handle(group) == ["e1"]


async def test_a_redrive_outlives_the_idempotency_record(driven: Driven) -> None:
    """A letter older than its record is handled once, too, and the new record has an end."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.kill(group)
    with driven.server.client() as client:
        (record,) = driven.keys("*:event:e1")
        forget_record(client, "e1", record.removesuffix("event:e1") + "events")

        assert await redriven(driven) == [("e1", Redriven.REDRIVEN)]

        assert 0 < client.ttl(record) <= TTL
        assert await driven.handle(group) == ["e1"]
        assert 0 < client.ttl(record) <= TTL
