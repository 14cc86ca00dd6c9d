"""Typed access to what every event has, in both dialects."""

import json
import pickle
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.dialects import envelope, native
from salesloft_webhooks.events import assembled
from tests.support import samples


@pytest.mark.parametrize(
    ("event_type", "data", "expected"),
    [
        ("person.updated", {"id": 7}, 7),
        ("email.opened", {"id": 9, "recipient": {"_href": "x", "id": 7}}, 7),
        ("call.completed", {"id": 9, "called_person": {"id": 7}}, 7),
        ("success.created", {"id": 9, "person": {"id": 7}}, 7),
        ("email.opened", {"person_id": "7"}, 7),
        ("account.updated", {"id": 9}, None),
        ("email.opened", {"person_id": None, "recipient": None}, None),
        ("email.opened", {"person_id": 2**63}, None),
        ("email.opened", {"person_id": True}, None),
    ],
    ids=["person", "email", "call", "success", "envelope-text", "no-person", "nulls", "beyond-bigint", "boolean"],
)
def test_the_person_is_found(event_type: str, data: dict[str, Any], expected: int | None) -> None:
    """Whatever the resource, the person's id is one attribute away; nonsense is None."""
    assert samples.event(event_type, data).person_id == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [({"user": {"id": 3}}, 3), ({"owner": {"id": 3}}, 3), ({"user_id": 3}, 3), ({"user": None}, None)],
    ids=["sender", "owner", "envelope", "null"],
)
def test_the_rep_is_found(data: dict[str, Any], expected: int | None) -> None:
    """Sender, caller or owner."""
    assert samples.event("email.sent", data).user_id == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"email_address": "a@example.com"}, "a@example.com"),
        ({"recipient_email_address": "a@example.com", "email": "b@example.com"}, "a@example.com"),
        ({"email_address": None, "email": ""}, None),
    ],
    ids=["person", "email", "none"],
)
def test_the_address_is_found(data: dict[str, Any], expected: str | None) -> None:
    """The person's address; for an email, the one it went to."""
    assert samples.event("email.bounced", data).email_address == expected


@pytest.mark.parametrize(
    ("data", "created_at", "expected"),
    [
        ({"updated_at": "2026-03-07T04:26:14.444910-05:00"}, "", datetime(2026, 3, 7, 9, 26, 14, 444910, UTC)),
        ({}, "2026-03-07T09:00:00Z", datetime(2026, 3, 7, 9, tzinfo=UTC)),
        ({"updated_at": 5}, "2026-03-07T09:00:00", datetime(2026, 3, 7, 9, tzinfo=UTC)),
        ({"updated_at": "0001-01-01T00:00:00+14:00"}, "never", datetime(2026, 3, 7, 9, 26, 15, tzinfo=UTC)),
    ],
    ids=["said", "created-at", "no-zone-is-utc", "unreadable-is-received-at"],
)
def test_the_version_is_found(data: dict[str, Any], created_at: str, expected: datetime) -> None:
    """`updated_at` always is a time with a zone, the best there is."""
    assert samples.event("person.updated", data, created_at=created_at).updated_at == expected


RECIPIENT = {"id": 5, "recipient": {"id": 7}, "user": {"id": 3}, "recipient_email_address": "a@example.com"}
PERSON = {"id": 7, "owner": {"id": 3}, "email_address": "a@example.com"}
UPDATED = {"updated_at": "2026-03-07T04:26:14.444910-05:00", "created_at": "2026-03-06T00:00:00Z"}


@pytest.mark.parametrize(
    ("name", "resource", "resource_id"), [("email_updated", RECIPIENT, 5), ("person_updated", PERSON, 7)]
)
def test_both_dialects_give_the_same_access(name: str, resource: dict[str, Any], resource_id: int) -> None:
    """What comes out of either dialect's reader answers alike to a handler."""
    data = resource | UPDATED
    event_type = name.replace("_", ".")
    wrapped = {"event_type": event_type, "event_id": "x", "data": data, "created_at": UPDATED["updated_at"]}
    read = native.read(json.dumps(data).encode(), name)[0], envelope.read(json.dumps(wrapped).encode())[0]

    for new in read:
        event = samples.event(new.event_type, json.loads(new.data), created_at=new.created_at)

        assert (event.event_type, event.person_id, event.user_id, event.resource_id) == (event_type, 7, 3, resource_id)
        assert event.email_address == "a@example.com"
        assert event.updated_at == event.happened_at == datetime(2026, 3, 7, 9, 26, 14, 444910, UTC)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.recursive(st.none() | st.booleans() | st.integers() | FINITE | st.text(), st.lists))
def test_nonsense_in_any_field_is_none(value: Any) -> None:
    """Typed access never raises, whatever SalesLoft or a relay puts there."""
    fields = ("id", "person_id", "person", "recipient", "user", "owner", "email", "email_address", "updated_at")
    for wrapped in (value, {"id": value}):
        event = samples.event("person.updated", dict.fromkeys(fields, wrapped), created_at=str(value))

        assert isinstance(event.person_id, int | None)
        assert isinstance(event.user_id, int | None)
        assert isinstance(event.email_address, str | None)
        assert event.updated_at.tzinfo is not None
        assert event.happened_at.tzinfo is not None


def test_an_assembled_event_is_an_ordinary_one() -> None:
    """What the hot path makes equals what the constructor makes, has every attribute, pickles and cannot be changed."""
    made = samples.event("email.opened", {"id": 9}, traceparent="00-1-2-01")

    event = assembled(**{each.name: getattr(made, each.name) for each in fields(made)})

    assert (event, repr(event)) == (made, repr(made))
    assert pickle.loads(pickle.dumps(event)) == made  # noqa: S301 - our own
    with pytest.raises(FrozenInstanceError):
        event.attempt = 2  # type: ignore[misc]
