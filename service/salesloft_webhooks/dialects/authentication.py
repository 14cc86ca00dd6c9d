"""The steps of the hot path: `check_headers`, `authenticate` on raw bytes, `Authenticated.read` on what is proven.

A body costs memory for as long as it takes to arrive, and whoever sends it chooses how long that is. So what the
headers decide alone is asked before any of it is read.
"""

from dataclasses import dataclass, field

from salesloft_webhooks.dialects import names
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.protocol import Dialect
from salesloft_webhooks.dialects.redaction import content_redacted, redact
from salesloft_webhooks.dialects.registry import choose, named
from salesloft_webhooks.dialects.signatures import Headers
from salesloft_webhooks.dialects.uniform_resource import JsonObject
from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent


@dataclass(slots=True)  # not frozen: one is made of each delivery, and that takes four times as long
class Authenticated:
    """A delivery proven to come from the source, not parsed yet.

    Attributes:
        dialect: Name of the dialect it was signed in.
        key_index: Which key matched; see `Proof`.
        from_headers: What its headers say and its body does not; see `Proof`.
    """

    dialect: str
    key_index: int
    from_headers: str
    body: bytes = field(repr=False)
    keys: DialectKeys = field(repr=False)
    _spoken: Dialect = field(repr=False)

    def read(self) -> tuple[NewEvent, ...]:
        """The event it carries, then those derived from it.

        Raises:
            UnreadableDelivery: It is not an event we can read; keep `redacted_body` in quarantine.
            SignatureRejected: WRONG_CALLBACK_TOKEN, if a native body names a token that is not ours.
        """
        return self._spoken.read(self.body, self.from_headers, self.keys)

    @property
    def awaited(self) -> bool:
        """Whether its sender waits for a computed answer to its `resource`; such a one is no event."""
        return self._spoken.bare_resources and self.from_headers in names.SYNCHRONOUS

    def resource(self) -> JsonObject:
        """What the body is, without being made an event.

        Raises:
            UnreadableDelivery: It is no JSON object; keep `redacted_body` in quarantine.
            SignatureRejected: WRONG_CALLBACK_TOKEN, if it names a token that is not ours.
        """
        return self._spoken.resource(self.body, self.from_headers, self.keys)

    def redacted_body(self) -> bytes:
        """The raw body without any of our keys, fit to be kept where people look at it."""
        return redact(self.body, self.keys, self.from_headers)

    def content_redacted(self, redacted_body: bytes) -> bool:
        """Whether `redacted_body` says something else than what came."""
        return content_redacted(redacted_body, self.body)


def check_headers(headers: Headers, keys: DialectKeys, now: float, tolerance_seconds: float) -> None:
    """Refuse headers that `authenticate` would refuse with any body.

    Args:
        headers: As ASGI has them: names in lower case.
        keys: The source's keys.
        now: Unix seconds.
        tolerance_seconds: How far a signed timestamp may lie from ``now``, either way.

    Raises:
        SignatureRejected: whatever is wrong. No other exception, whatever the bytes.
    """
    headers = tuple(headers)
    choose(headers, keys).check_headers(headers, now, tolerance_seconds)


def authenticate(
    headers: Headers, body: bytes, keys: DialectKeys, now: float, tolerance_seconds: float
) -> Authenticated:
    """Prove that a delivery comes from the holder of one of ``keys``. Nothing is parsed, no clock is read.

    Args:
        headers: As ASGI has them: names in lower case.
        body: The raw bytes.
        keys: The source's keys.
        now: Unix seconds.
        tolerance_seconds: How far a signed timestamp may lie from ``now``, either way.

    Raises:
        SignatureRejected: whatever is wrong. No other exception, whatever the bytes.
    """
    headers = tuple(headers)
    dialect = choose(headers, keys)
    proof = dialect.verify(headers, body, keys, now, tolerance_seconds)
    return Authenticated(dialect.name, proof.key_index, proof.from_headers, body, keys, dialect)


def read_quarantined(dialect: str, from_headers: str, body: bytes) -> tuple[NewEvent, ...]:
    """The events of a delivery out of quarantine, as `Authenticated.read` gives them.

    Args:
        dialect: Name of the dialect it was signed in.
        from_headers: What its headers said. Up to version 0.1.0 a native event's name was not kept.
        body: As it was kept, its keys redacted.

    Raises:
        UnreadableDelivery: It still is not an event we can read.
    """
    spoken = named(dialect)
    if spoken is None:
        raise UnreadableDelivery(UnreadableReason.INVALID_EVENT_TYPE, "this program does not know its dialect")
    return spoken.reread(body, from_headers)
