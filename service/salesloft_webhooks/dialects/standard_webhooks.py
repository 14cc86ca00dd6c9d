"""Standard Webhooks (https://www.standardwebhooks.com, version 1.0.0): what many relays and gateways speak.

``webhook-signature`` lists signatures, separated by blanks; one that begins with ``v1,`` is the base64 HMAC-SHA256 of
``"<webhook-id>.<webhook-timestamp>.<raw body>"``. Others (``v1a``, which is asymmetric) are passed over. A secret is
written ``whsec_<base64>``.

Three forms of body are read: the payload the specification recommends (``type``, ``timestamp``, ``data``), whose id is
``webhook-id`` unless it has an ``id`` of its own; a CloudEvent in JSON; and our own envelope. The first two are what
our `forward` groups send.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping

from salesloft_webhooks.dialects import names
from salesloft_webhooks.dialects import uniform_resource as resource
from salesloft_webhooks.dialects.envelope import FIELDS, MAX_ID_LENGTH, Fields, outgoing_data, read_members
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.protocol import HeaderNames, KeyKind, OutgoingEvent, Proof, Recognition
from salesloft_webhooks.dialects.signatures import (
    HeaderList,
    check_freshness,
    equal_to_any,
    read_timestamp,
    values,
)
from salesloft_webhooks.errors import RejectionReason, SignatureRejected, UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent

PREFIX = b"whsec_"
SHORTEST_SECRET = 24
"""Bytes; the specification's least."""
MOST_SIGNATURES = 32
"""Senders send one for each of their secrets; each costs us a comparison."""

_ID, _TIMESTAMP, _SIGNATURE = b"webhook-id", b"webhook-timestamp", b"webhook-signature"
_SIGNED = re.compile(rb"v1,[A-Za-z0-9+/]{43}=")
_MESSAGE_ID = re.compile(rb"[!-~]{1,%d}" % MAX_ID_LENGTH)
_PAYLOAD = Fields("type", "id", "timestamp")
_CLOUD_EVENT = Fields("type", "id", "time", type_prefix="com.salesloft.")


def secret_bytes(written: bytes) -> bytes:
    """The secret that ``whsec_<base64>`` stands for, with or without its prefix.

    Raises:
        ValueError: it is not base64, or shorter than the specification allows; the message ends a sentence.
    """
    try:
        secret = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = None
    if secret is None:  # outside the except block: the cause holds the secret
        raise ValueError("is not whsec_ and base64")
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"has fewer than {SHORTEST_SECRET} bytes")
    return secret


def signature(secret: bytes, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """One element of ``webhook-signature``.

    Args:
        secret: The bytes that `secret_bytes` gives.
        message_id: ``webhook-id``.
        timestamp: ``webhook-timestamp``, digits.
        body: The raw bytes.
    """
    digest = hmac.digest(secret, b"%b.%b.%b" % (message_id, timestamp, body), "sha256")
    return b"v1," + base64.b64encode(digest)


def signed_headers(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The sender's headers: the id and the time, and a signature of every secret if there are any.

    Args:
        secrets: The bytes that `secret_bytes` gives.
        message_id: The same in every attempt; without a ``.`` where others choose it, for it separates what is signed.
        timestamp: Of this attempt, in Unix seconds.
        body: What is sent, to the byte.
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    signatures = [signature(secret, message_id.encode(), b"%d" % timestamp, body) for secret in secrets]
    if signatures:
        headers["webhook-signature"] = b" ".join(signatures).decode("ascii")
    return headers


def read(body: bytes, message_id: str) -> NewEvent:
    """The event of a verified body, in any of the three forms.

    Raises:
        UnreadableDelivery: whatever is wrong.
    """
    members = resource.parse_object(body)
    if "specversion" in members:
        return read_members(members, body, _CLOUD_EVENT)
    if "event_type" in members:
        return read_members({"event_id": message_id, **members}, body, FIELDS)
    return read_members({"id": message_id, **members}, body, _PAYLOAD)


class StandardWebhooksDialect:
    """The dialect as `protocol.Dialect` wants it. What its headers say is the message's id."""

    name = "standard-webhooks"
    headers = HeaderNames("webhook-signature", timestamp="webhook-timestamp")
    bare_resources = False

    @staticmethod
    def _problem(written: bytes) -> str | None:
        try:
            secret_bytes(written)
        except ValueError as exc:
            return f"holds a secret that {exc}"
        return None

    key_kinds = (
        KeyKind(
            "standard_webhooks_secrets",
            "standard_webhooks_secret",
            "SALESLOFT_STANDARD_WEBHOOKS_SECRET",
            problem=_problem,
        ),
    )

    def recognise(self, headers: Mapping[bytes, bytes]) -> Recognition:
        """By its signature header; surely if all three are there."""
        if _SIGNATURE not in headers:
            return Recognition.NONE
        return Recognition.OUTERMOST if _ID in headers and _TIMESTAMP in headers else Recognition.MARKED

    def check_headers(self, headers: HeaderList, now: float, tolerance_seconds: float) -> None:
        """The form of the signatures and the id, and the freshness of the timestamp."""
        self._signatures(headers)
        self._message_id(headers)
        check_freshness(read_timestamp(headers, _TIMESTAMP), now, tolerance_seconds)

    def verify(
        self, headers: HeaderList, body: bytes, keys: DialectKeys, now: float, tolerance_seconds: float
    ) -> Proof:
        """Every signature is compared with every key's, whichever matches."""
        signatures, message_id = self._signatures(headers), self._message_id(headers)
        timestamp = read_timestamp(headers, _TIMESTAMP)
        secrets = map(secret_bytes, keys["standard_webhooks_secrets"])
        expected = [signature(secret, message_id, timestamp, body) for secret in secrets]
        matches = [match for each in signatures if (match := equal_to_any(each, expected)) is not None]
        if not matches:
            raise SignatureRejected(RejectionReason.MISMATCH)
        check_freshness(timestamp, now, tolerance_seconds)
        return Proof(min(matches), message_id.decode("ascii"))

    def _signatures(self, headers: HeaderList) -> list[bytes]:
        found = values(headers, _SIGNATURE)
        if not found:
            raise SignatureRejected(RejectionReason.MISSING_SIGNATURE)
        # A proxy may have put two equal lines together, separated by a comma.
        signatures = [each for part in found[0].split(b" ") if _SIGNED.fullmatch(each := part.rstrip(b","))]
        if len(found) > 1 or not 0 < len(signatures) <= MOST_SIGNATURES:
            raise SignatureRejected(RejectionReason.MALFORMED_SIGNATURE)
        return signatures

    def _message_id(self, headers: HeaderList) -> bytes:
        found = values(headers, _ID)
        if len(found) != 1 or not _MESSAGE_ID.fullmatch(found[0]):
            raise SignatureRejected(RejectionReason.MISSING_ID)
        return found[0]

    def read(self, body: bytes, from_headers: str, keys: DialectKeys) -> tuple[NewEvent, ...]:  # noqa: ARG002 - the Protocol's
        """See `read`."""
        return (read(body, from_headers),)

    def resource(self, body: bytes, from_headers: str, keys: DialectKeys) -> resource.JsonObject:  # noqa: ARG002 - the Protocol's
        """It has none: who speaks this dialect does not wait."""
        raise UnreadableDelivery(UnreadableReason.UNSUPPORTED_EVENT, "in this dialect everything is an event")

    def reread(self, body: bytes, from_headers: str) -> tuple[NewEvent, ...]:
        """As the first time."""
        return (read(body, from_headers),)

    def secrets(self, keys: DialectKeys, from_headers: str) -> Iterator[bytes]:  # noqa: ARG002 - the Protocol's
        """The secrets as written, without their prefix, and the bytes they stand for."""
        for written in keys["standard_webhooks_secrets"]:
            yield written
            yield written.removeprefix(PREFIX)
            yield secret_bytes(written)

    def binds_events(self, keys: DialectKeys) -> bool:  # noqa: ARG002 - the Protocol's
        """Its type stands in the signed body."""
        return True

    def compose(self, event: OutgoingEvent) -> tuple[bytes, str]:
        """The payload the specification recommends."""
        payload = {
            "type": names.DOTTED.get(event.event_type, event.event_type),
            "timestamp": event.created_at,
            "data": outgoing_data(event),
        }
        return resource.encode(payload), event.event_id

    def sign(self, body: bytes, from_headers: str, keys: DialectKeys, timestamp: int) -> dict[str, str]:
        """The three headers."""
        secret = secret_bytes(keys["standard_webhooks_secrets"][0])
        return signed_headers((secret,), from_headers, timestamp, body)


STANDARD_WEBHOOKS = StandardWebhooksDialect()
