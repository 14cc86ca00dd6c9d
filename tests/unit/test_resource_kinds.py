"""Whom each of SalesLoft's resources concerns, which rep, when, in which lane: every event of both dialects."""

import json
from typing import Any

import pytest

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.dialects import envelope, names, native
from salesloft_webhooks.events import NewEvent
from tests.support import samples
from tests.support.dialect_deliveries import as_json

PERSON, USER = 164510523, 51550
CREATED, UPDATED, DONE = "2026-03-06T16:01:58-05:00", "2026-03-06T18:40:21-05:00", "2026-03-06T17:00:00-05:00"
ABOUT = {"_href": "https://api.salesloft.com/v2/people/164510523", "id": PERSON}
REP = {"_href": "https://api.salesloft.com/v2/users/51550", "id": USER}
SOMEBODY = {"person": ABOUT, "user": REP}
CALLED = {"called_person": ABOUT, "user": REP}
MAILED = {"recipient": ABOUT, "user": REP, "recipient_email_address": "robin@example.com"}

# Per kind: the fields as SalesLoft's API describes them, whether a person is concerned, and the rep.
RESOURCES: dict[str, tuple[dict[str, Any], int | None, int | None]] = {
    "account": ({"owner": REP, "creator": {"id": 1}, "last_contacted_person": {"id": 2}}, None, USER),
    "bulk_job": ({"state": "done", "finished_at": DONE}, None, None),
    "cadence": ({"creator": {"id": 1}, "owner": REP}, None, USER),
    "cadence_membership": (SOMEBODY | {"cadence": {"id": 500}}, PERSON, USER),
    "call": (CALLED | {"note": {"id": 3301}}, PERSON, USER),
    "call_data_record": (CALLED | {"call": {"id": 1}}, PERSON, USER),
    "conversation": ({"call": {"id": 1}, "owner_id": USER}, None, USER),
    "conversation_recording": ({"conversation": {"id": "3f"}}, None, None),
    "conversation_transcript": ({"conversation": {"id": "3f"}}, None, None),
    "email": (MAILED, PERSON, USER),
    "email_with_body_and_subject": (MAILED | {"subject": "Intro"}, PERSON, USER),
    "meeting": ({"person": ABOUT, "booked_by_user": REP, "recipient_email": "robin@example.com"}, PERSON, USER),
    "note": ({"associated_type": "person", "associated_with": ABOUT, "user": REP}, PERSON, USER),
    "person": ({"id": PERSON, "owner": REP, "last_contacted_by": {"id": 1}}, PERSON, USER),
    "step": ({"cadence": {"id": 500}}, None, None),
    "success": (SOMEBODY | {"latest_email": {"id": 1}}, PERSON, USER),
    "task": (SOMEBODY | {"created_by_user": {"id": 1}, "completed_at": DONE}, PERSON, USER),
    "user": ({"id": USER, "email": "rep@example.com"}, None, USER),
}
NATIVE_NAMES = sorted(names.DOTTED.keys() - {"link_swap"})
LANES = {  # of what concerns nobody
    "account": "account:77",
    "bulk_job": "bulk_job:77",
    "cadence": "cadence:77",
    "conversation": "conversation:77",
    "conversation_recording": "conversation_recording:77",
    "conversation_transcript": "conversation_transcript:77",
    "step": "step:77",
    "user": f"user:{USER}",
}
DERIVED = {  # how many events follow from a delivery in which everything has happened
    "email_updated": 5,
    "email_with_body_and_subject_updated": 5,
    "call_created": 1,
    "cadence_membership_created": 1,
    "cadence_membership_updated": 1,
}
ADDRESSED = {"email", "email_with_body_and_subject", "meeting"}


def resource(kind: str) -> dict[str, Any]:
    """A whole resource of the kind."""
    return {"id": 77, "created_at": CREATED, "updated_at": UPDATED, **RESOURCES[kind][0]}


def seen(new: NewEvent) -> tuple[str, object, int | None, int | None]:
    """Ordering key, stored person, and what a handler is told of person and rep."""
    event = samples.event(new.event_type, json.loads(new.data))
    return new.entity_key, event.data["person_id"], event.person_id, event.user_id


def test_the_table_has_every_kind() -> None:
    """No event of SalesLoft's comes without a row of the table, and the table has no row of anything else."""
    kinds = {resource_kinds.kind_of(event_type) for event_type in names.KNOWN_EVENT_TYPES}

    assert resource_kinds.KINDS.keys() == kinds == RESOURCES.keys()


@pytest.mark.parametrize("name", NATIVE_NAMES)
def test_every_native_event_concerns_its_person(name: str) -> None:
    """Each of SalesLoft's events has its person, its rep and its lane, and what is derived from it shares them."""
    kind = resource_kinds.kind_of(names.DOTTED[name])
    _, person, rep = RESOURCES[kind]
    finished = {"sent_at": UPDATED, "bounced": True, "counts": {"views": 1, "clicks": 1, "replies": 1}}
    lane = f"person:{person}" if person else LANES[kind]

    events = native.read(as_json(resource(kind) | finished | {"current_state": "completed"}), name)

    assert {seen(event) for event in events} == {(lane, person, person, rep)}
    assert len(events) == DERIVED.get(name, 0) + 1


@pytest.mark.parametrize("event_type", sorted(names.KNOWN_EVENT_TYPES))
def test_every_enveloped_event_concerns_its_person(event_type: str) -> None:
    """The same resources in an envelope, derived types included, have the same person, rep and lane."""
    kind = resource_kinds.kind_of(event_type)
    _, person, rep = RESOURCES[kind]
    body = {"event_type": event_type, "event_id": "evt-1", "created_at": UPDATED, "data": resource(kind)}

    (event,) = envelope.read(as_json(body))

    assert seen(event) == (f"person:{person}" if person else LANES[kind], person, person, rep)


@pytest.mark.parametrize("kind", sorted(RESOURCES))
def test_the_address_is_that_of_whom_it_concerns(kind: str) -> None:
    """An email and a meeting went to somebody; a user has an address of their own; nothing else here names one."""
    event = samples.event(f"{kind}.updated", resource(kind))

    assert event.email_address == (
        "robin@example.com" if kind in ADDRESSED else "rep@example.com" if kind == "user" else None
    )


@pytest.mark.parametrize(
    ("note", "lane"),
    [
        pytest.param({"associated_type": "Person", "associated_with": ABOUT}, f"person:{PERSON}", id="capital"),
        pytest.param({"associated_type": "person", "associated_with": PERSON}, f"person:{PERSON}", id="plain-id"),
        pytest.param({"associated_type": "person", "associated_with_id": PERSON}, f"person:{PERSON}", id="flat"),
        pytest.param({"associated_type": "account", "associated_with": ABOUT}, "note:77", id="account"),
        pytest.param({"associated_type": None, "associated_with": ABOUT}, "note:77", id="no-type"),
        pytest.param({"associated_with": ABOUT}, "note:77", id="type-missing"),
        pytest.param({"associated_type": ["person"], "associated_with": ABOUT}, "note:77", id="type-is-a-list"),
        pytest.param({"associated_type": "person", "associated_with": None}, "note:77", id="nobody"),
        pytest.param({"associated_type": "account", "person": ABOUT}, f"person:{PERSON}", id="person-beside"),
    ],
)
def test_a_note_concerns_what_it_is_associated_with(note: dict[str, Any], lane: str) -> None:
    """Only a note about a person is the person's: an account's id is no person's, equal numbers or not."""
    (event,) = native.read(as_json({"id": 77, "updated_at": UPDATED, **note}), "note_created")

    assert event.entity_key == lane


def test_both_events_of_an_email_share_its_lane() -> None:
    """An email without a recipient is still one email, whether it is sent with its body or without."""
    lanes = {
        native.read(b'{"id":77}', name)[0].entity_key
        for name in ("email_updated", "email_with_body_and_subject_updated")
    }

    assert lanes == {"email:77"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bulk_job_completed", DONE),
        ("task_completed", DONE),
        ("task_updated", UPDATED),
        ("meeting_booked", CREATED),
        ("meeting_updated", UPDATED),
        ("success_created", CREATED),
        ("person_deleted", UPDATED),
    ],
)
def test_the_time_is_that_of_what_the_verb_says(name: str, expected: str) -> None:
    """A completion happened when the resource says it was completed, a booking when the meeting was made."""
    kind = resource_kinds.kind_of(names.DOTTED[name])

    assert native.read(as_json(resource(kind)), name)[0].created_at == expected
