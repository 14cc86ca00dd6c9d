"""What the store keeps, field by field: the one place that knows the names and the encoding of fields.

All values are text in UTF-8, bodies are bytes as they came or compressed (``body_compression.py``), times are
milliseconds since 1970. The scripts write and read the same names; a test (``test_records.py``) compares what they
write with the tuples here. What people are shown of it is read in ``administration/stored_records.py``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from salesloft_webhooks.broker.body_compression import packed, unpacked
from salesloft_webhooks.broker.body_encryption import MARK, BodyKeys
from salesloft_webhooks.broker.entry_head import VALUES, packed_head, unpacked_head
from salesloft_webhooks.broker.id_digest import digest_of
from salesloft_webhooks.broker.packed_time import EPOCH
from salesloft_webhooks.broker.sealed_data import opened, seal_body, seal_rest
from salesloft_webhooks.broker.shared_bodies import shared_with, whole_body
from salesloft_webhooks.errors import BodyUnreadable, StoreRefused
from salesloft_webhooks.events import Event, NewDelivery, NewEvent, assembled
from salesloft_webhooks.follow_ups import MARK as MARK_OF_FOLLOW_UP
from salesloft_webhooks.follow_ups import read as read_follow_up

Fields = Mapping[bytes, bytes]
"""A stream entry as Redis answers it."""
PublishRow = tuple[str | bytes | int, ...]
"""An event in the order that ``publish.lua`` takes it."""

PACKED_FIELDS = ("head", "body")
"""Of an event's entry in format 2: all that stands beside its body in one field (``entry_head.py``), and the body."""
ENTRY_FIELDS = ("id", "type", "key", "src", "at", "made", "tp", "only", "of", "body")
"""Of an event's entry in format 1 and of a copy of any; and what a head says: id, type, entity key and source of the
event, when the store accepted it (empty: the time of the entry's id), when it happened as the sender wrote it, W3C
trace context, the one group it is for (a redrive or replay; else empty), which part of a body its data is
(``shared_bodies.py``), and the body. Version 0.1.0 has no ``of``; a copy keeps packed what a head had packed."""
DEAD_LETTER_FIELDS = (*ENTRY_FIELDS, "entry", "reason", "error", "attempts", "died", "consumer")
"""Of a dead letter: the whole entry, where that was, why it died and of what, after how many attempts, when, and which
consumer made the last attempt."""
QUARANTINE_FIELDS = ("src", "dialect", "reason", "at", "event", "cut", "body")
"""Of a delivery in quarantine: source, dialect, why it cannot be read, when it came, the event name beside the body
(native dialect), 1 if a key was taken out of what the body says, and the body with the source's keys redacted."""
AUDIT_FIELDS = ("who", "roles", "act", "args", "counts", "outcome", "text", "run")
"""Of an act in the audit: by whom, with which roles, what, with which arguments, how many of what, how it ended, what
they were told, and the bulk work that it began. When stands in the entry's id."""
REGISTRATION_FIELDS = ("events", "ordering", "handlers", "seen")
"""Of a group's registration: patterns it wants, ordering, how its handlers are loaded, when a worker last came."""

RECORD_ENTRY = "entry"
"""Of an idempotency record: the id of the event's entry."""
RECORD_DUPLICATES = "dups"
"""Of an idempotency record: how many deliveries of the event came after the first."""
RECORD_TOKEN = "token:"  # noqa: S105 - a field's name
"""Of an idempotency record: which delivery stored it, so that a repeat after a lost reply is no duplicate."""
RECORD_COPY = "copy:"
"""Of an idempotency record: its entry is a copy, which one group alone has got; for all others a delivery is new."""
RECORD_LETTERS = "letter:"
"""And a group's name: the event's dead letters in that group, separated by blanks."""
RECORD_POISON = "poison:"
"""And a group's name: the entry that the group gave up as poison; a `done` that comes late is worth more."""
RECORD_RESUBMITTED = "again:"
"""And a group's name: the entry of the group's latest redrive or replay of the event."""
RECORD_ATTEMPTS = "try:"
"""And a group's name: how the group's attempts at the event ended, a line each (``lua/include/attempt_history.lua``);
none when the first one succeeded."""
RECORD_KINDS_OF_DONE = ("filtered:", "debounced:")
"""And a group's name: it is done because the group's filters did not want what the event says; or because debounced
handlers are called later, by a follow-up."""
RECORD_ERASED = "erased:"
"""Of an idempotency record: when the event was erased, server ms; of what it said nothing is kept."""
RESERVED_GROUP_NAMES = frozenset({RECORD_ENTRY, RECORD_DUPLICATES})
"""Fields of an idempotency record beside the groups' names, under which stands what became of the event there."""


def publish_row(
    event: NewEvent,
    delivery: NewDelivery,
    first: NewEvent | None,
    *,
    pack: bool,
    compress: bool,
    keys: BodyKeys | None = None,
) -> PublishRow:
    """The fields of a new entry as ``publish.lua`` takes them; the store's own time unless the delivery has one.

    ``first`` is the first event of the delivery in the same call, whose body the later ones mostly share.
    ``pack``: what is written is format 2. ``keys``: what seals the body, which takes format 2; None: it stays plain.

    Raises:
        StoreRefused: text of the event is no Unicode.
    """
    kept, body = ("", event.data) if first is None else shared_with(first.data, event.data)
    if compress and kept == "":
        body = packed(body)
    received = "" if delivery.received_at is None else str(int(delivery.received_at.timestamp() * 1_000))
    described = (event.event_id, event.event_type, event.entity_key, delivery.source, received, event.created_at)
    try:
        head = packed_head((*described, delivery.traceparent), pack=pack)
        digest = digest_of(event.event_id)
        if keys is not None:
            body = _sealed(keys, body, event, None if kept == "" else first)
    except UnicodeEncodeError as exc:
        raise StoreRefused(f"no Unicode: {exc.reason}") from exc
    return (event.event_id, digest, head, body, kept)


def _sealed(keys: BodyKeys, body: bytes, event: NewEvent, carrier: NewEvent | None) -> bytes:
    if carrier is None:
        return seal_body(keys, body, event.event_id)
    return seal_rest(keys, body, event.event_id, carrier.event_id)


def leased_event(
    entry_id: bytes, head: bytes, body: bytes, *, group: str, attempt: int, keys: BodyKeys | None = None
) -> Event:
    """The event of a lease, from the head and the body of its entry. ``keys`` open what was sealed.

    Raises:
        BodyUnreadable: the body is sealed, and cannot be opened, or it is damaged.
    """
    described, of = _described(head)
    if body[:2] == MARK:
        body, of = opened(keys, body, of, described[0])
    return _event(entry_id, described, whole_body(unpacked(body), of), group=group, attempt=attempt)


def unreadable_event(entry_id: bytes, head: bytes, *, group: str, attempt: int) -> Event:
    """The event of a lease whose body cannot be read: without any data, and with what its head says, if it does."""
    described, _ = _described(head)
    described[-1] = described[-1].partition(MARK_OF_FOLLOW_UP)[0]
    return _event(entry_id, described, b"", group=group, attempt=attempt)


def _described(head: bytes) -> tuple[list[str], bytes]:
    """What a head says, and ``of``: nothing, where somebody has tampered with it and left it to us all the same."""
    try:
        return unpacked_head(head)
    except ValueError:
        return [""] * len(VALUES), b""


def _event(entry_id: bytes, described: list[str], data: bytes, *, group: str, attempt: int) -> Event:
    event_id, event_type, entity_key, source, received, created, traceparent = described
    stored = entry_id.partition(b"-")[0]
    follow_up = None
    if MARK_OF_FOLLOW_UP in traceparent:
        try:
            traceparent, follow_up, data = read_follow_up(traceparent, data)
        except (ValueError, OverflowError, OSError, RecursionError) as exc:
            raise BodyUnreadable("damaged: what it says of a follow-up") from exc
    return assembled(
        event_id=event_id,
        event_type=event_type,
        created_at=created,
        source=source,
        received_at=_moment(received or stored) or _moment(stored) or EPOCH,
        raw_data=data,
        entity_key=entity_key,
        attempt=attempt,
        group=group,
        traceparent=traceparent,
        follow_up=follow_up,
    )


def _moment(milliseconds: str | bytes) -> datetime | None:
    """The time that is meant; None: it is none that there could be."""
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
