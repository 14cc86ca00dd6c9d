"""A resource is read whatever a sender writes, and nothing of it gets lost."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from salesloft_webhooks import resources
from salesloft_webhooks.resources import Email, Meeting, Person, PersonUpdated, Reference, Resource, resource_of
from salesloft_webhooks.testing import event

CAPTURED = Path(__file__).parent / "captured"
KINDS = sorted(resources.BY_KIND)
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["7", "true", "2026-03-07T04:26:14Z", "2026-03-07 04:26", "2026-02-30T00:00:00Z", "null"])
)
VALUES = st.recursive(ODD, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner))


def names_of(kind: str) -> list[str]:
    """What the fields of a kind are called in JSON."""
    return [field.encode_name for field in fields(resources.BY_KIND[kind])]


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_nothing_makes_it_fail_and_nothing_is_lost(data: st.DataObject, kind: str) -> None:
    """Any value in any field: it is in the field, or among the others as it came; and all is in `raw`."""
    names = st.sampled_from([*names_of(kind), "new", "_href"])
    given_data: dict[str, Any] = data.draw(st.dictionaries(names, VALUES, max_size=4))

    found = resource_of(f"{kind}.updated", json.dumps(given_data).encode())

    assert type(found) is resources.BY_KIND[kind]
    assert found.raw == given_data
    by_name = {field.encode_name: getattr(found, field.name) for field in fields(found)}
    for name, value in given_data.items():
        assert (value is None and name not in found.others) or by_name.get(name) is not None or name in found.others


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-07T04:26:14.444910-05:00", datetime(2026, 3, 7, 9, 26, 14, 444910, tzinfo=UTC)),
        ("2026-03-07 09:26:14", datetime(2026, 3, 7, 9, 26, 14, tzinfo=UTC)),
        ("Sat, 7 Mar 2026 09:26:14 GMT", datetime(2026, 3, 7, 9, 26, 14, tzinfo=UTC)),
        (1772875574, datetime(2026, 3, 7, 9, 26, 14, tzinfo=UTC)),
        ("2026-02-30T00:00:00Z", None),
        ("soon", None),
        (5, None),
    ],
)
def test_times_have_a_zone_or_are_not_there(text: str | int, expected: datetime | None) -> None:
    """What has one meaning is that time, everything else stays as it came."""
    found = event(PersonUpdated, last_contacted_at=text).resource

    assert found.last_contacted_at == expected
    assert expected is not None or found.others == {"last_contacted_at": text}


def test_one_odd_field_leaves_the_rest_as_it_is() -> None:
    """Beside an id as text, a list with something else in it, and counts that are half wrong."""
    data = {"id": "7", "tags": ["a", 3], "counts": {"calls": "many", "emails_sent": 2}, "first_name": "Robin"}

    found = event(PersonUpdated, data, cadences=[{"_href": "x", "id": 500}]).resource

    assert (found.id, found.first_name, found.tags) == (7, "Robin", None)
    assert found.counts is not None
    assert (found.counts.calls, found.counts.emails_sent) == (None, 2)
    assert found.cadences == (Reference(href="x", id=500),)
    assert found.others == {"tags": ["a", 3]}
    assert found.raw["counts"]["calls"] == "many"


@pytest.mark.parametrize("file", sorted(CAPTURED.glob("*.json")), ids=lambda file: file.stem)
def test_what_is_captured_fits_as_it_is(file: Path) -> None:
    """Every field of a delivery, with its values invented, has its place, but for two that nobody has described."""
    found = event(f"{file.stem}.updated", json.loads(file.read_text("utf-8"))).resource

    assert set(found.others) <= {"additional_recipients", "draft_with_ai"}
    assert isinstance(found.updated_at, datetime)


def test_who_it_is_about_is_not_shown() -> None:
    """Neither by `repr`, nor within an error's text, nor by tools that print structures."""
    found = event(PersonUpdated, first_name="Robin", custom_fields={"a": "Robin"}, id=7).resource
    meeting = Meeting(attendees=msgspec.convert([{"name": "Robin"}], tuple[resources.meeting.Attendee, ...]))

    assert repr(found) == "Person(id=7)"
    assert "Robin" not in f"{meeting.attendees} {meeting} {found.__rich_repr__()}"


def test_the_uniform_person_is_known() -> None:
    """Whom it concerns is there under one name, in both dialects."""
    found = event("email.opened", id=9, recipient={"id": 7}).resource

    assert isinstance(found, Email)
    assert (found.person_id, found.others) == (7, {})


@pytest.mark.parametrize("event_type", ["conversation.created", "something.new", "odd"])
def test_what_nobody_has_published_is_a_plain_resource(event_type: str) -> None:
    """With what every resource has, and the rest among the others."""
    found = event(event_type, id=3, title="Call").resource

    assert type(found) is Resource
    assert (found.id, found.others) == (3, {"title": "Call"})


def test_one_made_by_hand_is_like_one_that_came() -> None:
    """Equal by its fields, and `raw` has what was given."""
    by_hand = Person(id=7, person_id=7, import_=Reference(id=3))

    assert by_hand == event(PersonUpdated, {"id": 7, "import": {"id": 3}, "new": 1}).resource
    assert by_hand.raw == {"id": 7, "person_id": 7, "import": {"_href": None, "id": 3}}
    assert by_hand.others == {}


def test_it_is_read_once_and_only_if_asked_for() -> None:
    """The same object each time, and none before."""
    asked = event(PersonUpdated, id=7)

    assert "resource" not in vars(asked)
    assert asked.resource is asked.resource
    with pytest.raises(AttributeError):
        asked.resource.id = 8  # type: ignore[misc]
