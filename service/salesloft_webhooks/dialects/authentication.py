"""The two steps of the hot path: `authenticate` on raw bytes, then `Authenticated.read` on what is proven."""

from dataclasses import dataclass, field

from salesloft_webhooks.dialects import envelope, native
from salesloft_webhooks.dialects.keys import Dialect, DialectKeys, choose
from salesloft_webhooks.dialects.redaction import redact
from salesloft_webhooks.dialects.signatures import Headers
from salesloft_webhooks.events import NewEvent


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A delivery proven to come from the source, not parsed yet.

    Attributes:
        dialect: How it was signed.
        key_index: Which key matched. Envelope: index of the secret. Native: over the callback tokens first, then the
            callback secrets.
        event_name: Native: the name in the event header. Envelope: empty, it stands in the body.
    """

    dialect: Dialect
    key_index: int
    event_name: str
    body: bytes = field(repr=False)
    keys: DialectKeys = field(repr=False)

    def read(self) -> tuple[NewEvent, ...]:
        """The event it carries, then those derived from it.

        Raises:
            UnreadableDelivery: It is not an event we can read; keep `redacted_body` in quarantine.
            SignatureRejected: WRONG_CALLBACK_TOKEN, if a native body names a token that is not ours.
        """
        if self.dialect is Dialect.ENVELOPE:
            return envelope.read(self.body)
        return native.read(self.body, self.event_name, self.keys.callback_tokens, self.keys.callback_secrets)

    def redacted_body(self) -> bytes:
        """The raw body without any of our keys, fit to be kept where people look at it."""
        return redact(self.body, self.keys, self.event_name)


def authenticate(
    headers: Headers, body: bytes, keys: DialectKeys, now: float, tolerance_seconds: float
) -> Authenticated:
    """Prove that a delivery comes from the holder of one of ``keys``. Nothing is parsed, no clock is read.

    Args:
        headers: As ASGI has them: names in lower case.
        body: The raw bytes.
        keys: The source's keys.
        now: Unix seconds.
        tolerance_seconds: Envelope dialect: how far the timestamp may lie from ``now``, either way.

    Raises:
        SignatureRejected: whatever is wrong. No other exception, whatever the bytes.
    """
    headers = tuple(headers)
    dialect = choose(headers, keys)
    if dialect is Dialect.ENVELOPE:
        index = envelope.verify(headers, body, keys.envelope_secrets, now, tolerance_seconds)
        return Authenticated(dialect, index, "", body, keys)
    index = native.verify(headers, body, keys.callback_tokens, keys.callback_secrets)
    return Authenticated(dialect, index, native.event_name(headers), body, keys)
