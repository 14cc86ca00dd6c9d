"""Events become activities that are logged once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.handlers.builtin.configuration.crm import LOGGABLE, ActivityKind
from salesloft_webhooks.handlers.builtin.crm.logged_activities import ID_LENGTH, LoggedActivity, activity_of
from tests.support import samples

VALUES = st.sampled_from([None, True, -1, 10**30, 2.5, 1e300, "", "x", "²", "\0", "2026-13-01", [1], {"id": "x"}])
NAMES = ("id", "subject", "body", "title", "description", "start_time", "end_time", "duration", "disposition", "status")


def activity(event_type: str, **data: Any) -> LoggedActivity:
    """The activity of an event about person 1."""
    return activity_of(samples.event(event_type, {"id": 7, "person_id": 1, "user": {"id": 5}, **data}))


def test_a_mail_has_its_subject_and_body() -> None:
    """And the address it went to, by which its contact may be found."""
    sent = activity_of(samples.email("email.sent"))

    assert (sent.kind, sent.subject, sent.text) == (ActivityKind.EMAIL, "Hello", "Dear Robin")
    assert (sent.person_id, sent.user_id) == (samples.PERSON_ID, samples.USER_ID)
    assert sent.email_address == "robin.sample@example.com"
    assert "Hello" not in repr(sent), "a repr may end in a log"


def test_a_reply_does_not_say_what_the_rep_wrote() -> None:
    """SalesLoft sends the mail that was answered with it, which nobody must take for the answer."""
    assert activity_of(samples.email("email.replied", data={"count": 1})).text is None


def test_a_call_has_its_duration_and_disposition() -> None:
    """SalesLoft counts seconds; relays send numbers as text."""
    call = activity("call.completed", duration="65", disposition="Connected", sentiment="Good", to="+1 444")

    assert (call.duration, call.outcome) == (timedelta(seconds=65), "Connected")
    assert call.details == {"sentiment": "Good", "to": "+1 444"}


def test_a_meeting_happens_when_it_begins() -> None:
    """Not when it was booked."""
    meeting = activity(
        "meeting.booked",
        title="Demo",
        start_time="2026-03-09T10:00:00Z",
        end_time="2026-03-09T10:30:00Z",
        no_show=False,
    )

    assert meeting.happened_at == datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert meeting.ended_at == datetime(2026, 3, 9, 10, 30, tzinfo=UTC)
    assert meeting.details == {"no_show": False}


def test_what_is_one_thing_has_one_id() -> None:
    """Whichever event tells of it; each further reply to a mail is another."""
    assert activity("meeting.booked").activity_id == activity("meeting.updated").activity_id == "meeting/7"
    assert activity("email.sent").activity_id == activity("email.sent").activity_id == "email/7"
    assert activity("email.replied", count=1).activity_id != activity("email.replied", count=2).activity_id
    assert activity("call.completed", id=8).activity_id != activity("call.completed").activity_id
    long = activity_of(samples.event("call.completed", {"person_id": 1}, event_id="x" * 500))
    assert len(long.activity_id) == ID_LENGTH


def test_an_event_without_a_person_is_nobodys_activity() -> None:
    """No further attempt would find one."""
    with pytest.raises(PermanentError):
        activity_of(samples.event("call.completed", {"id": 7}))


@given(st.sampled_from(sorted(LOGGABLE)), st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)))
def test_whatever_a_sender_writes_becomes_an_activity(event_type: str, data: dict[str, Any]) -> None:
    """Never a crash: a relay's types are its own."""
    assert activity(event_type, **data).person_id == 1
