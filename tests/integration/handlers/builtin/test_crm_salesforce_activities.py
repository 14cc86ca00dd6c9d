"""Mails, replies, calls and meetings become Tasks and Events of Salesforce, once, beside their Contact or Lead."""

from typing import Any

import pytest

from salesloft_webhooks import Event, Unavailable
from tests.integration.handlers.builtin.salesforce_backend import BOTH, connected
from tests.support import samples
from tests.support.standins.salesforce_records import ACTIVITY_ID, EXTERNAL_ID

LOG = {"log": ["email.sent", "email.replied", "call.completed", "meeting.*"], **BOTH}
PERSON = str(samples.PERSON_ID)


def call(**data: Any) -> Event:
    """A call of a minute and a half."""
    resource = {
        "id": 11,
        "updated_at": "2026-03-07T04:26:14-05:00",
        "duration": 90,
        "disposition": "Connected",
        "sentiment": "Hot",
        "to": "+1 444 555 6666",
        "called_person": {"id": samples.PERSON_ID},
        "user": {"id": samples.USER_ID},
    }
    return samples.event("call.completed", {**resource, **data})


def meeting(event_type: str = "meeting.booked", **data: Any) -> Event:
    """A meeting of half an hour."""
    resource = {
        "id": 12,
        "updated_at": "2026-03-07T04:26:14-05:00",
        "title": "Demo",
        "start_time": "2026-03-09T10:00:00-05:00",
        "end_time": "2026-03-09T10:30:00-05:00",
        "location": "Room 5",
        "person": {"id": samples.PERSON_ID},
    }
    return samples.event(event_type, {**resource, **data})


def sent(**data: Any) -> Event:
    """A mail that a rep sent."""
    body = "<style>p {color: red}</style><p>Dear Robin,</p><p>it&#39;s <b>time</b>.<br>Kim</p>"
    return samples.email("email.sent", data={"body": body, **data})


async def test_each_kind_becomes_what_it_is() -> None:
    """With subject, text, day, times and length, beside the person's Contact."""
    async with connected(**LOG) as crm:
        contact = crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: PERSON})

        outcomes = await crm.log(sent(), samples.email("email.replied", data={"count": 1}), call(), meeting())

        assert outcomes == [None] * 4
        tasks, events = crm.standin.bearing("Task", ACTIVITY_ID), crm.standin.bearing("Event", ACTIVITY_ID)
        assert {key: each.pop(ACTIVITY_ID) for key, each in (tasks | events).items()}
        assert {each.pop("WhoId") for each in (tasks | events).values()} == {contact}
        mail = {"Status": "Completed", "ActivityDate": "2026-03-07", "TaskSubtype": "Email"}
        assert tasks == {
            "email/812345678": mail | {"Subject": "Email: Hello", "Description": "Dear Robin,\n\nit's time.\nKim"},
            "reply/812345678/1": mail | {"Subject": "Reply: Hello"},
            "call/11": {
                **(mail | {"TaskSubtype": "Call", "Subject": "Call: Connected"}),
                "Description": "Outcome: Connected\nSentiment: Hot\nTo: +1 444 555 6666",
                "CallType": "Outbound",
                "CallDurationInSeconds": 90,
                "CallDisposition": "Connected",
            },
        }
        times = {"StartDateTime": "2026-03-09T15:00:00.000Z", "EndDateTime": "2026-03-09T15:30:00.000Z"}
        assert events == {"meeting/12": {"Subject": "Demo", "Location": "Room 5", **times}}


async def test_an_activity_is_logged_once_and_a_meeting_follows_its_changes() -> None:
    """The same events again add nothing, and a rep's words in the Task stay; the meeting is moved and canceled."""
    async with connected(**LOG) as crm:
        crm.standin.records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: PERSON})
        await crm.log(sent(), meeting())
        crm.standin.bearing("Task", ACTIVITY_ID)["email/812345678"]["Subject"] = "Mine"
        moved = meeting("meeting.updated", start_time="2026-03-10T10:00:00-05:00", end_time=None, status="canceled")

        outcomes = await crm.log(sent(), moved)

        assert outcomes == [None, None]
        assert crm.standin.bearing("Task", ACTIVITY_ID)["email/812345678"]["Subject"] == "Mine"
        (event,) = crm.standin.bearing("Event", ACTIVITY_ID).values()
        assert event["Subject"] == "Canceled: Demo"
        assert event["StartDateTime"] == event["EndDateTime"] == "2026-03-10T15:00:00.000Z"


async def test_what_concerns_nobody_who_is_there_is_left_out() -> None:
    """No Task without a person, and nobody is made for one; the neighbour's is logged."""
    async with connected(**LOG) as crm:
        crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: PERSON})

        outcomes = await crm.log(sent(), call(called_person={"id": 9}))

        assert outcomes == [None, None]
        assert [*crm.standin.bearing("Task", ACTIVITY_ID)] == ["email/812345678"]
        assert len(crm.standin.contacts) == 1


@pytest.mark.parametrize("moved", ["converted", "merged"])
async def test_activities_follow_a_conversion_and_a_merge(moved: str) -> None:
    """The Task stands beside the Contact that the Lead became, or the record that was kept, whoever's it is."""
    async with connected(**LOG) as crm:
        records = crm.standin.records
        lead = records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: PERSON})
        if moved == "converted":
            end = records.convert(lead)
        else:
            end = records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: "9"})
            records.merge(end, lead)

        await crm.log(sent())

        (task,) = crm.standin.bearing("Task", ACTIVITY_ID).values()
        assert task["WhoId"] == end


async def test_fields_an_organisation_has_not_are_left_out() -> None:
    """Without Call Center there are none about calls; the rest is logged."""
    async with connected(**LOG) as crm:
        crm.standin.missing = {"CallType", "CallDurationInSeconds", "CallDisposition"}
        crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: PERSON})

        assert await crm.log(call()) == [None]

        (task,) = crm.standin.bearing("Task", ACTIVITY_ID).values()
        assert task["Subject"] == "Call: Connected"
        assert not crm.standin.missing & task.keys()


async def test_the_rep_owns_what_they_did_where_they_are_a_user() -> None:
    """By e-mail address: an active user is the owner; of two with one address, and of one who left, nobody is."""
    async with connected(**LOG, owners_by_email=True) as crm:
        records = crm.standin.records
        records.add("Contact", LastName="A", **{EXTERNAL_ID: PERSON})
        user = records.add("User", Email=f"rep-{samples.USER_ID}@example.com", IsActive=True, UserType="Standard")
        records.add("User", Email="rep-2@example.com", IsActive=False, UserType="Standard")
        for _ in range(2):
            records.add("User", Email="rep-3@example.com", IsActive=True, UserType="Standard")

        await crm.log(call(), call(id=2, user={"id": 2}), call(id=3, user={"id": 3}))

        owners = {key: each.get("OwnerId") for key, each in crm.standin.bearing("Task", ACTIVITY_ID).items()}
        assert owners == {"call/11": user, "call/2": None, "call/3": None}


async def test_a_field_that_is_missing_pauses_and_is_named() -> None:
    """Without the field of our own nothing is logged, and no event dies of it; the start would have said so, too."""
    async with connected(**LOG) as crm:
        crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: PERSON})
        crm.standin.missing = {ACTIVITY_ID}

        problems = await crm.backend.field_problems()
        (outcome,) = await crm.log(sent())

        assert problems == [f"field {ACTIVITY_ID} does not exist, or our user may not see it"] * 2
        assert isinstance(outcome, Unavailable)
        assert ACTIVITY_ID in str(outcome)


async def test_a_field_that_is_not_unique_or_a_status_that_is_none_is_named() -> None:
    """Both would be found out by doubles, or by every Task's refusal."""
    async with connected(**LOG, completed_status="Erledigt") as crm:
        crm.standin.unique.remove(ACTIVITY_ID)

        problems = await crm.backend.field_problems()

        assert problems == [
            f"field {ACTIVITY_ID} is not marked as unique",
            "status Erledigt of a Task does not exist (crm.completed_status)",
            f"field {ACTIVITY_ID} is not marked as unique",
        ]
