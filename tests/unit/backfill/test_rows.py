"""Rows become the deliveries that their webhooks would have been."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.backfill.coverage import NOT_COVERED, RESOURCES, chosen
from salesloft_webhooks.backfill.rows import Delivery, deliveries
from salesloft_webhooks.dialects import native
from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.errors import ConfigurationError, UnreadableDelivery
from salesloft_webhooks.salesloft import LISTS
from salesloft_webhooks.salesloft.record_lists import written
from tests.unit.backfill.changing_list import START, at, row

PEOPLE, EMAILS = RESOURCES["people"], RESOURCES["emails"]


def person(created: float = 0, updated: float = 0, **more: object) -> dict[str, Any]:
    """A person's row, its times in seconds after `START`."""
    return {"id": 7, "created_at": written(at(created)), "updated_at": written(at(updated)), **more}


def of(record: dict[str, Any], since: float = -60) -> tuple[Delivery, ...]:
    """What a person's row stands for."""
    return deliveries(PEOPLE, row(record), PEOPLE.event_names, at(since))


def ids(found: tuple[Delivery, ...]) -> list[str]:
    """Of all events."""
    return [event.event_id for each in found for event in each.events]


def test_a_new_row_is_a_creation() -> None:
    """And nothing else, as long as nobody has changed it."""
    assert ids(of(person())) == ["person.created/7"]


def test_a_changed_new_row_is_both() -> None:
    """Its creation first: it may have been lost as well, and has an id of its own."""
    found = of(person(0, 5))

    assert ids(found) == ["person.created/7", "person.updated/7/2026-03-07T09:00:05.000000Z"]
    assert [each.of_this_version for each in found] == [False, True]


def test_an_old_row_is_a_change() -> None:
    """What was created before the window is not told of as new."""
    assert ids(of(person(-3600, 5))) == ["person.updated/7/2026-03-07T09:00:05.000000Z"]


@pytest.mark.parametrize("text", ["2026-03-07T04:00:05-05:00", "2026-03-07T09:00:05.000Z"], ids=["zone", "digits"])
def test_a_row_has_the_id_of_its_webhook(text: str) -> None:
    """Whatever zone, precision and order of members either was written with."""
    webhook = native.read(msgspec.json.encode({"updated_at": text, "id": 7}), "person_updated")

    assert webhook[0].event_id == ids(of(person(-3600, 5, something="more")))[0]


@given(
    name=st.sampled_from(sorted(name for kind in RESOURCES.values() for name in kind.event_names)),
    number=st.integers(1, 10**12),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - a zone is given to it below
    minutes=st.integers(-720, 840),
    later=st.integers(1, 10**9),
    more=st.dictionaries(st.sampled_from(["name", "counts", "tags", "account"]), st.integers(0, 9)),
)
def test_ids_are_of_the_record_and_not_of_how_it_is_written(
    name: str, number: int, moment: datetime, minutes: int, later: int, more: dict[str, int]
) -> None:
    """Another order of members, zone and further fields give the same id; a later change gives another."""
    kind = next(each for each in RESOURCES.values() if name in each.event_names)
    here, there = moment.replace(tzinfo=UTC), timezone(timedelta(minutes=minutes))
    record = {"id": number, "created_at": written(here), "updated_at": written(here)}
    webhook = {"updated_at": here.astimezone(there).isoformat(), **more, "id": number}
    if name != kind.created:
        record["created_at"] = written(here - timedelta(days=1))
    changed = record | {"updated_at": written(here + timedelta(microseconds=later))}

    fetched, again = (deliveries(kind, row(each), {name}, here - timedelta(hours=1)) for each in (record, changed))

    own = native.read(msgspec.json.encode(webhook), name)[0].event_id
    assert own == fetched[0].events[0].event_id
    assert (own == again[0].events[0].event_id) is (name == kind.created)


def test_counts_of_an_email_become_events() -> None:
    """By the highest count, as a lost webhook would have told it."""
    record = {"id": 8, "updated_at": written(START), "counts": {"views": 4}, "recipient": {"id": 7}}

    (found,) = deliveries(EMAILS, row(record), {"email_updated"}, START)

    assert [event.event_type for event in found.events] == ["email.updated", "email.opened"]
    assert found.events[1].event_id == "email.opened/8/4"
    assert {event.entity_key for event in found.events} == {"person:7"}


def test_only_what_is_wanted_is_told_of() -> None:
    """An event nobody subscribed to would have had no webhook."""
    assert deliveries(PEOPLE, row(person()), {"person_updated"}, at(-60)) == ()


def test_a_token_in_a_row_is_taken_away() -> None:
    """It comes from SalesLoft itself, so it proves nothing and refuses nothing; it is never stored."""
    (found,) = of(person(callback_token="secret-token"))

    assert b"secret-token" not in found.events[0].data


@pytest.mark.parametrize("record", [{"id": 7}, {"id": 7, "updated_at": "yesterday"}], ids=["without a time", "no time"])
def test_a_row_without_a_time_is_unreadable(record: dict[str, Any]) -> None:
    """It has no version to be told by."""
    with pytest.raises(UnreadableDelivery):
        of(record)


def test_every_event_of_a_row_is_salesloft_s() -> None:
    """The table names events and lists that exist, and no event twice."""
    names = [name for each in RESOURCES.values() for name in each.event_names]

    assert set(names) <= DOTTED.keys()
    assert len(names) == len(set(names))
    assert RESOURCES.keys() <= LISTS.keys()


def test_what_is_not_covered_is_named() -> None:
    """Every list and every event of SalesLoft's is either read or said to be lost, and why."""
    covered = {name for each in RESOURCES.values() for name in each.event_names}
    left = {name for name in DOTTED if name not in covered and not name.endswith("_deleted")}

    assert LISTS.keys() - RESOURCES.keys() <= NOT_COVERED.keys()
    assert all(any(name.startswith(each.rstrip("s")) for each in NOT_COVERED) for name in left)


def test_resources_are_chosen_by_name() -> None:
    """Without names all of them; what cannot be covered says why."""
    assert chosen(()) == tuple(RESOURCES.values())
    assert chosen(("emails",)) == (EMAILS,)
    with pytest.raises(ConfigurationError, match="sorted by the day"):
        chosen(("tasks",))
    with pytest.raises(ConfigurationError, match="no resource 'persons'"):
        chosen(("persons",))


def test_versions_of_one_instant_are_one() -> None:
    """A microsecond apart they are two."""
    assert ids(of(person(-3600, 5))) != ids(of(person(-3600, 5 + timedelta(microseconds=1).total_seconds())))
