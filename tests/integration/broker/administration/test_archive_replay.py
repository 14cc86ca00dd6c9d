"""What the store has forgotten comes from an archive to one group again, each event once in a run."""

from collections import Counter

from msgspec.structs import replace

from salesloft_webhooks.broker import Stored
from salesloft_webhooks.broker.administration.archive_execution import forecast_archive
from salesloft_webhooks.broker.administration.archive_replay import BATCH, FromArchive
from salesloft_webhooks.broker.administration.archived_events import Place
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.administration.archive_steps import begun, delivered, given, replayed
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven


async def test_forgotten_events_come_again_to_one_group_in_their_order(driven: Driven) -> None:
    """Each comes once more, person by person as they were received, and no other group gets any of them."""
    crm, notify = await driven.group(ordering=Ordering.ENTITY), await driven.group("notify")
    events = [archived(number, person=number % 4) for number in range(2 * BATCH + 7)]

    found = await replayed(driven, *events)

    assert Counter(found.values()) == {FromArchive.REPLAYED: len(events)}
    assert await driven.handle(notify) == []
    handled: list[str] = []
    while batch := await driven.handle(crm, 200):
        handled += batch
    assert len(handled) == len(events)
    for person in range(4):
        hers = [event.event_id for event in events if event.entity_key == f"person:{person}"]
        assert [event_id for event_id in handled if event_id in set(hers)] == hers


async def test_a_group_gets_what_it_was(driven: Driven) -> None:
    """Id, type, entity, source, both times and data are those of the archive."""
    group = await driven.group()
    event = archived(5, person=9, event_type="email.opened")

    await replayed(driven, event)

    ((lease),) = await driven.take(group)
    had = lease.event
    assert (had.event_id, had.event_type, had.entity_key, had.source) == ("a005", "email.opened", "person:9", "default")
    assert (had.created_at, had.raw_data) == (event.created_at, event.data)
    assert int(had.received_at.timestamp() * 1_000) == event.received_ms


async def test_a_forecast_says_the_same_and_changes_nothing(driven: Driven) -> None:
    """Unread, dead, unwanted and forgotten events are told apart, and the store is as it was."""
    group = await driven.group(events=("person.*",))
    await driven.publish("dead", person=1)
    await driven.kill(group)
    await driven.publish("unread", person=2)
    archive = Listed(
        archived(1, name="dead"),
        archived(2, name="unread", person=2),
        archived(3),
        archived(4, event_type="call.created"),
    )
    before = driven.keys()

    looked = forecast_archive(driven.store, driven.settings, "crm", archive, lambda: False)
    dry = {event.event_id: outcome async for event, outcome in looked}

    assert driven.keys() == before
    assert dry == await given(driven, await begun(driven, archive), archive)
    assert dry == {
        "dead": FromArchive.DEAD,
        "unread": FromArchive.IN_PROGRESS,
        "a003": FromArchive.REPLAYED,
        "a004": FromArchive.NOT_WANTED,
    }
    assert sorted(await driven.handle(group)) == ["a003", "unread"]


async def test_what_the_store_still_has_comes_once(driven: Driven) -> None:
    """A handled event whose entry is there is given by one entry more, where its record stands; a dead one is not."""
    group = await driven.group()
    await driven.publish("here", person=3)
    await driven.handle(group)
    await driven.publish("dead", person=3)
    await driven.kill(group)
    assert partition_of("person:4", 3) != partition_of("person:3", 3)  # of whom the sender says something else by now

    found = await replayed(driven, archived(1, name="here", person=4), archived(2, name="dead", person=4))

    assert found == {"here": FromArchive.REPLAYED, "dead": FromArchive.DEAD}
    assert await driven.handle(group) == ["here"]
    known = await history(driven.store, "here")
    assert known is not None
    assert [(each.group, each.state, each.resubmitted) for each in known.groups] == [("crm", EventState.DONE, True)]


async def test_a_delivery_of_what_is_known_stays_a_duplicate(driven: Driven) -> None:
    """What SalesLoft sends again of an event that this store has had, with whatever entity, is stored no more."""
    crm, notify = await driven.group(), await driven.group("notify")
    assert await delivered(driven, "a001", person=7) is Stored.NEW
    assert (await driven.handle(crm), await driven.handle(notify)) == (["a001"], ["a001"])
    await replayed(driven, archived(1, person=7))

    stored = {await delivered(driven, "a001", person=person) for person in range(6)}

    assert stored == {Stored.DUPLICATE}
    assert (await driven.handle(crm), await driven.handle(notify)) == (["a001"], [])


async def test_who_was_erased_does_not_come_back(driven: Driven) -> None:
    """What was received before is not given, also of events about her that are ordered by something else; news are."""
    group = await driven.group()
    await driven.publish("hers", person=1)
    await driven.handle(group)
    await erase_person(driven.store, driven.settings, "1", patience_seconds=0, files=False)
    about = replace(archived(2), entity_key="call:8", person_key="person:1")
    after = Place(4_000_000_000_000_000, 4_000_000_000_000_000, "news")
    news = replace(archived(3), place=after)

    found = await replayed(driven, archived(1), archived(1, name="hers"), about, news, archived(5, person=2))

    erased = dict.fromkeys(("a001", "hers", "a002"), FromArchive.ERASED)
    assert found == {**erased, "news": FromArchive.REPLAYED, "a005": FromArchive.REPLAYED}
    assert sorted(await driven.handle(group)) == ["a005", "news"]


async def test_erasing_reaches_what_came_from_an_archive(driven: Driven) -> None:
    """Whatever an archive has brought before is erased as everything of hers."""
    group = await driven.group()
    await replayed(driven, archived(1), archived(2, person=2))

    erased = await erase_person(driven.store, driven.settings, "1", patience_seconds=0, files=False)

    assert erased.entries == 1
    assert await driven.handle(group) == ["a002"]
