"""The envelope dialect: what this project was ordered with, spoken by relays that wrap SalesLoft's deliveries.

``X-Salesloft-Signature`` is the hex HMAC-SHA256 of ``"<X-Salesloft-Timestamp>.<raw body>"``; the body is
``{"event_type", "event_id", "data", "created_at"}``. Pure functions: the clock is an argument.
"""

import re
from collections.abc import Sequence
from typing import Any

from salesloft_webhooks.dialects import names, resource
from salesloft_webhooks.dialects.signatures import TIMESTAMP, Headers, hex_hmac, matching_key, read_signature, values
from salesloft_webhooks.errors import RejectionReason, SignatureRejected, UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent

SIGNATURE_DIGITS = 64
_TIMESTAMP = re.compile(rb"[0-9]{1,20}")


def sign(body: bytes, key: bytes, timestamp: int) -> dict[str, str]:
    """The headers a sender adds. ``timestamp`` is in Unix seconds, >= 0."""
    signature = hex_hmac(key, b"%d.%b" % (timestamp, body), "sha256")
    return {"X-Salesloft-Timestamp": str(timestamp), "X-Salesloft-Signature": signature.decode("ascii")}


def verify(headers: Headers, body: bytes, keys: Sequence[bytes], now: float, tolerance_seconds: float) -> int:
    """Index of the key that signed the delivery.

    The freshness is judged last, so that EXPIRED and IN_THE_FUTURE are said of authentic deliveries only: they tell
    of clocks and delays, never of a stranger's guess.

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
    timestamp = _read_timestamp(headers)
    index = matching_key(signature, timestamp + b"." + body, keys, "sha256")
    age_seconds = now - int(timestamp)
    if age_seconds > tolerance_seconds:
        raise SignatureRejected(RejectionReason.EXPIRED)
    if age_seconds < -tolerance_seconds:
        raise SignatureRejected(RejectionReason.IN_THE_FUTURE)
    return index


def read(body: bytes) -> tuple[NewEvent, ...]:
    """The one event of a verified body. Its id, type and time are the sender's; ``data`` is made uniform.

    Raises:
        UnreadableDelivery: whatever is wrong.
    """
    envelope = resource.parse_object(body)
    event_type = _required(envelope, "event_type")
    if not isinstance(event_type, str):
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, "event_type is not a string")
    names.check_event_type(event_type)
    event_id = _required_text(envelope, "event_id", 256)
    created_at = _required_text(envelope, "created_at", 64)
    data = resource.require_object(_required(envelope, "data"), "data")
    kind = event_type.partition(".")[0]
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


def _read_timestamp(headers: Headers) -> bytes:
    found = values(headers, TIMESTAMP)
    if not found:
        raise SignatureRejected(RejectionReason.MISSING_TIMESTAMP)
    if len(found) > 1 or not _TIMESTAMP.fullmatch(found[0]):
        raise SignatureRejected(RejectionReason.MALFORMED_TIMESTAMP)
    return found[0]


def _required(envelope: dict[str, Any], field: str) -> Any:
    if field not in envelope:
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, f"{field} is missing")
    return envelope[field]


def _required_text(envelope: dict[str, Any], field: str, longest: int) -> str:
    text = resource.safe_text(_required(envelope, field), longest)
    if text is None:
        raise UnreadableDelivery(
            UnreadableReason.MISSING_FIELD,
            f"{field} must be a string of 1 to {longest} visible ASCII characters without spaces",
        )
    return text
