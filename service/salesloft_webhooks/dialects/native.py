"""The native dialect: what SalesLoft itself sends.

``X-Salesloft-Signature`` is the hex HMAC-SHA1 of the raw body, keyed with the subscription's callback token. The event
name stands in ``X-Salesloft-Event`` only, *outside* the signature: whoever captures a delivery could send its body
under another name. A token of its own for each event type, derived from one master secret, closes that gap.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from salesloft_webhooks import resource_kinds, timestamps
from salesloft_webhooks.dialects import names
from salesloft_webhooks.dialects import uniform_resource as resource
from salesloft_webhooks.dialects.derived import derived_events
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.protocol import HeaderNames, KeyKind, OutgoingEvent, Proof, Recognition
from salesloft_webhooks.dialects.signatures import (
    EVENT,
    REDACTED,
    HeaderList,
    Headers,
    equal_to_any,
    hex_hmac,
    matching_key,
    read_signature,
    signature_length,
    values,
)
from salesloft_webhooks.dialects.uniform_resource import CALLBACK_TOKEN, JsonObject
from salesloft_webhooks.errors import (
    ConfigurationError,
    RejectionReason,
    SignatureRejected,
    UnreadableDelivery,
    UnreadableReason,
)
from salesloft_webhooks.events import NewEvent

SIGNATURE_DIGITS = 40


def derive_token(master: bytes, event_name: str) -> bytes:
    """The callback token of one event type: hex HMAC-SHA256 of its native name under the master secret."""
    # Names of our table only: anybody may send others, and they would be kept.
    return _known_token(master, event_name) if event_name in names.DOTTED else _token(master, event_name)


def _token(master: bytes, event_name: str) -> bytes:
    return hex_hmac(master, "sha256", event_name.encode())


_known_token = lru_cache(maxsize=256)(_token)


def sign(body: bytes, token: bytes, event_name: str) -> dict[str, str]:
    """The headers SalesLoft adds, given the subscription's callback token."""
    return {
        "X-Salesloft-Event": event_name,
        "X-Salesloft-Signature": hex_hmac(token, "sha1", body).decode("ascii"),
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
    return matching_key(signature, valid_tokens(event_name(headers), tokens, secrets), "sha1", body)


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
    data = _resource(body, name, tokens, secrets)
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


def _resource(body: bytes, name: str, tokens: Sequence[bytes], secrets: Sequence[bytes]) -> JsonObject:
    data = resource.parse_object(body)
    _check_callback_token(data, valid_tokens(name, tokens, secrets) if CALLBACK_TOKEN in data else ())
    return data


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


class NativeDialect:
    """The dialect as `protocol.Dialect` wants it. What its headers say is the event's name."""

    name = "native"
    key_kinds = (
        KeyKind("callback_tokens", "callback_token", "SALESLOFT_CALLBACK_TOKEN"),
        KeyKind("callback_secrets", "callback_secret", "SALESLOFT_CALLBACK_SECRET"),
    )
    headers = HeaderNames("X-Salesloft-Signature", event="X-Salesloft-Event")
    bare_resources = True

    def recognise(self, headers: Mapping[bytes, bytes]) -> Recognition:
        """By an event's name; surely if the signature has 40 digits."""
        if EVENT not in headers:
            return Recognition.NONE
        return Recognition.COMPLETE if signature_length(headers) == SIGNATURE_DIGITS else Recognition.MARKED

    def check_headers(self, headers: HeaderList, now: float, tolerance_seconds: float) -> None:  # noqa: ARG002 - the Protocol's
        """The form of the signature, and an event's name."""
        read_signature(headers, SIGNATURE_DIGITS)
        event_name(headers)

    def verify(
        self,
        headers: HeaderList,
        body: bytes,
        keys: DialectKeys,
        now: float,  # noqa: ARG002 - the Protocol's
        tolerance_seconds: float,  # noqa: ARG002 - the Protocol's
    ) -> Proof:
        """See `verify`."""
        index = verify(headers, body, keys["callback_tokens"], keys["callback_secrets"])
        return Proof(index, event_name(headers))

    def read(self, body: bytes, from_headers: str, keys: DialectKeys) -> tuple[NewEvent, ...]:
        """See `read`."""
        return read(body, from_headers, keys["callback_tokens"], keys["callback_secrets"])

    def resource(self, body: bytes, from_headers: str, keys: DialectKeys) -> JsonObject:
        """The body without its callback token, which is checked."""
        return _resource(body, from_headers, keys["callback_tokens"], keys["callback_secrets"])

    def reread(self, body: bytes, from_headers: str) -> tuple[NewEvent, ...]:
        """As the first time; a callback token that is redacted was in the delivery we proved.

        Up to version 0.1.0 the event's name was not kept.
        """
        if not from_headers:
            raise UnreadableDelivery(UnreadableReason.INVALID_EVENT_TYPE, "the event name it came with was not kept")
        try:
            return read(body, from_headers, (REDACTED,))
        except SignatureRejected as exc:
            raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, "its callback_token is none") from exc

    def secrets(self, keys: DialectKeys, from_headers: str) -> Iterator[bytes]:
        """The keys, and every token derived from one, also for a name that is not in our table."""
        yield from keys["callback_tokens"] + keys["callback_secrets"]
        for secret in keys["callback_secrets"]:
            for name in (*names.DOTTED, from_headers):
                yield derive_token(secret, name)

    def binds_events(self, keys: DialectKeys) -> bool:
        """Only where every token is derived from the event's name."""
        return "callback_secrets" in keys and "callback_tokens" not in keys

    def compose(self, event: OutgoingEvent) -> tuple[bytes, str]:
        """The bare resource, under SalesLoft's name."""
        name = names.NATIVE.get(event.event_type, event.event_type)
        if "." in name:
            raise ConfigurationError(
                f"SalesLoft sends no {name}; in the native dialect, send what it is derived from (email_updated, ...)"
            )
        return resource.encode(event.data), name

    def sign(self, body: bytes, from_headers: str, keys: DialectKeys, timestamp: int) -> dict[str, str]:  # noqa: ARG002 - the Protocol's
        """See `sign`; a callback secret is preferred to a token."""
        for secret in keys["callback_secrets"]:
            return sign(body, derive_token(secret, from_headers), from_headers)
        return sign(body, keys["callback_tokens"][0], from_headers)


NATIVE = NativeDialect()
