"""The native dialect: what SalesLoft itself sends.

``X-Salesloft-Signature`` is the hex HMAC-SHA1 of the raw body, keyed with the subscription's callback token. The event
name stands in ``X-Salesloft-Event`` only, *outside* the signature: whoever captures a delivery could send its body
under another name. A token of its own for each event type, derived from one master secret, closes that gap.
"""

import hashlib
from collections.abc import Sequence

from salesloft_webhooks import resource_kinds, timestamps
from salesloft_webhooks.dialects import names, resource
from salesloft_webhooks.dialects.derived import derived_events
from salesloft_webhooks.dialects.resource import CALLBACK_TOKEN, JsonObject
from salesloft_webhooks.dialects.signatures import (
    EVENT,
    Headers,
    equal_to_any,
    hex_hmac,
    matching_key,
    read_signature,
    values,
)
from salesloft_webhooks.errors import RejectionReason, SignatureRejected
from salesloft_webhooks.events import NewEvent

SIGNATURE_DIGITS = 40


def derive_token(master: bytes, event_name: str) -> bytes:
    """The callback token of one event type: hex HMAC-SHA256 of its native name under the master secret."""
    return hex_hmac(master, event_name.encode(), "sha256")


def sign(body: bytes, token: bytes, event_name: str) -> dict[str, str]:
    """The headers SalesLoft adds, given the subscription's callback token."""
    return {
        "X-Salesloft-Event": event_name,
        "X-Salesloft-Signature": hex_hmac(token, body, "sha1").decode("ascii"),
    }


def valid_tokens(event_name: str, tokens: Sequence[bytes], secrets: Sequence[bytes]) -> tuple[bytes, ...]:
    """Every callback token that may sign this event type: the given ones first, then one derived from each secret."""
    return (*tokens, *(derive_token(secret, event_name) for secret in secrets))


def verify(headers: Headers, body: bytes, tokens: Sequence[bytes], secrets: Sequence[bytes] = ()) -> int:
    """Index of the key that signed the delivery, counted over the callback tokens first, then the master secrets.

    Args:
        headers: As ASGI has them: names in lower case.
        body: The raw bytes.
        tokens: Callback tokens, valid for every event type.
        secrets: Master secrets, from which the token of the delivery's event type is derived.

    Raises:
        SignatureRejected: whatever is wrong.
    """
    headers = tuple(headers)
    signature = read_signature(headers, SIGNATURE_DIGITS)
    return matching_key(signature, body, valid_tokens(event_name(headers), tokens, secrets), "sha1")


def event_name(headers: Headers) -> str:
    """The event name as received, not validated yet: only a signed delivery is worth a diagnosis.

    Raises:
        SignatureRejected: MISSING_EVENT, if there is none, an empty one or more than one.
    """
    found = values(headers, EVENT)
    if len(found) != 1 or not found[0]:
        raise SignatureRejected(RejectionReason.MISSING_EVENT)
    return found[0].decode("latin-1")  # which maps every byte: this line cannot raise


def read(body: bytes, name: str, tokens: Sequence[bytes] = (), secrets: Sequence[bytes] = ()) -> tuple[NewEvent, ...]:
    """The event of a verified body and, after it, the events derived from it.

    Args:
        body: The raw bytes, a bare resource.
        name: The native event name the delivery came with.
        tokens: Callback tokens, to check the one inside the body, should there be any.
        secrets: Master secrets, likewise.

    Raises:
        SignatureRejected: WRONG_CALLBACK_TOKEN, if the body names a token that is not valid for this event.
        UnreadableDelivery: whatever else is wrong.
    """
    event_type = names.dotted(name)
    data = resource.parse_object(body)
    _check_callback_token(data, valid_tokens(name, tokens, secrets) if CALLBACK_TOKEN in data else ())
    kind = resource_kinds.kind_of(event_type)
    resource.make_uniform(kind, data, body)
    event_id = _event_id(event_type, data)
    base = NewEvent(
        event_id=event_id,
        event_type=event_type,
        entity_key=resource.entity_key(kind, data, event_id),
        created_at=resource.first_time(data, *resource_kinds.times(event_type)),
        data=resource.encode(data),
    )
    return (base, *derived_events(base, data))


def _check_callback_token(data: JsonObject, valid: Sequence[bytes]) -> None:
    token = data.pop(CALLBACK_TOKEN, None)
    if token is None:
        return
    if not isinstance(token, str) or equal_to_any(token.encode(), valid) is None:
        raise SignatureRejected(RejectionReason.WRONG_CALLBACK_TOKEN)


def _event_id(event_type: str, data: JsonObject) -> str:
    """A readable id that is the same for every attempt of one delivery, and for the same thing found by other means.

    What happens once has no version: a creation seen late is still that creation. Without an id of its own, or a time,
    a resource is told by a digest of its content, which must not depend on the order of members: nobody has confirmed
    that SalesLoft's retries are byte-identical.
    """
    own = resource.identifier(data.get("id"))
    if own is None:
        return f"{event_type}/-/{_digest(data)}"
    if resource_kinds.happens_once(event_type):
        return f"{event_type}/{own}"
    return f"{event_type}/{own}/{_version(data.get(resource_kinds.VERSION)) or _digest(data)}"


def _version(time: object) -> str | None:
    """A time that can be read in its canonical form; text that cannot stays as it is."""
    return timestamps.canonical(time) or resource.safe_text(time, 64)


def _digest(data: JsonObject) -> str:
    return hashlib.sha256(resource.canonical(data)).hexdigest()[:32]
