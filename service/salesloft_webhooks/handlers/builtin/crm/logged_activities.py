"""What a rep or a person did, as it is logged in a CRM beside the contact."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration.crm import LOGGABLE, ActivityKind
from salesloft_webhooks.handlers.database.resource_versions import plausible_time
from salesloft_webhooks.handlers.database.storable_values import clean_text, shorten_key
from salesloft_webhooks.timestamps import parse_timestamp

ID_LENGTH = 200
"""Characters of an activity's id at most: below what fields with unique values take in any CRM (255)."""


@dataclass(frozen=True, slots=True)
class LoggedActivity:
    """An email, a reply, a call or a meeting.

    Attributes:
        activity_id: The same in every event about it, and in no other: what makes it be logged once. ASCII or not, at
            most `ID_LENGTH` characters.
        kind: What it is.
        version: Of a meeting, which may change; an older one must not overwrite a newer one.
        person_id: SalesLoft's id of the person.
        email_address: The person's, as far as the event says: the one a mail went to.
        user_id: The rep.
        happened_at: When; of a meeting, when it begins.
        ended_at: Of a meeting: when it ends, if that is known.
        duration: Of a call.
        subject: Of a mail, or the title of a meeting.
        text: A mail's body (HTML), or a meeting's description. Of a reply None: SalesLoft does not send it.
        outcome: A call's disposition, a meeting's status, as SalesLoft has them.
        details: More, by SalesLoft's names: ``sentiment``, ``to``, ``location``, ``no_show``.
        idempotency_key: Of the event that says so.
    """

    activity_id: str
    kind: ActivityKind
    version: datetime
    person_id: int
    email_address: str | None
    user_id: int | None
    happened_at: datetime
    ended_at: datetime | None
    duration: timedelta | None
    subject: str | None = field(repr=False)
    text: str | None = field(repr=False)
    outcome: str | None
    details: dict[str, str | bool] = field(repr=False)
    idempotency_key: str


_DETAILS = {
    ActivityKind.EMAIL: (),
    ActivityKind.REPLY: (),
    ActivityKind.CALL: ("sentiment", "to"),
    ActivityKind.MEETING: ("location", "no_show"),
}
_OUTCOME = {ActivityKind.CALL: "disposition", ActivityKind.MEETING: "status"}


def activity_of(event: Event) -> LoggedActivity:
    """The activity that an event of one of the types `LOGGABLE` is about.

    Raises:
        PermanentError: The event names no person.
    """
    kind, data = LOGGABLE[event.event_type], event.data
    if (person_id := event.person_id) is None:
        raise PermanentError(f"{event.event_type} without a person")
    is_meeting = kind is ActivityKind.MEETING
    begins = parse_timestamp(data.get("start_time")) if is_meeting else None
    text = data.get({ActivityKind.EMAIL: "body", ActivityKind.MEETING: "description"}.get(kind, ""))
    return LoggedActivity(
        activity_id=_activity_id(event, kind),
        kind=kind,
        version=plausible_time(event, event.updated_at),
        person_id=person_id,
        email_address=event.email_address,
        user_id=event.user_id,
        happened_at=begins or plausible_time(event, event.happened_at),
        ended_at=parse_timestamp(data.get("end_time")) if is_meeting else None,
        duration=_duration(data.get("duration")) if kind is ActivityKind.CALL else None,
        subject=_text(data.get("title" if is_meeting else "subject")),
        text=_text(text),
        outcome=_text(data.get(_OUTCOME.get(kind, ""))),
        details=dict(_details(kind, data)),
        idempotency_key=event.idempotency_key,
    )


def _activity_id(event: Event, kind: ActivityKind) -> str:
    """By the resource, so that whatever tells of it twice means one; an email is answered several times."""
    own = event.resource_id
    if own is None:
        return shorten_key(clean_text(event.event_id), ID_LENGTH)
    if kind is not ActivityKind.REPLY:
        return f"{kind}/{own}"
    count = event.data.get("count")
    counted = isinstance(count, int) and not isinstance(count, bool)
    return f"{kind}/{own}/{count}" if counted else shorten_key(clean_text(event.event_id), ID_LENGTH)


def _details(kind: ActivityKind, data: Any) -> Iterator[tuple[str, str | bool]]:
    for name in _DETAILS[kind]:
        value = data.get(name)
        if isinstance(value, bool):
            yield name, value
        elif (text := _text(value)) is not None:
            yield name, text


def _text(value: Any) -> str | None:
    return (clean_text(value).strip() or None) if isinstance(value, str) else None


def _duration(value: Any) -> timedelta | None:
    """Seconds, as SalesLoft says; relays are known to send numbers as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < 9 else None
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**8
    return timedelta(seconds=value) if usable else None
