"""After a loss of the store no group loses an event, in whatever order replays and deliveries bring it."""

from itertools import permutations

import pytest

from salesloft_webhooks.broker import Outcome, Stored
from salesloft_webhooks.broker.administration.archive_replay import FromArchive
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.arrivals import arrivals
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.records import RECORD_COPY, RECORD_ENTRY
from salesloft_webhooks.events import NewEvent, Watermark
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.administration.archive_steps import delivered, replayed
from tests.support.archived_events import archived
from tests.support.broker_driver import Driven
from tests.support.idempotency_records import forget_record, record_of

STEPS = ("crm", "notify", "delivery")
PERSONS = range(6)
"""Of several partitions."""


@pytest.mark.parametrize("entity", ["the same entity", "another entity"])
@pytest.mark.parametrize("handled", ["at once", "in the end"])
@pytest.mark.parametrize("order", list(permutations(STEPS)), ids=" ".join)
async def test_each_group_gets_it_whatever_comes_first(
    driven: Driven, order: tuple[str, ...], handled: str, entity: str
) -> None:
    """A replay into each group and a delivery: each handles it; twice only if it had finished it before its replay."""
    groups = {"crm": await driven.group(), "notify": await driven.group("notify", ordering=Ordering.ENTITY)}
    got: dict[str, list[str]] = {name: [] for name in groups}
    for step in (*order, "nothing"):
        if step == "delivery":
            assert await delivered(driven, "a001", person=1 if entity == "the same entity" else 2) is Stored.NEW
        elif step in groups:
            await replayed(driven, archived(1), group=step)
        for name, group in groups.items() if handled == "at once" or step == "nothing" else ():
            got[name] += await driven.handle(group)

    twice = {name: handled == "at once" and order.index("delivery") < order.index(name) for name in groups}
    assert {name: len(ids) for name, ids in got.items()} == {name: 1 + twice[name] for name in groups}
    assert {await delivered(driven, "a001", person=person) for person in PERSONS} == {Stored.DUPLICATE}


async def test_the_record_says_whose_entry_it_names(driven: Driven) -> None:
    """That of one group's copy until the delivery is stored, which makes it as any other."""
    await driven.group()
    stream = driven.store.keys.events(partition_of("person:1", 3))
    await replayed(driven, archived(1))
    with driven.server.client() as client:
        ((copy, _),) = client.xrange(stream)
        alone = record_of(client, "a001", stream)
        await delivered(driven, "a001", person=2)
        of_all = record_of(client, "a001", stream)
        (_, (entry, _)) = client.xrange(stream)

    assert (alone[RECORD_ENTRY], alone[RECORD_COPY]) == (copy, "1")
    assert (of_all[RECORD_ENTRY], RECORD_COPY in of_all) == (entry, False)


async def test_what_a_group_has_in_hand_is_not_given_to_it_again(driven: Driven) -> None:
    """While it runs or retries what a replay has brought, a delivery brings it nothing, and it handles it once."""
    crm, notify = await driven.group(), await driven.group("notify")
    await replayed(driven, archived(1))
    running = await driven.take(crm)

    assert await delivered(driven, "a001", person=2) is Stored.NEW
    beside = await driven.take(crm)
    await driven.settle(crm, running, Outcome.RETRY, delay_seconds=0.0)
    again = await driven.handle(crm)

    assert ([lease.event.event_id for lease in running], beside, again) == (["a001"], [], ["a001"])
    assert await driven.handle(crm) == []
    assert await driven.handle(notify) == ["a001"]


async def test_what_a_group_gave_up_stays_one_dead_letter(driven: Driven) -> None:
    """A delivery gives it to the others; the group that gave it up has its letter, and its redrive."""
    crm, notify = await driven.group(), await driven.group("notify")
    await replayed(driven, archived(1))
    await driven.kill(crm)

    assert await delivered(driven, "a001") is Stored.NEW
    assert (await driven.handle(crm), await driven.handle(notify)) == ([], ["a001"])

    found = [letter async for letter in dead_letters(driven.store, DeadLetterFilter())]
    assert [letter.event_id for letter in found] == ["a001"]
    await redrive_all(driven)
    assert (await driven.handle(crm), await driven.handle(notify)) == (["a001"], [])


async def redrive_all(driven: Driven) -> None:
    """Every dead letter of the group `crm`."""
    found = dead_letters(driven.store, DeadLetterFilter())
    async for _ in redrive(driven.store, found, idempotency_ttl_seconds=driven.settings.idempotency_ttl_seconds):
        pass


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.RETRY, Outcome.DEAD])
async def test_what_waits_for_longer_than_ids_are_remembered(driven: Driven, outcome: Outcome) -> None:
    """A group that was paused makes the record anew when it goes on: the others get a delivery all the same."""
    crm, notify = await driven.group(), await driven.group("notify")
    await replayed(driven, archived(1))
    with driven.server.client() as client:
        for partition in range(driven.store.partitions):
            forget_record(client, "a001", driven.store.keys.events(partition))

    await driven.settle(crm, await driven.take(crm), outcome)
    stored = await delivered(driven, "a001")

    assert stored is Stored.NEW
    assert await driven.handle(notify) == ["a001"]
    assert await driven.handle(crm) == (["a001"] if outcome is Outcome.RETRY else [])


async def test_a_backfill_does_not_take_it_for_arrived(driven: Driven) -> None:
    """What one group has got from an archive is missing until all get it; then it is there, by the backfill."""
    await driven.group()
    await replayed(driven, archived(1))
    event = NewEvent("a001", "person.updated", "person:1", "2026-03-07T04:26:14-05:00", b'{"id":1}')

    (before,) = await arrivals(driven.store, [[event]])
    stored = await delivered(driven, "a001", backfilled=True)
    (after,) = await arrivals(driven.store, [[event]])

    assert (before.at, before.whole, stored) == (None, False, Stored.NEW)
    assert (after.at is not None, after.backfilled, after.whole) == (True, True, True)


async def test_people_see_in_which_groups_it_is(driven: Driven) -> None:
    """Before the delivery the event is of the replayed group alone, and afterwards of all."""
    crm, notify = await driven.group(), await driven.group("notify")
    await replayed(driven, archived(1))
    await driven.handle(crm)

    alone = await history(driven.store, "a001")
    await delivered(driven, "a001")
    await driven.handle(notify)
    of_all = await history(driven.store, "a001")

    assert alone is not None
    assert of_all is not None
    states = {each.group: each.state for each in alone.groups}
    assert states == {"crm": EventState.DONE, "notify": EventState.NOT_WANTED}
    assert {each.group: each.state for each in of_all.groups} == {"crm": EventState.DONE, "notify": EventState.DONE}


async def test_what_was_erased_is_not_delivered_to_others(driven: Driven) -> None:
    """The event of a person who was erased after one group had got it is a duplicate from then on."""
    await driven.group()
    notify = await driven.group("notify")
    await replayed(driven, archived(1))
    await erase_person(driven.store, driven.settings, "1", patience_seconds=0, files=False)

    stored = await delivered(driven, "a001")

    assert stored is Stored.DUPLICATE
    assert await driven.handle(notify) == []
    assert await replayed(driven, archived(1), group="notify") == {"a001": FromArchive.ERASED}


def reservations(driven: Driven) -> list[str]:
    """Ids that are reserved."""
    return [key.partition(":reserved:")[2] for key in driven.keys("*:reserved:*")]


async def test_a_rise_reaches_those_who_have_not_had_it(driven: Driven) -> None:
    """A counter's event of an archive leaves the counter alone: its delivery reaches the others, a lower one nobody."""
    crm, notify = await driven.group(), await driven.group("notify")
    name = "email.opened/8/3"
    await replayed(driven, archived(1, name=name, event_type="email.opened"))
    await driven.handle(crm)

    first = await delivered(driven, name, person=2, mark=Watermark("email/8", "opened", 3))
    again = await delivered(driven, name, person=3, mark=Watermark("email/8", "opened", 3))
    await delivered(driven, "email.opened/8/2", person=2, mark=Watermark("email/8", "opened", 2))

    assert (first, again) == (Stored.NEW, Stored.DUPLICATE)
    assert (await driven.handle(crm), await driven.handle(notify)) == ([], [name])


async def test_a_level_that_was_reached_stays_reached(driven: Driven) -> None:
    """In a store that lost nothing, a rise whose record has ended stays below after a replay: nobody gets it twice."""
    crm, notify = await driven.group(), await driven.group("notify")
    name, mark = "email.opened/8/3", Watermark("email/8", "opened", 3)
    await delivered(driven, name, mark=mark)
    assert (await driven.handle(crm), await driven.handle(notify)) == ([name], [name])
    with driven.server.client() as client:
        for partition in range(driven.store.partitions):
            forget_record(client, name, driven.store.keys.events(partition))
        client.delete(*client.keys("*:reserved:*"))

    assert await replayed(driven, archived(1, name=name, event_type="email.opened")) == {name: FromArchive.REPLAYED}
    await delivered(driven, name, person=2, mark=mark)

    assert reservations(driven) == []
    assert (await driven.handle(crm), await driven.handle(notify)) == ([name], [])


async def test_what_was_reserved_is_given_there(driven: Driven) -> None:
    """A receiver that died behind its reservation has decided for the replay, too; where there is none, one is made."""
    crm = await driven.group()
    there = next(person for person in PERSONS if partition_of(f"person:{person}", 3) != partition_of("person:1", 3))
    slot, place = partition_of("a001", 3), partition_of(f"person:{there}", 3)
    await driven.store.client.set(driven.store.keys.reservation(slot, "a001"), place, ex=60)

    await replayed(driven, archived(1), archived(2))

    assert {lease.event.event_id: lease.partition for lease in await driven.take(crm)} == {
        "a001": place,
        "a002": partition_of("person:1", 3),
    }
    assert sorted(reservations(driven)) == ["a001", "a002"]


async def test_what_is_erased_is_not_reserved(driven: Driven) -> None:
    """Of what is not given there is no trace but its count."""
    await driven.group()
    await erase_person(driven.store, driven.settings, "1", patience_seconds=0, files=False)

    assert await replayed(driven, archived(1)) == {"a001": FromArchive.ERASED}
    assert reservations(driven) == []
