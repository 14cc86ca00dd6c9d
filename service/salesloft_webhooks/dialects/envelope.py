"""The envelope dialect: what this project was ordered with, spoken by relays that wrap SalesLoft's deliveries.

``X-Salesloft-Signature`` is the hex HMAC-SHA256 of ``"<X-Salesloft-Timestamp>.<raw body>"``; the body is
``{"event_type", "event_id", "data", "created_at"}``. Pure functions: the clock is an argument.
"""

import re
from collections.abc import Sequence
from typing import Any

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.dialects import names, resource
from salesloft_webhooks.dialects.signatures import TIMESTAMP, Headers, hex_hmac, matching_key, read_signature, values
from salesloft_webhooks.errors import RejectionReason, SignatureRejected, UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent

SIGNATURE_DIGITS = 64
MAX_ID_LENGTH = 256
_TIMESTAMP = re.compile(rb"[0-9]{1,20}")
_EXACT_UP_TO = 2**53
"""Whole numbers below it have a double of their own."""
_LARGEST_ID = 10 ** (MAX_ID_LENGTH - 1)


def sign(body: bytes, key: bytes, timestamp: int) -> dict[str, str]:
    """The headers a sender adds. ``timestamp`` is in Unix seconds, >= 0."""
    signature = hex_hmac(key, b"%d.%b" % (timestamp, body), "sha256")
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
    index = matching_key(signature, timestamp + b"." + body, keys, "sha256")
    check_freshness(timestamp, now, tolerance_seconds)
    return index


def read_timestamp(headers: Headers) -> bytes:
    """The one timestamp header.

    Raises:
        SignatureRejected: MISSING_TIMESTAMP, or MALFORMED_TIMESTAMP unless it is a plain run of ASCII digits.
    """
    found = values(headers, TIMESTAMP)
    if not found:
        raise SignatureRejected(RejectionReason.MISSING_TIMESTAMP)
    if len(found) > 1 or not _TIMESTAMP.fullmatch(found[0]):
        raise SignatureRejected(RejectionReason.MALFORMED_TIMESTAMP)
    return found[0]


def check_freshness(timestamp: bytes, now: float, tolerance_seconds: float) -> None:
    """That a timestamp, in Unix seconds, is near enough to ``now``.

    Raises:
        SignatureRejected: EXPIRED or IN_THE_FUTURE.
    """
    age_seconds = now - int(timestamp)
    if age_seconds > tolerance_seconds:
        raise SignatureRejected(RejectionReason.EXPIRED)
    if age_seconds < -tolerance_seconds:
        raise SignatureRejected(RejectionReason.IN_THE_FUTURE)


def read(body: bytes) -> tuple[NewEvent, ...]:
    """The one event of a verified body. Its id, type and time are the sender's; ``data`` is made uniform.

    A type we know is given its dotted name however it is spelt; a time that is no plain text its canonical form.

    Raises:
        UnreadableDelivery: whatever is wrong.
    """
    envelope = resource.parse_object(body)
    event_type = _required(envelope, "event_type")
    if not isinstance(event_type, str):
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, "event_type is not a string")
    event_type = names.canonical(event_type)
    event_id = _event_id(_required(envelope, "event_id"))
    created_at = _created_at(_required(envelope, "created_at"))
    data = resource.require_object(_required(envelope, "data"), "data")
    kind = resource_kinds.kind_of(event_type)
    resource.make_uniform(kind, data, body)
    return (
        NewEvent(
            event_id=event_id,
            event_type=event_type,
            entity_key=resource.entity_key(kind, data, event_id),
            created_at=created_at,
            data=resource.encode(data),
        ),
    )


def _required(envelope: dict[str, Any], field: str) -> Any:
    if field not in envelope:
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, f"{field} is missing")
    return envelope[field]


def _event_id(value: object) -> str:
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
        f"event_id must be a string of 1 to {MAX_ID_LENGTH} visible ASCII characters without spaces, or a whole number",
    )


def _created_at(value: object) -> str:
    if text := resource.time_text(value):
        return text
    raise UnreadableDelivery(
        UnreadableReason.MISSING_FIELD,
        "created_at must be a time: ISO 8601 text, or Unix time as a number",
    )
