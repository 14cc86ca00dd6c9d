"""The envelope dialect: what this project was ordered with, spoken by relays that wrap SalesLoft's deliveries.

``X-Salesloft-Signature`` is the hex HMAC-SHA256 of ``"<X-Salesloft-Timestamp>.<raw body>"``; the body is
``{"event_type", "event_id", "data", "created_at"}``. Pure functions: the clock is an argument.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.dialects import names
from salesloft_webhooks.dialects import uniform_resource as resource
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.protocol import HeaderNames, KeyKind, OutgoingEvent, Proof, Recognition
from salesloft_webhooks.dialects.signatures import (
    TIMESTAMP,
    HeaderList,
    Headers,
    check_freshness,
    hex_hmac,
    matching_key,
    read_signature,
    read_timestamp,
    signature_length,
)
from salesloft_webhooks.dialects.uniform_resource import JsonObject
from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent

SIGNATURE_DIGITS = 64
MAX_ID_LENGTH = 256
_EXACT_UP_TO = 2**53
"""Whole numbers below it have a double of their own."""
_LARGEST_ID = 10 ** (MAX_ID_LENGTH - 1)


class Fields(Struct, frozen=True):
    """What the members of an object that describes an event are called."""

    event_type: str
    event_id: str
    created_at: str
    type_prefix: str = ""
    """Stands before the type."""


FIELDS = Fields("event_type", "event_id", "created_at")


def sign(body: bytes, key: bytes, timestamp: int) -> dict[str, str]:
    """The headers a sender adds. ``timestamp`` is in Unix seconds, >= 0."""
    signature = hex_hmac(key, "sha256", b"%d." % timestamp, body)
    return {"X-Salesloft-Timestamp": str(timestamp), "X-Salesloft-Signature": signature.decode("ascii")}


def verify(headers: Headers, body: bytes, keys: Sequence[bytes], now: float, tolerance_seconds: float) -> int:
    """Index of the key that signed the delivery.

    The freshness is judged last: here EXPIRED and IN_THE_FUTURE are said of authentic deliveries only. Before the body
    is read they are said of the headers alone (`check_freshness`).

    Args:
        headers: As ASGI has them: names in lower case.
        body: The raw bytes.
        keys: Secrets; any may match.
        now: Unix seconds.
        tolerance_seconds: How far the timestamp may lie from ``now``, either way.

    Raises:
        SignatureRejected: whatever is wrong.
    """
    headers = tuple(headers)
    signature = read_signature(headers, SIGNATURE_DIGITS)
    timestamp = read_timestamp(headers)
    index = matching_key(signature, keys, "sha256", timestamp, b".", body)
    check_freshness(timestamp, now, tolerance_seconds)
    return index


def read(body: bytes) -> tuple[NewEvent, ...]:
    """The one event of a verified body. Its id, type and time are the sender's; ``data`` is made uniform.

    A type we know is given its dotted name however it is spelt; a time that is no plain text its canonical form.

    Raises:
        UnreadableDelivery: whatever is wrong.
    """
    return (read_members(resource.parse_object(body), body, FIELDS),)


def read_members(envelope: JsonObject, body: bytes, fields: Fields) -> NewEvent:
    """The event an object's members describe.

    Args:
        envelope: The object.
        body: The bytes it was parsed from.
        fields: What the members are called.

    Raises:
        UnreadableDelivery: one is missing, or not what it must be.
    """
    event_type = _required(envelope, fields.event_type)
    if not isinstance(event_type, str):
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, f"{fields.event_type} is not a string")
    event_type = names.canonical(event_type.removeprefix(fields.type_prefix))
    event_id = _event_id(_required(envelope, fields.event_id), fields.event_id)
    created_at = _created_at(_required(envelope, fields.created_at), fields.created_at)
    data = resource.require_object(_required(envelope, "data"), "data")
    kind = resource_kinds.kind_of(event_type)
    resource.make_uniform(kind, data, body)
    return NewEvent(
        event_id=event_id,
        event_type=event_type,
        entity_key=resource.entity_key(kind, data, event_id),
        created_at=created_at,
        data=resource.encode(data),
    )


def _required(envelope: JsonObject, field: str) -> object:
    if field not in envelope:
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, f"{field} is missing")
    return envelope[field]


def _event_id(value: object, field: str) -> str:
    """The id as text. A number is the text of its digits, so 17 and "17" are one id; 17.0 is the same number as 17.

    Other fractions, and whole ones beyond what a double holds exactly, are refused: two ids might become one.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_UP_TO:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID:
        return str(value)
    if text := resource.safe_text(value, MAX_ID_LENGTH):
        return text
    raise UnreadableDelivery(
        UnreadableReason.MISSING_FIELD,
        f"{field} must be a string of 1 to {MAX_ID_LENGTH} visible ASCII characters without spaces, or a whole number",
    )


def _created_at(value: object, field: str) -> str:
    if text := resource.time_text(value):
        return text
    raise UnreadableDelivery(
        UnreadableReason.MISSING_FIELD,
        f"{field} must be a time: ISO 8601 text, or Unix time as a number",
    )


def outgoing_data(event: OutgoingEvent) -> JsonObject:
    """An event's data as relays send it: it names its person."""
    kind = resource_kinds.kind_of(names.DOTTED.get(event.event_type, event.event_type))
    return {**event.data, "person_id": resource.person_id(kind, event.data)}


class EnvelopeDialect:
    """The dialect as `protocol.Dialect` wants it."""

    name = "envelope"
    key_kinds = (KeyKind("envelope_secrets", "envelope_secret", "SALESLOFT_WEBHOOK_SECRET"),)
    headers = HeaderNames("X-Salesloft-Signature", timestamp="X-Salesloft-Timestamp")
    bare_resources = False

    def recognise(self, headers: Mapping[bytes, bytes]) -> Recognition:
        """By a timestamp; surely if the signature has 64 digits."""
        if TIMESTAMP not in headers:
            return Recognition.NONE
        return Recognition.COMPLETE if signature_length(headers) == SIGNATURE_DIGITS else Recognition.HINT

    def check_headers(self, headers: HeaderList, now: float, tolerance_seconds: float) -> None:
        """The form of the signature, and the freshness of the timestamp."""
        read_signature(headers, SIGNATURE_DIGITS)
        check_freshness(read_timestamp(headers), now, tolerance_seconds)

    def verify(
        self, headers: HeaderList, body: bytes, keys: DialectKeys, now: float, tolerance_seconds: float
    ) -> Proof:
        """See `verify`."""
        return Proof(verify(headers, body, keys["envelope_secrets"], now, tolerance_seconds))

    def read(self, body: bytes, from_headers: str, keys: DialectKeys) -> tuple[NewEvent, ...]:  # noqa: ARG002 - the Protocol's
        """See `read`."""
        return read(body)

    def resource(self, body: bytes, from_headers: str, keys: DialectKeys) -> resource.JsonObject:  # noqa: ARG002 - the Protocol's
        """It has none: who speaks this dialect does not wait."""
        raise UnreadableDelivery(UnreadableReason.UNSUPPORTED_EVENT, "in this dialect everything is an event")

    def reread(self, body: bytes, from_headers: str) -> tuple[NewEvent, ...]:  # noqa: ARG002 - the Protocol's
        """As the first time."""
        return read(body)

    def secrets(self, keys: DialectKeys, from_headers: str) -> Iterator[bytes]:  # noqa: ARG002 - the Protocol's
        """The secrets."""
        yield from keys["envelope_secrets"]

    def binds_events(self, keys: DialectKeys) -> bool:  # noqa: ARG002 - the Protocol's
        """Its type stands in the signed body."""
        return True

    def compose(self, event: OutgoingEvent) -> tuple[bytes, str]:
        """An envelope with a dotted type."""
        envelope = {
            "event_type": names.DOTTED.get(event.event_type, event.event_type),
            "event_id": event.event_id,
            "data": outgoing_data(event),
            "created_at": event.created_at,
        }
        return resource.encode(envelope), ""

    def sign(self, body: bytes, from_headers: str, keys: DialectKeys, timestamp: int) -> dict[str, str]:  # noqa: ARG002 - the Protocol's
        """See `sign`."""
        return sign(body, keys["envelope_secrets"][0], timestamp)


ENVELOPE = EnvelopeDialect()
