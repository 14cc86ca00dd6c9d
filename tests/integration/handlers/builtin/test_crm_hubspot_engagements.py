"""What reps and people did stands in HubSpot beside the contact, once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from salesloft_webhooks import Retry
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity, activity_of
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import hubspot
from tests.support.standins.http import DISCONNECT, Answer, Request
from tests.support.standins.hubspot import HubSpot


@pytest.fixture
async def standin() -> AsyncIterator[HubSpot]:
    """A running HubSpot with the contact of person 1."""
    async with HubSpot().running() as standin:
        assert isinstance(standin, HubSpot)
        standin.add(email="p1@example.com", salesloft_person_id="1")
        yield standin


@pytest.fixture
async def backend(standin: HubSpot) -> AsyncIterator[HubSpotContacts]:
    """The back end, which logs everything there is."""
    section = {
        "backend": "hubspot",
        "token": hubspot.TOKEN,
        "base_url": standin.url,
        "match": ["salesloft_id", "email_address"],
        "log": ["email.*", "call.completed", "meeting.*"],
        "owners": {5: "700"},
    }
    async with open_client(timeout_seconds=5) as client:
        yield HubSpotContacts(HubSpotCrm.model_validate(section), client)


def activity(event_type: str, number: int = 7, person: int = 1, **data: Any) -> LoggedActivity:
    """Something of that number, with person 1 unless another one is named."""
    known = {"id": number, "person_id": person, "user": {"id": 5}, "updated_at": "2026-03-07T09:00:00Z"}
    return activity_of(samples.event(event_type, {**known, **data}, created_at="2026-03-07T09:00:00Z"))


async def test_mails_replies_calls_and_meetings_become_engagements(backend: HubSpotContacts, standin: HubSpot) -> None:
    """Each of its kind, with its owner, associated with the contact by HubSpot's type for that."""
    mail_to: dict[str, Any] = {"subject": "Hello", "body": "<p>Hi</p>", "recipient_email_address": "p1@example.com"}
    await asyncio.gather(
        backend.log(activity("email.sent", **mail_to)),
        backend.log(activity("email.replied", count=1, **mail_to)),
        backend.log(activity("call.completed", duration=65, disposition="Connected", to="+1 444")),
        backend.log(activity("meeting.booked", title="Demo", start_time="2026-03-09T10:00:00Z", status="pending")),
    )

    mail, reply = standin.records["emails"].values()
    assert (mail["hs_email_direction"], mail["hs_email_subject"], mail["hs_email_html"]) == (
        *("EMAIL", "Hello", "<p>Hi</p>"),
    )
    assert mail["hs_email_headers"] == '{"to":[{"email":"p1@example.com"}]}'
    assert (reply["hs_email_direction"], reply["hs_email_subject"]) == ("INCOMING_EMAIL", "Re: Hello")
    assert "hs_email_html" not in reply
    (call,) = standin.records["calls"].values()
    assert (call["hs_call_duration"], call["hs_call_body"]) == ("65000", "Connected")
    (meeting,) = standin.records["meetings"].values()
    assert meeting["hs_meeting_start_time"] == meeting["hs_timestamp"] == "2026-03-09T10:00:00.000Z"
    assert meeting["hs_meeting_outcome"] == "SCHEDULED"
    assert {each["hubspot_owner_id"] for each in (mail, reply, call, meeting)} == {"700"}
    assert sorted((kind, contact, number) for kind, _, contact, number in standin.associations) == [
        ("calls", "101", 194),
        ("emails", "101", 198),
        ("emails", "101", 198),
        ("meetings", "101", 200),
    ]


async def test_what_is_logged_again_is_logged_once(backend: HubSpotContacts, standin: HubSpot) -> None:
    """Its reply got lost: HubSpot has it, the worker does not know, and the next attempt finds it."""
    usual = standin.answer_to

    def lose_the_reply(request: Request) -> Answer:
        answer = usual(request)
        return DISCONNECT if request.path.endswith("/create") else answer

    standin.respond = lose_the_reply
    with pytest.raises(Retry):
        await backend.log(activity("call.completed"))
    standin.respond = usual

    await backend.log(activity("call.completed"))

    assert len(standin.records["calls"]) == 1


async def test_two_workers_make_one_engagement(backend: HubSpotContacts, standin: HubSpot) -> None:
    """One that was thought to be dead makes it between our look and our request: HubSpot refuses a second."""
    usual = standin.answer_to

    def make_first(request: Request) -> Answer:
        if request.path.endswith("/create"):
            standin.respond = usual
            usual(request)
        return usual(request)

    standin.respond = make_first

    await asyncio.gather(*(backend.log(activity("call.completed", number)) for number in (7, 8)))

    assert len(standin.records["calls"]) == 2


async def test_a_meeting_is_moved_and_nothing_else_is_changed(backend: HubSpotContacts, standin: HubSpot) -> None:
    """A later state of a meeting changes its engagement; a mail that is known stays as it is."""
    await backend.log(activity("meeting.booked", title="Demo", start_time="2026-03-09T10:00:00Z"))
    await backend.log(activity("email.sent", subject="Hello"))

    await backend.log(activity("meeting.updated", title="Demo", start_time="2026-03-10T11:00:00Z", status="canceled"))
    await backend.log(activity("email.sent", subject="changed"))

    (meeting,) = standin.records["meetings"].values()
    assert meeting["hs_meeting_start_time"] == "2026-03-10T11:00:00.000Z"
    assert meeting["hs_meeting_outcome"] == "CANCELED"
    (mail,) = standin.records["emails"].values()
    assert mail["hs_email_subject"] == "Hello"


async def test_nothing_is_logged_of_people_whom_hubspot_does_not_have(
    backend: HubSpotContacts, standin: HubSpot
) -> None:
    """And nobody is made for it."""
    with capture_logs() as logs:
        await backend.log(activity("call.completed", person=2))

    assert standin.writes == []
    assert [(log["event"], log["count"]) for log in logs] == [("crm.unknown", 1)]


async def test_a_hundred_activities_share_requests(backend: HubSpotContacts, standin: HubSpot) -> None:
    """Those of one person too: one look-up of contacts, one of engagements, one request that makes them."""
    logged = (backend.log(activity("call.completed", number)) for number in range(1, 101))

    await asyncio.gather(*logged)

    assert len(standin.records["calls"]) == 100
    assert len(standin.requests) == 3
