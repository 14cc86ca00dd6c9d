"""What the store keeps as people look at it: entries, dead letters and the quarantine, read from their fields."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from salesloft_webhooks.broker.body_compression import unpacked
from salesloft_webhooks.broker.entry_head import unpacked_source, unpacked_trace
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.packed_time import unpacked_time
from salesloft_webhooks.broker.records import REGISTRATION_FIELDS, Fields
from salesloft_webhooks.broker.sealed_data import UNREADABLE
from salesloft_webhooks.broker.shared_bodies import MOST_DIGITS, whole_body
from salesloft_webhooks.dialects import content_redacted
from salesloft_webhooks.errors import BodyUnreadable
from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import MARK

TRACE_ID = slice(3, 35)
"""Of a traceparent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """What entries and dead letters say about their event.

    Attributes:
        event_id: Of the event.
        event_type: Of the event.
        entity_key: What it is ordered by.
        source: Where it came from.
        created_at: When it happened, as the sender wrote it.
        received_at: When the store accepted it.
        trace_id: Of the delivery that brought it; empty without one.
        data: The resource as JSON bytes. Personal data: show it only when asked to.
        unreadable: Why the data, which is empty then, cannot be decrypted; empty: it can.
    """

    event_id: str
    event_type: str
    entity_key: str
    source: str
    created_at: str
    received_at: datetime
    trace_id: str
    data: bytes = field(repr=False)
    unreadable: str = ""

    def as_event(self, group: str) -> Event:
        """What a handler of that group would get, at its first attempt. Its data has to be readable."""
        return Event(
            event_id=self.event_id,
            event_type=self.event_type,
            created_at=self.created_at,
            source=self.source,
            received_at=self.received_at,
            raw_data=self.data,
            entity_key=self.entity_key,
            group=group,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(StoredEvent):
    """One entry of the stream.

    Attributes:
        reference: Where it is.
        only: The one group it is for (a replay or redrive), or empty.
    """

    reference: Reference
    only: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter(StoredEvent):
    """An event that a group gave up on.

    Attributes:
        group: Who gave up.
        reference: Where it lies in the group's dead letters.
        reason: ``exhausted``, ``permanent``, ``poison`` or ``no_handler``.
        error: One line: type and message of the last error.
        attempts: Attempts made.
        died_at: When the group gave up.
        consumer: The worker that made the last attempt.
    """

    group: str
    reference: Reference
    reason: str
    error: str
    attempts: int
    died_at: datetime
    consumer: str

    @property
    def handle(self) -> str:
        """What to call it on a command line: ``crm/0/1766021654000-0``."""
        return f"{self.group}/{self.reference}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One delivery in quarantine.

    Attributes:
        reference: Where it is, and what to call it on a command line.
        source: Where it came from.
        dialect: How it was signed.
        reason: Why it could not be read, an `UnreadableReason`.
        received_at: When it came.
        from_headers: What its headers said and its body does not (native: the event's name); empty when version
            0.1.0 kept it.
        content_redacted: Whether a key of the source stood in what it says: what is kept is not what came.
        body: As it came, keys of the source redacted. Personal data: show it only when asked to.
        unreadable: Why the body cannot be decrypted; empty: it can.
    """

    reference: Reference
    source: str
    dialect: str
    reason: str
    received_at: datetime
    from_headers: str
    content_redacted: bool
    body: bytes = field(repr=False)
    unreadable: str = ""


def read_entry(reference: Reference, fields: Fields) -> Entry:
    """The entry at ``reference``; its body and `of` are as `scan.read` answers them."""
    received = {b"at": b"%d" % reference.ms} | {name: value for name, value in fields.items() if value}
    return Entry(reference=reference, only=_text(fields, b"only"), **_stored_event(received))


def read_dead_letter(group: str, reference: Reference, fields: Fields) -> DeadLetter:
    """The dead letter of ``group`` at ``reference``."""
    return DeadLetter(
        group=group,
        reference=reference,
        reason=_text(fields, b"reason"),
        error=_text(fields, b"error"),
        attempts=_number(fields, b"attempts"),
        died_at=_time(fields, b"died"),
        consumer=_text(fields, b"consumer"),
        **_stored_event(fields),
    )


def read_quarantined(reference: Reference, fields: Fields) -> Quarantined:
    """The delivery in quarantine at ``reference``."""
    body = fields.get(b"body", b"")
    cut = fields.get(b"cut")  # version 0.1.0 did not write it down
    return Quarantined(
        reference=reference,
        source=_text(fields, b"src"),
        dialect=_text(fields, b"dialect"),
        reason=_text(fields, b"reason"),
        received_at=_time(fields, b"at"),
        from_headers=_text(fields, b"event"),
        content_redacted=content_redacted(body) if cut is None else cut == b"1",
        body=body,
        unreadable=_text(fields, UNREADABLE),
    )


def read_registration(fields: Fields) -> tuple[tuple[str, ...], str, tuple[str, ...], datetime | None]:
    """What a group's registration says, in the order of `REGISTRATION_FIELDS`; without any, nobody was ever seen."""
    events, ordering, handlers, seen = (_text(fields, name.encode()) for name in REGISTRATION_FIELDS)
    return _listed(events), ordering or "none", _listed(handlers), _time(fields, b"seen") if seen else None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _stored_event(fields: Fields) -> dict[str, Any]:
    return {
        "event_id": _text(fields, b"id"),
        "event_type": _text(fields, b"type"),
        "entity_key": _text(fields, b"key"),
        "source": unpacked_source(fields.get(b"src", b"")),
        "created_at": unpacked_time(fields.get(b"made", b"")),
        "received_at": _time(fields, b"at"),
        "trace_id": unpacked_trace(fields.get(b"tp", b"")).partition(MARK)[0][TRACE_ID],
        **_data(fields),
    }


def _data(fields: Fields) -> dict[str, Any]:
    try:
        data = whole_body(unpacked(fields.get(b"body", b"")), fields.get(b"of", b""))
    except BodyUnreadable as exc:
        return {"data": b"", "unreadable": str(exc)}
    return {"data": data, "unreadable": _text(fields, UNREADABLE)}


def _text(fields: Fields, name: bytes) -> str:
    """One field as text, empty when it is missing. Bytes that are no UTF-8 are shown, not raised."""
    return fields.get(name, b"").decode(errors="backslashreplace")


def _number(fields: Fields, name: bytes) -> int:
    """A count; 0 when it is missing, or what somebody else has written."""
    written = fields.get(name, b"")
    return int(written) if written.isdigit() and len(written) <= MOST_DIGITS else 0


def _time(fields: Fields, name: bytes) -> datetime:
    """A time; 1970 when it is missing, or none that there could be."""
    try:
        return datetime.fromtimestamp(int(fields.get(name, b"0")) / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
