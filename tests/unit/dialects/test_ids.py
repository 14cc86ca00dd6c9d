"""Ids of native events: a webhook and what is read later from a list are one event, another version is another."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.dialects import names, native

MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NATIVE_NAMES = st.sampled_from(sorted(names.DOTTED.keys() - {"link_swap"}))
RESOURCES = st.dictionaries(
    st.sampled_from(["subject", "counts", "status", "person", "current_state", "bounced", "sent_at"]),
    st.sampled_from([None, True, "sent", "removed", {"id": 7}, {"views": 3, "replies": 1}, "2026-03-07T09:26:14Z"]),
)
WRITERS = st.sampled_from(
    [
        lambda at: at.isoformat(timespec="microseconds"),
        lambda at: at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        lambda at: at.isoformat(sep=" "),
        lambda at: at.isoformat(timespec="microseconds")[:26].rstrip("0").rstrip(".") + f"{at:%z}",
        lambda at: at.strftime("%Y-%m-%d %H:%M:%S.%f %z"),
    ]
)


def ids(name: str, resource: dict[str, Any]) -> list[str]:
    """The ids of every event a delivery becomes."""
    return [event.event_id for event in native.read(json.dumps(resource).encode(), name)]


def shuffled(resource: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same members in another order."""
    members = list(resource.items())
    random.Random(seed).shuffle(members)
    return dict(members)


@given(
    name=NATIVE_NAMES,
    fields=RESOURCES,
    at=MOMENTS,
    zones=st.tuples(ZONES, ZONES),
    write=st.tuples(WRITERS, WRITERS),
    seed=st.integers(),
)
def test_a_webhook_and_its_list_row_have_equal_ids(
    name: str, fields: dict[str, Any], at: datetime, zones: tuple[timezone, timezone], write: Any, seed: int
) -> None:
    """In any order of members, any zone and any precision, with more members in the row: the same ids."""
    webhook, row = ({"id": 7, **fields, "updated_at": write[n](at.astimezone(zones[n]))} for n in (0, 1))

    assert ids(name, webhook) == ids(name, shuffled(row | {"only_in_lists": 1}, seed))


@given(name=NATIVE_NAMES, fields=RESOURCES, one=MOMENTS, other=MOMENTS)
def test_another_version_is_another_event(name: str, fields: dict[str, Any], one: datetime, other: datetime) -> None:
    """A changed `updated_at` gives the event another id, unless it is of the kind that happens once."""
    first, second = (ids(name, {"id": 7, **fields, "updated_at": at.isoformat()})[0] for at in (one, other))

    assert (first == second) == (one == other or resource_kinds.happens_once(names.DOTTED[name]))


@pytest.mark.parametrize(
    ("name", "event_id"),
    [
        ("person_updated", "person.updated/7/2026-03-07T09:26:14.444910Z"),
        ("task_updated", "task.updated/7/2026-03-07T09:26:14.444910Z"),
        ("meeting_updated", "meeting.updated/7/2026-03-07T09:26:14.444910Z"),
        ("bulk_job_completed", "bulk_job.completed/7/2026-03-07T09:26:14.444910Z"),
        ("person_created", "person.created/7"),
        ("person_deleted", "person.deleted/7"),
        ("success_created", "success.created/7"),
        ("task_completed", "task.completed/7"),
        ("meeting_booked", "meeting.booked/7"),
        ("deal_room_created", "deal_room.created/7"),
    ],
)
def test_what_happens_once_has_no_version(name: str, event_id: str) -> None:
    """A creation seen after an update is still that creation; of what recurs, each version is an event."""
    assert ids(name, {"id": 7, "updated_at": "2026-03-07T04:26:14.44491-05:00"})[0] == event_id


@pytest.mark.parametrize("time", ["now", "2026-02-30T00:00:00Z", "2026-03-07T09:26:14+99:00"])
def test_a_time_that_cannot_be_read_stays_text(time: str) -> None:
    """Whatever it means, it tells versions apart."""
    assert ids("person_updated", {"id": 7, "updated_at": time}) == [f"person.updated/7/{time}"]


@pytest.mark.parametrize("time", [None, 5, "two words", [], "x" * 65, f"2026-03-07T09:26:14.{'1' * 99}Z"], ids=repr)
def test_without_a_time_the_content_tells_versions_apart(time: object) -> None:
    """What cannot be part of an id is part of the digest at its end."""
    (first,), (again,), (other,) = (
        ids("person_updated", {"id": 7, "title": title, "updated_at": time}) for title in ("CEO", "CEO", "CTO")
    )

    assert first == again != other


@pytest.mark.parametrize("name", ["note_updated", "note_created", "note_deleted", "task_completed", "meeting_booked"])
def test_resources_without_ids_are_not_taken_for_one(name: str) -> None:
    """Two things without ids, made at one moment, are two events: nothing is lost as a repeat of the other."""
    (one,), (other,) = (ids(name, {"content": text, "updated_at": "2026-03-07"}) for text in ("a", "b"))

    assert one != other


def test_digits_beyond_microseconds_are_versions_too() -> None:
    """Should SalesLoft ever write nanoseconds, two updates in one microsecond stay two."""
    first, second = (ids("person_updated", {"id": 7, "updated_at": f"2026-03-07T09:26:14.444910{d}Z"}) for d in "12")

    assert first != second
