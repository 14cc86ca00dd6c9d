"""Reading of verified native deliveries: the event itself, and the ones derived from it."""

import json
from typing import Any

import pytest

from salesloft_webhooks.dialects import native
from salesloft_webhooks.errors import RejectionReason, SignatureRejected, UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent, Watermark
from tests.support.dialect_deliveries import MASTER, TOKEN, as_json

CREATED, UPDATED, SENT = "2026-03-06T16:01:58-05:00", "2026-03-06T18:40:21-05:00", "2026-03-06T16:02:11-05:00"
EMAIL: dict[str, Any] = {
    "id": 812345678,
    "created_at": CREATED,
    "updated_at": UPDATED,
    "status": "scheduled",
    "bounced": False,
    "sent_at": None,
    "counts": {"views": 0, "clicks": 0, "replies": 0},
    "recipient": {"id": 164510523},
}


def read(name: str, resource: dict[str, Any]) -> tuple[NewEvent, ...]:
    """Everything made from one native delivery."""
    return native.read(as_json(resource), name)


def derived(name: str, resource: dict[str, Any]) -> dict[str, NewEvent]:
    """What is derived from one native delivery, by event type."""
    return {event.event_type: event for event in read(name, resource)[1:]}


def test_a_resource_becomes_an_event_with_a_readable_id() -> None:
    """The id is made of type, resource and version: SalesLoft's repeats are recognised, and people can read it."""
    (event,) = read("person_updated", {"id": 164510523, "created_at": CREATED, "updated_at": UPDATED})

    assert event.event_id == "person.updated/164510523/2026-03-06T23:40:21.000000Z"
    assert event.event_type == "person.updated"
    assert event.entity_key == "person:164510523"
    assert event.created_at == UPDATED
    assert json.loads(event.data)["person_id"] == 164510523
    assert event.watermark is None


@pytest.mark.parametrize(
    ("name", "resource", "created_at"),
    [
        ("person_created", {"created_at": CREATED, "updated_at": UPDATED}, CREATED),
        ("person_deleted", {"created_at": CREATED, "updated_at": UPDATED}, UPDATED),
        ("person_updated", {"created_at": CREATED}, CREATED),
        ("person_created", {"updated_at": UPDATED}, UPDATED),
        ("person_updated", {"updated_at": 5, "created_at": None}, ""),
    ],
)
def test_the_time_is_that_of_the_happening(name: str, resource: dict[str, Any], created_at: str) -> None:
    """A creation happened at `created_at`, anything else at `updated_at`; unknown is empty, never our own clock."""
    assert read(name, resource)[0].created_at == created_at


def test_without_a_version_the_content_tells_repeats() -> None:
    """With no `updated_at` the id ends in a digest of the content, whatever the order of its members."""
    ids = {read("person_updated", resource)[0].event_id for resource in ({"id": 1, "a": 2}, {"a": 2, "id": 1})}
    (event_id,) = ids
    (other,) = read("person_updated", {"id": 1, "a": 3})

    assert event_id.startswith("person.updated/1/")
    assert other.event_id != event_id


def test_without_an_id_the_content_alone_tells_repeats() -> None:
    """A resource without an id is still an event, ordered by itself."""
    (event,) = read("bulk_job_completed", {"state": "done"})

    assert event.event_id.startswith("bulk_job.completed/-/")
    assert event.entity_key == event.event_id


def test_a_name_nobody_knows_is_accepted() -> None:
    """SalesLoft may add events; a signed one is stored under its own name."""
    (event,) = read("deal_room_opened", {"id": 3, "updated_at": UPDATED, "person": {"id": 8}})

    assert (event.event_type, event.entity_key) == ("deal_room.opened", "person:8")


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("link_swap", b"{}", UnreadableReason.UNSUPPORTED_EVENT),
        ("Person", b"{}", UnreadableReason.INVALID_EVENT_TYPE),
        ("person_updated", b"[]", UnreadableReason.NOT_AN_OBJECT),
        ("person_updated", b"", UnreadableReason.NOT_JSON),
    ],
)
def test_unreadable_deliveries_say_why(name: str, body: bytes, reason: UnreadableReason) -> None:
    """A signed delivery that cannot become an event is refused with its reason."""
    with pytest.raises(UnreadableDelivery) as caught:
        native.read(body, name)

    assert caught.value.reason is reason


@pytest.mark.parametrize("token", [TOKEN, native.derive_token(MASTER, "person_updated")], ids=["token", "derived"])
def test_the_right_callback_token_is_removed(token: bytes) -> None:
    """A body may carry its own signing key: it is checked and never stored."""
    body = as_json({"id": 1, "callback_token": token.decode(), "account": {"callback_token": "another"}})

    (event,) = native.read(body, "person_updated", (TOKEN,), (MASTER,))

    assert json.loads(event.data) == {"id": 1, "account": {}, "person_id": 1}


@pytest.mark.parametrize(
    "token",
    ["wrong", "", 5, True, [], {}, "é", MASTER.decode(), native.derive_token(MASTER, "person_deleted").decode()],
    ids=repr,
)
def test_a_wrong_callback_token_is_rejected(token: object) -> None:
    """A token in the body that is not valid for this very event is a sign of forgery."""
    with pytest.raises(SignatureRejected) as caught:
        native.read(as_json({"id": 1, "callback_token": token}), "person_updated", (TOKEN,), (MASTER,))

    assert caught.value.reason is RejectionReason.WRONG_CALLBACK_TOKEN


def test_a_null_callback_token_is_none() -> None:
    """Null says nothing, so it is removed and nothing is held against it."""
    (event,) = native.read(b'{"id":1,"callback_token":null}', "person_updated", (TOKEN,))

    assert json.loads(event.data) == {"id": 1, "person_id": 1}


def test_a_scheduled_email_derives_nothing() -> None:
    """An email nobody sent, opened or answered is only an updated email."""
    assert derived("email_updated", EMAIL) == {}


@pytest.mark.parametrize(
    ("changes", "created_at"),
    [
        ({"sent_at": SENT}, SENT),
        ({"status": "sent"}, UPDATED),
        ({"status": "sent_from_gmail"}, UPDATED),
        ({"status": "sent_from_external"}, UPDATED),
    ],
)
def test_a_sent_email_derives_email_sent(changes: dict[str, Any], created_at: str) -> None:
    """A send time or a sent status means the email was sent, once, at that time where it is known."""
    (event,) = derived("email_updated", EMAIL | changes).values()

    assert (event.event_type, event.event_id) == ("email.sent", "email.sent/812345678")
    assert event.watermark == Watermark("email/812345678", "sent", 1)
    assert event.created_at == created_at


def test_a_bounced_email_derives_email_bounced() -> None:
    """A bounce happens once."""
    (event,) = derived("email_updated", EMAIL | {"bounced": True}).values()

    assert (event.event_type, event.event_id) == ("email.bounced", "email.bounced/812345678")
    assert event.watermark == Watermark("email/812345678", "bounced", 1)


@pytest.mark.parametrize(
    ("name", "field"), [("opened", "views"), ("clicked", "clicks"), ("replied", "replies")], ids=str
)
@pytest.mark.parametrize("native_name", ["email_updated", "email_with_body_and_subject_updated"])
def test_a_counter_derives_its_event_with_the_count(native_name: str, name: str, field: str) -> None:
    """A counter above zero claims a level; id, watermark and data carry the count, and the resource stays whole."""
    (event,) = derived(native_name, EMAIL | {"counts": {field: 3}}).values()

    assert (event.event_type, event.event_id) == (f"email.{name}", f"email.{name}/812345678/3")
    assert event.watermark == Watermark("email/812345678", name, 3)
    assert json.loads(event.data) == EMAIL | {"counts": {field: 3}, "person_id": 164510523, "count": 3}
    assert event.entity_key == "person:164510523"
    assert event.created_at == UPDATED


def test_one_delivery_may_derive_several_events() -> None:
    """An email first seen late yields everything that has happened to it, in the order it must have happened."""
    changes = {"sent_at": SENT, "bounced": True, "counts": {"views": 2, "clicks": 1, "replies": 1}}

    events = read("email_updated", EMAIL | changes)

    assert [event.event_type for event in events] == [
        "email.updated",
        "email.sent",
        "email.bounced",
        "email.opened",
        "email.clicked",
        "email.replied",
    ]


@pytest.mark.parametrize("count", [0, -1, True, 1.0, "3", None, [], 2**53], ids=repr)
def test_a_counter_that_is_no_count_derives_nothing(count: object) -> None:
    """Only a positive integer the store can compare exactly is a level."""
    assert derived("email_updated", EMAIL | {"counts": {"views": count}}) == {}


@pytest.mark.parametrize(
    "changes",
    [{"counts": None}, {"counts": []}, {"status": []}, {"status": {}}, {"sent_at": 5}, {"bounced": "true"}],
    ids=repr,
)
def test_fields_of_a_wrong_type_derive_nothing(changes: dict[str, Any]) -> None:
    """A field of an unexpected type is no reason to fail, and no happening either."""
    assert derived("email_updated", EMAIL | changes) == {}


def test_an_email_without_an_id_derives_nothing() -> None:
    """Without an id there is nothing to tell a repeat by, so nothing is derived."""
    changes = {"id": None, "sent_at": SENT, "counts": {"views": 1}}

    assert derived("email_updated", EMAIL | changes) == {}


def test_a_created_call_is_a_completed_one() -> None:
    """SalesLoft's Call is a logged call: there is no other moment of completion, and it happens once per call."""
    resource = {"id": 55, "created_at": CREATED, "updated_at": UPDATED, "called_person": {"id": 8}, "duration": 60}

    base, event = read("call_created", resource)

    assert (event.event_type, event.event_id) == ("call.completed", "call.completed/55")
    assert (event.data, event.entity_key, event.created_at) == (base.data, "person:8", CREATED)
    assert event.watermark is None


def test_an_updated_call_derives_nothing() -> None:
    """Editing a logged call completes it no second time."""
    assert derived("call_updated", {"id": 55, "updated_at": UPDATED}) == {}


@pytest.mark.parametrize("state", ["completed", "removed"])
@pytest.mark.parametrize("name", ["cadence_membership_created", "cadence_membership_updated"])
def test_a_finished_membership_derives_its_end(name: str, state: str) -> None:
    """The first delivery in a final state is the membership's end."""
    (event,) = derived(name, {"id": 7, "updated_at": UPDATED, "current_state": state, "person": {"id": 8}}).values()

    assert (event.event_type, event.event_id) == (f"cadence_membership.{state}", f"cadence_membership.{state}/7")
    assert event.watermark == Watermark("cadence_membership/7", state, 1)


@pytest.mark.parametrize("state", ["active", "", None, [], {}, "Completed"], ids=repr)
def test_a_running_membership_derives_nothing(state: object) -> None:
    """Any other state, of whatever type, ends nothing."""
    assert derived("cadence_membership_updated", {"id": 7, "current_state": state}) == {}
