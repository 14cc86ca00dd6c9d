"""The keys of a source, by dialect, and which dialect a delivery speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from salesloft_webhooks.dialects import envelope, native
from salesloft_webhooks.dialects.signatures import EVENT, SIGNATURE, TIMESTAMP, Headers
from salesloft_webhooks.errors import RejectionReason, SignatureRejected


class Dialect(StrEnum):
    """How a sender signs and shapes a delivery."""

    ENVELOPE = "envelope"
    """SHA-256 over timestamp and body; event type, id and time inside the body."""
    NATIVE = "native"
    """SHA-1 over the body; the bare resource as body, the event name in a header."""


@dataclass(frozen=True, slots=True, repr=False)
class DialectKeys:
    """The keys a source accepts. Several of a kind during a rotation; any may match. No repr shows a value.

    Attributes:
        envelope_secrets: HMAC-SHA256 secrets of the envelope dialect.
        callback_tokens: Native callback tokens, each valid for every event type.
        callback_secrets: Native master secrets; the token of each event type is derived from them.
    """

    envelope_secrets: tuple[bytes, ...] = ()
    callback_tokens: tuple[bytes, ...] = ()
    callback_secrets: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return (
            f"DialectKeys(envelope_secrets=<{len(self.envelope_secrets)}>, "
            f"callback_tokens=<{len(self.callback_tokens)}>, callback_secrets=<{len(self.callback_secrets)}>)"
        )

    @property
    def dialects(self) -> frozenset[Dialect]:
        """The dialects there is at least one key for."""
        present = {
            Dialect.ENVELOPE: self.envelope_secrets,
            Dialect.NATIVE: self.callback_tokens + self.callback_secrets,
        }
        return frozenset(dialect for dialect, keys in present.items() if keys)


def choose(headers: Headers, keys: DialectKeys) -> Dialect:
    """The dialect to verify a delivery by.

    The signature decides where its form leaves no doubt: its length is one dialect's, and what else that dialect needs
    is there. A relay that passes SalesLoft's event header on is so understood, and nothing is tried that cannot match.
    Otherwise an event header means native if there are keys for both. With keys for one, it is that one, unless the
    headers are plainly those of the other: then "no keys" is the honest diagnosis, where "no timestamp" would send
    people the wrong way.

    Raises:
        SignatureRejected: NO_KEYS.
    """
    found = dict(headers)
    accepted = keys.dialects
    spoken = _by_form(found) or (Dialect.NATIVE if EVENT in found else Dialect.ENVELOPE)
    if spoken in accepted:
        return spoken
    undecided = (EVENT in found) == (TIMESTAMP in found)
    if not undecided or not accepted:
        raise SignatureRejected(RejectionReason.NO_KEYS)
    (only,) = accepted
    return only


def _by_form(headers: Mapping[bytes, bytes]) -> Dialect | None:
    """What the lengths say, which are no secret: 64 hex digits and a timestamp, or 40 and an event's name."""
    signature, _, _ = headers.get(SIGNATURE, b"").partition(b",")  # a proxy may have put two equal lines together
    match len(signature.rstrip(b" \t")):
        case envelope.SIGNATURE_DIGITS if TIMESTAMP in headers:
            return Dialect.ENVELOPE
        case native.SIGNATURE_DIGITS if EVENT in headers:
            return Dialect.NATIVE
    return None
