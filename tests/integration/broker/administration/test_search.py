"""`search` looks through the history without an index, over three partitions and on both engines."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, Publisher
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import redrive, unchanging
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.broker.administration.search import End, Page, search, search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.support.broker_driver import TTL, Driven
from tests.support.publish_observers import SilentObserver

LONG = 60.0
"""Seconds that no search here needs."""


async def publish(driven: Driven, *events: NewEvent, source: str = "default", **settings: Any) -> None:
    """Store each event by a delivery of its own."""
    changed = driven.settings.model_copy(update=settings)
    async with Publisher(driven.store, changed, SilentObserver()) as publisher:
        for event in events:
            await publisher.publish(NewDelivery(source, (event,)))


def event(event_id: str, *, body: bytes = b'{"id":1}', event_type: str = "person.updated", person: int = 1) -> NewEvent:
    """An event of a person."""
    return NewEvent(event_id, event_type, f"person:{person}", "2026-03-07T04:26:14Z", body)


async def found(driven: Driven, query: Query) -> list[str]:
    """The ids of all events that a search finds."""
    page = await search_page(driven.store, query, limit=1_000, seconds=LONG)
    assert page.ended is End.THROUGH
    return [each.entry.event_id for each in page.found]


async def pages(driven: Driven, query: Query, limit: int) -> list[Page]:
    """All pages of so many, one after another."""
    asked, cursor = list[Page](), ""
    while not asked or cursor:
        asked.append(await search_page(driven.store, query, cursor=cursor, limit=limit, seconds=LONG))
        cursor = asked[-1].cursor
    return asked


def ids_of(asked: Sequence[Page]) -> list[str]:
    """The events on these pages, in their order."""
    return [each.entry.event_id for page in asked for each in page.found]


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
async def test_pages_have_everything_once_and_the_latest_first(driven: Driven, limit: int) -> None:
    """Whatever the length of a page, over all partitions, with the same order as a listing of the stream has."""
    await publish(driven, *(event(f"e{number}", person=number % 5) for number in range(40)))

    asked = await pages(driven, Query(), limit)

    assert ids_of(asked) == [entry.event_id async for entry in latest(driven.store)]
    assert {page.total for page in asked} == {40}
    assert [page.looked for page in asked] == sorted(page.looked for page in asked)
    assert (asked[-1].looked, asked[-1].ended, asked[0].ended) == (
        40,
        End.THROUGH,
        End.FOUND if limit < 40 else End.THROUGH,
    )


async def test_each_field_of_a_query_narrows_it(driven: Driven) -> None:
    """Person, type, source and id, and all of them together."""
    await publish(driven, event("mine", person=7), event("opened", event_type="email.opened", person=7))
    await publish(driven, event("other", person=70), event("own", event_type="of.ours"))
    await publish(driven, event("europe", person=7), source="europe")

    assert await found(driven, Query(person="7")) == ["europe", "opened", "mine"]
    assert await found(driven, Query(types=("email.*",))) == ["opened"]
    assert await found(driven, Query(types=("of.*", "email.opened"))) == ["own", "opened"]
    assert await found(driven, Query(source="europe")) == ["europe"]
    assert await found(driven, Query(source="default", person="7", types=("person.*",))) == ["mine"]
    assert await found(driven, Query(event_id="other")) == ["other"]
    assert await found(driven, Query(event_id="other", person="7")) == []
    assert await found(driven, Query(event_id="unknown")) == []


@pytest.mark.parametrize("store_format", [1, 2])
async def test_both_formats_are_found(driven: Driven, store_format: int) -> None:
    """What version 0.1.0 has stored, or would, and what stands packed."""
    await publish(driven, event("first"), event("other", person=2), store_format=store_format)
    await publish(driven, event("e1", event_type="email.sent", body=b'{"subject":"Hi"}'), store_format=store_format)

    wanted = Query(person="1", types=("email.*",), source="default", contains="hi")

    assert await found(driven, wanted) == ["e1"]


async def test_the_time_bounds_a_search(driven: Driven) -> None:
    """Both ends are meant, to the millisecond; what lies outside is not even looked at."""
    for name in ("early", "middle", "late"):
        await publish(driven, event(name))
        await asyncio.sleep(0.005)
    moments = {entry.event_id: entry.received_at async for entry in latest(driven.store)}

    page = await search_page(driven.store, Query(since=moments["middle"], until=moments["middle"]), seconds=LONG)

    assert ids_of([page]) == ["middle"]
    assert page.looked == 1
    assert await found(driven, Query(since=moments["middle"])) == ["late", "middle"]
    assert await found(driven, Query(until=moments["middle"])) == ["middle", "early"]
    assert await found(driven, Query(until=datetime.fromtimestamp(0, UTC) - timedelta(days=1))) == []


async def test_a_state_is_that_of_a_group_or_of_any(driven: Driven) -> None:
    """Done, dead and waiting, in one group and in some; an entry says where its event stands."""
    crm, tasks = await driven.group("crm"), await driven.group("tasks", events=("email.*",))
    await publish(driven, event("dies"))
    await driven.kill(crm)
    await publish(driven, event("done"))
    await driven.handle(crm)
    await publish(driven, event("waits", event_type="email.sent"))
    await driven.settle(
        tasks, [each for each in await driven.take(tasks) if each.event.event_id == "waits"], Outcome.DONE
    )

    assert await found(driven, Query(state=EventState.DEAD)) == ["dies"]
    assert await found(driven, Query(state=EventState.DEAD, group="tasks")) == []
    assert await found(driven, Query(state=EventState.DONE, group="crm")) == ["done"]
    assert await found(driven, Query(state=EventState.DONE)) == ["waits", "done"]
    assert await found(driven, Query(state=EventState.WAITING, group="crm")) == ["waits"]
    assert await found(driven, Query(state=EventState.NOT_WANTED)) == ["done", "dies"]
    page = await search_page(driven.store, Query(event_id="waits"))
    assert {row.group: row.state for row in page.found[0].groups} == {"crm": "waiting", "tasks": "done"}


async def test_states_of_what_is_under_way_are_found(driven: Driven) -> None:
    """A running event and one that waits for a retry: both are pending, and told apart."""
    crm = await driven.group("crm", lease_seconds=60.0)
    await publish(driven, event("fails"))
    await driven.settle(crm, await driven.take(crm), Outcome.RETRY, delay_seconds=60.0, error="ValueError: no")
    await publish(driven, event("runs", person=2))
    await driven.take(crm)

    assert await found(driven, Query(state=EventState.RUNNING, group="crm")) == ["runs"]
    assert await found(driven, Query(state=EventState.SCHEDULED)) == ["fails"]


async def test_a_copy_for_one_group_is_found_beside_its_event(driven: Driven) -> None:
    """A redrive adds an entry, which says whom it is for and how it stands there only."""
    await driven.group("tasks")
    crm = await driven.group("crm")
    await publish(driven, event("e1", person=7, body=b'{"subject":"Hello"}'))
    await driven.kill(crm)
    letters = unchanging(driven.store, DeadLetterFilter())
    assert [row async for row in redrive(driven.store, letters, idempotency_ttl_seconds=TTL)]

    page = await search_page(driven.store, Query(person="7", source="default", contains="hello"), seconds=LONG)

    copy, original = page.found
    assert (copy.entry.only, [row.group for row in copy.groups]) == ("crm", ["crm"])
    assert (original.entry.only, [row.group for row in original.groups]) == ("", ["crm", "tasks"])


async def test_one_search_looks_at_so_many_and_its_cursor_goes_on(driven: Driven) -> None:
    """Its end says why, and nothing is left out or met twice behind it."""
    await publish(driven, *(event(f"e{number}", person=number) for number in range(400)))

    first = [page async for page in search(driven.store, Query(person="3"), most=150)]
    rest = [page async for page in search(driven.store, Query(person="3"), cursor=first[-1].cursor)]

    assert (first[-1].ended, rest[-1].ended) == (End.MOST, End.THROUGH)
    assert 150 <= first[-1].looked < 400
    assert (rest[-1].looked, rest[-1].total) == (400, 400)
    assert ids_of(first + rest) == ["e3"]


async def test_a_page_ends_in_its_time(driven: Driven) -> None:
    """One slice is looked at in any case; the cursor goes on behind it."""
    await publish(driven, *(event(f"e{number}", person=number) for number in range(400)))

    page = await search_page(driven.store, Query(person="0"), seconds=0.0)

    assert (page.ended, page.found, 0 < page.looked <= 100) == (End.TIME, (), True)
    assert ids_of(await pages(driven, Query(person="0"), 10)) == ["e0"]


async def test_large_bodies_end_a_slice_early(driven: Driven) -> None:
    """The server is not held up by them: a few are read at a time."""
    body = b'{"about":"' + b"x" * 200_000 + b'"}'
    await publish(driven, *(event(f"e{number}", body=body) for number in range(40)))

    looked = [page.looked async for page in search(driven.store, Query(contains="nothing"))]

    assert looked[0] <= 10
    assert looked[-1] == 40


async def test_nothing_is_changed(driven: Driven) -> None:
    """No key comes or goes, and no group loses what it would get."""
    crm = await driven.group("crm")
    await publish(driven, event("e1"), event("e2", person=2))
    before = driven.keys()

    await found(driven, Query(state=EventState.WAITING, contains="nothing"))

    assert driven.keys() == before
    assert sorted(await driven.handle(crm)) == ["e1", "e2"]


async def test_what_is_damaged_or_not_ours_stops_nothing(driven: Driven) -> None:
    """Entries that somebody else has put into a stream are passed over."""
    await publish(driven, event("before"))
    with driven.server.client() as client:
        for partition in range(3):
            stream = driven.store.keys.events(partition)
            client.xadd(stream, {"head": "\x01\x7f", "body": "{}"})
            client.xadd(stream, {"head": "", "body": ""})
            client.xadd(stream, {"made": "elsewhere"})
    await publish(driven, event("after"))

    assert await found(driven, Query()) == ["after", "before"]
    assert await found(driven, Query(person="1", types=("person.*",), contains="1")) == ["after", "before"]
    assert await found(driven, Query(state=EventState.DONE)) == []


async def test_a_wrong_cursor_is_said(driven: Driven) -> None:
    """It comes from an address, which anybody may change."""
    for wrong in ("1", "0/1-1", "0/1-1,", "0/1-1,-1", "0/1-1,1,1", "0/1-1,٣", f"0/1-1,{'9' * 40}"):
        with pytest.raises(ValueError, match="no cursor"):
            await search_page(driven.store, Query(), cursor=wrong)
