"""The head of an entry: all that stands beside its body, packed into one field (format 2 of the store).

A stream keeps a length with every value and the server answers value by value, so an entry has two fields, ``head`` and
``body``. A head is a byte, the size of each length in it (1; 4 when something has more than 255 bytes); then each of
`VALUES` behind its length; then ``of`` (`shared_bodies`) to the end.

Values are packed where few bytes say the same; what is unpacked is the text exactly as it was:

- ``id``: a UUID as its 16 bytes; one that begins with the event's type and a slash, as ours do, without these.
- ``type``: its place in `TYPES`.
- ``key``: a person's as the number.
- ``src``: ``default`` as one byte.
- ``made``: a time in ISO 8601 as microseconds, and how it was written.
- ``tp``: a traceparent of version 00 as its other 25 bytes.

A packed value begins with a byte below 32. No text does: dialects let only visible characters into these fields.
``include/entries.lua`` reads heads as well and unpacks id, type and key; copies of an entry keep the rest as it is.
"""

import re
from collections.abc import Mapping, Sequence

from salesloft_webhooks.broker.packed_time import packed_time, shown, unpacked_time

HEAD = b"head"
VALUES = ("id", "type", "key", "src", "at", "made", "tp")
"""In a head's order; what they are: `records.ENTRY_FIELDS`."""
AT = VALUES.index("at")
SHORT, LONG = 1, 4
"""How many bytes a length has."""
_WIDTH_SHORT, _WIDTH_LONG = b"%c" % SHORT, b"%c" % LONG
_SHORT_LENGTHS = [b"%c" % length for length in range(256)]
UUID, OF_ITS_TYPE = b"\x01", b"\x02"
"""First byte of a packed id."""
TYPES = (
    "account.created",
    "account.deleted",
    "account.updated",
    "bulk_job.completed",
    "cadence.created",
    "cadence.deleted",
    "cadence.updated",
    "cadence_membership.completed",
    "cadence_membership.created",
    "cadence_membership.removed",
    "cadence_membership.updated",
    "call.completed",
    "call.created",
    "call.updated",
    "call_data_record.created",
    "call_data_record.updated",
    "conversation.created",
    "conversation_recording.created",
    "conversation_transcript.created",
    "email.bounced",
    "email.clicked",
    "email.opened",
    "email.replied",
    "email.sent",
    "email.updated",
    "email_with_body_and_subject.updated",
    "meeting.booked",
    "meeting.updated",
    "note.created",
    "note.deleted",
    "note.updated",
    "person.created",
    "person.deleted",
    "person.updated",
    "step.created",
    "step.deleted",
    "step.updated",
    "success.created",
    "task.completed",
    "task.created",
    "task.deleted",
    "task.updated",
    "user.created",
    "user.updated",
)
"""Numbered for ever: a version that does not know a number would misread the type. A new one stands in its own text."""
OF_TYPE = b"\x01"
"""First byte of a packed type; its place follows."""
PERSON, PERSON_BYTES, PERSON_DIGITS = b"\x01", 5, 13
"""First byte of a packed key, the size of the number that follows, and how many digits are more than it holds."""
DEFAULT_SOURCE = b"\x01"
TRACE = b"\x01"
"""First byte of a packed traceparent."""
UUID_DASHES, TRACE_DASHES = (8, 13, 18, 23), (32, 49)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_PACKED_TYPES = {event_type: OF_TYPE + bytes((place,)) for place, event_type in enumerate(TYPES)}
_UNPACKED_TYPES = {packed: event_type for event_type, packed in _PACKED_TYPES.items()}


def packed_head(values: Sequence[str], *, pack: bool) -> bytes:
    """The head that says `VALUES`; without ``pack`` all in their own text."""
    if not pack:
        said = [value.encode() for value in values]
    else:
        event_id, event_type, key, source, at, made, trace = values
        said = [packed_id(event_id, event_type), packed_type(event_type), packed_key(key), packed_source(source)]
        said += [at.encode(), packed_time(made), packed_trace(trace)]
    try:
        return _WIDTH_SHORT + b"".join([_SHORT_LENGTHS[len(value)] + value for value in said])
    except IndexError:
        return _WIDTH_LONG + b"".join([len(value).to_bytes(LONG, "big") + value for value in said])


def values_of(head: bytes) -> tuple[list[bytes], bytes]:
    """`VALUES` as they stand in a head, and ``of``.

    Raises:
        ValueError: the head is damaged.
    """
    try:
        if head[0] == SHORT:
            said, end = _short_values(head)
        elif head[0] == LONG:
            said, end = _long_values(head)
        else:
            raise ValueError("no head")
    except IndexError:
        raise ValueError("a head that was cut off") from None
    if end > len(head) or (said[AT] and not said[AT].isdigit()):
        raise ValueError("a head that was cut off or tampered with")
    return said, head[end:]


def _short_values(head: bytes) -> tuple[list[bytes], int]:
    """`VALUES` of a head with lengths of a byte, and where they end. Written out: a loop takes three times as long."""
    # Each is where a value ends, and so where the length of the next one stands.
    event_id = 2 + head[1]
    event_type = event_id + 1 + head[event_id]
    key = event_type + 1 + head[event_type]
    source = key + 1 + head[key]
    at = source + 1 + head[source]
    made = at + 1 + head[at]
    trace = made + 1 + head[made]
    said = [head[2:event_id], head[event_id + 1 : event_type], head[event_type + 1 : key], head[key + 1 : source]]
    return [*said, head[source + 1 : at], head[at + 1 : made], head[made + 1 : trace]], trace


def _long_values(head: bytes) -> tuple[list[bytes], int]:
    """The same of a head with lengths of four bytes; `IndexError` when it was cut off."""
    said, end = [], 1
    for _ in VALUES:
        start = end + LONG
        if start > len(head):
            raise IndexError
        end = start + int.from_bytes(head[end:start], "big")
        said.append(head[start:end])
    return said, end


def unpacked_head(head: bytes) -> tuple[list[str], bytes]:
    """The text of each of `VALUES`, and ``of``."""
    (event_id, event_type, key, source, at, made, trace), of = values_of(head)
    named = unpacked_type(event_type)
    text = [unpacked_id(event_id, named), named, unpacked_key(key), unpacked_source(source), shown(at) if at else ""]
    return [*text, unpacked_time(made), unpacked_trace(trace) if trace else ""], of


def by_name(fields: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The fields of an entry by their names, whichever way it was written; what no script reads stays packed.

    A damaged head says nothing: the entry is then as one that somebody else has put into the stream.
    """
    if HEAD not in fields:
        return fields
    try:
        said, of = values_of(fields[HEAD])
    except ValueError:
        return {}
    event_id, event_type, key, *_ = said
    named = {name.encode(): value for name, value in zip(VALUES, said, strict=True)}
    its_type = unpacked_type(event_type)
    named[b"id"], named[b"type"] = unpacked_id(event_id, its_type).encode(), its_type.encode()
    named[b"key"] = unpacked_key(key).encode()
    return {**named, b"only": b"", b"of": of, b"body": fields.get(b"body", b"")}


def packed_id(event_id: str, event_type: str) -> bytes:
    """An id as the head of an event of this type has it."""
    if event_id.startswith(f"{event_type}/"):
        return OF_ITS_TYPE + event_id[len(event_type) + 1 :].encode()
    return UUID + _digits(event_id) if _UUID.fullmatch(event_id) else event_id.encode()


def unpacked_id(said: bytes, event_type: str) -> str:
    """The id that is meant in the head of an event of this type."""
    if said.startswith(OF_ITS_TYPE):
        return f"{event_type}/{shown(said[1:])}"
    return _dashed(said[1:].hex(), UUID_DASHES) if said.startswith(UUID) else shown(said)


def packed_type(event_type: str) -> bytes:
    """A type in two bytes, where it is known."""
    return _PACKED_TYPES.get(event_type) or event_type.encode()


def unpacked_type(said: bytes) -> str:
    """The type that is meant."""
    return _UNPACKED_TYPES.get(said[:2]) or shown(said)


def packed_key(key: str) -> bytes:
    """An entity key in few bytes, where it is a person's."""
    number = key.removeprefix("person:")
    if len(number) < PERSON_DIGITS and number.isdecimal() and key == f"person:{int(number)}":
        return PERSON + int(number).to_bytes(PERSON_BYTES, "big")
    return key.encode()


def unpacked_key(said: bytes) -> str:
    """The entity key that is meant."""
    return f"person:{int.from_bytes(said[1 : 1 + PERSON_BYTES], 'big')}" if said.startswith(PERSON) else shown(said)


def packed_source(source: str) -> bytes:
    """The name of a source; that of the only one of most installations in one byte."""
    return DEFAULT_SOURCE if source == "default" else source.encode()


def unpacked_source(said: bytes) -> str:
    """The source that is meant."""
    return "default" if said == DEFAULT_SOURCE else shown(said)


def packed_trace(traceparent: str) -> bytes:
    """A traceparent in few bytes, where it is one."""
    return TRACE + _digits(traceparent[3:]) if _TRACE.fullmatch(traceparent) else traceparent.encode()


def unpacked_trace(said: bytes) -> str:
    """The traceparent that is meant."""
    return f"00-{_dashed(said[1:].hex(), TRACE_DASHES)}" if said.startswith(TRACE) else shown(said)


def _digits(text: str) -> bytes:
    """What hexadecimal digits between dashes say."""
    return bytes.fromhex(text.replace("-", ""))


def _dashed(digits: str, dashes: Sequence[int]) -> str:
    for place in dashes:
        digits = f"{digits[:place]}-{digits[place:]}"
    return digits
