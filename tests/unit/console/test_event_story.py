"""How an event's story is put together from what the store knows."""

from datetime import UTC, datetime

import pytest

from salesloft_webhooks.broker.administration.history import EventInGroup, EventState, History
from salesloft_webhooks.broker.administration.lanes import InLane, LaneView
from salesloft_webhooks.broker.administration.past_attempts import read_attempts
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.console.event_story import EventStory, address_of, person_in, story_of
from salesloft_webhooks.settings import Settings

STORED_MS = 1_795_960_432_065


def story(row: EventInGroup, *lanes: LaneView) -> EventStory:
    """Of an event of which the content is gone."""
    found = History("e1", Reference(STORED_MS, 0, 0), 0, None, (row,))
    return story_of(found, (), lanes, settings=Settings.load(retention_seconds=3_600), reveal=False)


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("1 retry, 2 retry, 3 done", [(1, 0, False), (2, 0, False), (3, 0, False)]),
        ("1 retry, 6 retry, 7 done", [(1, 0, False), (6, 4, False), (7, 0, False)]),
        ("3 retry, 4 done", [(3, 2, False), (4, 0, False)]),
        ("1 retry, 2 dead, 1 done", [(1, 0, False), (2, 0, False), (1, 0, True)]),
        ("2 dead, 2 done", [(2, 1, False), (2, 1, True)]),
        ("1 lost, 1 done", [(1, 0, False), (1, 0, False)]),
    ],
    ids=["all", "in-between", "older-worker", "redriven", "redriven-with-gap", "late"],
)
def test_what_is_not_kept_and_what_was_given_again_is_told(ended: str, expected: list[tuple[int, int, bool]]) -> None:
    """A number that is missing was an attempt that is not kept; one that is not higher begins anew."""
    lines = [each.split() for each in ended.split(", ")]
    kept = "\n".join(f"{number} 1700000000000 5 {how} - E: no" for number, how in lines)

    (group,) = story(EventInGroup("crm", EventState.DONE, tried=read_attempts(kept))).groups

    assert [(each.number, each.left_out, each.again) for each in group.tried] == expected


def waiting(*event_ids: str) -> LaneView:
    """A lane with these in it."""
    first = tuple(InLane(each, "person.updated", EventInGroup("crm", EventState.PARKED), "") for each in event_ids)
    return LaneView("crm", 40, first)


def test_only_what_comes_before_it_holds_it_back() -> None:
    """What stands behind it in the lane is not shown; when it is too far back itself, that is said."""
    parked = EventInGroup("crm", EventState.PARKED)

    (near,) = story(parked, waiting("e0", "e1", "e2")).groups
    (far,) = story(parked, waiting("e8", "e9")).groups

    assert ([each.event_id for each in near.behind], near.far_behind) == (["e0"], False)
    assert ([each.event_id for each in far.behind], far.far_behind) == (["e8", "e9"], True)


def test_without_content_the_time_is_the_entrys() -> None:
    """The record names the entry, and that says when the event was stored; how long content is kept is a setting."""
    found = story(EventInGroup("crm", EventState.DONE))

    assert found.received_at == datetime.fromtimestamp(STORED_MS / 1_000, UTC)
    assert (found.content, found.kept_seconds, found.trace_url) == ("", 3_600, "")


def test_ids_of_strangers_make_addresses() -> None:
    """Whatever an id consists of, its address leads to one page; only people have a page of their own."""
    assert address_of('a/b?c#d"e') == "/events/a/b%3Fc%23d%22e"
    assert (person_in("person:7"), person_in("account:7")) == ("7", "")
