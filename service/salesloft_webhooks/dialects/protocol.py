"""What a dialect is: everything this program knows of one way of signing and shaping deliveries, in one object.

Whoever needs to know something of dialects (the receiver, the quarantine, the sources file, redaction, the simulator,
``send``) asks the objects in `registry.DIALECTS`; nobody else tells one from another.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from msgspec import Struct

from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.signatures import HeaderList
from salesloft_webhooks.dialects.uniform_resource import JsonObject
from salesloft_webhooks.events import NewEvent


class Recognition(IntEnum):
    """How surely the names and forms of headers, which are no secret, say that a delivery speaks a dialect."""

    NONE = 0
    """Nothing of this dialect is there."""
    HINT = 1
    """A header this dialect needs, but which relays of another one may send as well."""
    MARKED = 2
    """A header that is this dialect's alone."""
    COMPLETE = 3
    """The signature has its form, and what else it needs is there."""
    OUTERMOST = 4
    """COMPLETE, in a dialect of relays, which may pass the headers of what they relay on."""


def nothing_wrong(_key: bytes) -> str | None:
    """The check of keys that may be any text."""
    return None


class KeyKind(Struct, frozen=True):
    """One kind of key of a dialect.

    Attributes:
        name: Under which `DialectKeys` holds them, in the plural.
        field: Its name in a sources file; with ``_file`` appended it names a file.
        setting: Its environment variable; with ``_FILE`` appended it names a file.
        problem: What is wrong with a key as written, as the end of a sentence; None if nothing is.
        size: How many bytes of secret a key as written holds.
    """

    name: str
    field: str
    setting: str
    problem: Callable[[bytes], str | None] = nothing_wrong
    size: Callable[[bytes], int] = len


class Proof(Struct):
    """That a delivery was signed with one of our keys.

    Attributes:
        key_index: Which one: over the dialect's key kinds in their order, then over the keys of each.
        from_headers: What the headers say of the event and the body does not, as `Dialect.read` needs it.
    """

    key_index: int
    from_headers: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event that `send` or the simulator tells a receiver of.

    Attributes:
        event_type: Dotted, or SalesLoft's own name.
        event_id: Ignored by dialects that send none.
        created_at: ISO 8601, likewise.
        data: The resource.
    """

    event_type: str
    event_id: str
    created_at: str
    data: dict[str, Any]


class HeaderNames(Struct, frozen=True):
    """The headers a sender adds, as it writes them; empty where a dialect has none."""

    signature: str
    timestamp: str = ""
    event: str = ""


class Dialect(Protocol):
    """One way of signing and shaping deliveries. Pure: no I/O, no clock; `SignatureRejected` whatever the bytes."""

    @property
    def name(self) -> str:
        """Metric label, log field, and kept in quarantine: never change it."""

    @property
    def key_kinds(self) -> tuple[KeyKind, ...]:
        """Its kinds of keys, at least one; the first is what ``send --secret-file`` holds."""

    @property
    def headers(self) -> HeaderNames:
        """What its senders add."""

    @property
    def bare_resources(self) -> bool:
        """Bodies are SalesLoft's resources themselves, under its own event names."""

    def recognise(self, headers: Mapping[bytes, bytes]) -> Recognition:
        """How surely a delivery speaks this dialect. Nothing is parsed; header names are in lower case."""

    def check_headers(self, headers: HeaderList, now: float, tolerance_seconds: float) -> None:
        """Refuse headers that `verify` would refuse with any body and any keys.

        Raises:
            SignatureRejected: whatever is wrong.
        """

    def verify(
        self, headers: HeaderList, body: bytes, keys: DialectKeys, now: float, tolerance_seconds: float
    ) -> Proof:
        """Which key signed the delivery.

        Args:
            headers: As ASGI has them: names in lower case.
            body: The raw bytes.
            keys: Those of the source; any of this dialect's may match.
            now: Unix seconds.
            tolerance_seconds: How far a signed timestamp may lie from ``now``, either way.

        Raises:
            SignatureRejected: whatever is wrong.
        """

    def read(self, body: bytes, from_headers: str, keys: DialectKeys) -> tuple[NewEvent, ...]:
        """The event of a verified body, then those derived from it.

        Raises:
            UnreadableDelivery: It is not an event we can read.
            SignatureRejected: The body contradicts the signature.
        """

    def resource(self, body: bytes, from_headers: str, keys: DialectKeys) -> JsonObject:
        """A verified body as it is, for what is no event; in a dialect of `bare_resources` only.

        Raises:
            UnreadableDelivery: It is no JSON object, or the dialect has no such bodies.
            SignatureRejected: The body contradicts the signature.
        """

    def reread(self, body: bytes, from_headers: str) -> tuple[NewEvent, ...]:
        """The events of a body out of quarantine, whose keys are redacted.

        Raises:
            UnreadableDelivery: It still is not an event we can read.
        """

    def secrets(self, keys: DialectKeys, from_headers: str) -> Iterator[bytes]:
        """Every text that must not be kept: the keys as written, and what is derived from them."""

    def binds_events(self, keys: DialectKeys) -> bool:
        """Whether a recorded delivery cannot be sent again as another event."""

    def compose(self, event: OutgoingEvent) -> tuple[bytes, str]:
        """The sender's side: a body, and what `sign` must say in headers.

        Raises:
            ConfigurationError: this dialect cannot tell of such an event.
        """

    def sign(self, body: bytes, from_headers: str, keys: DialectKeys, timestamp: int) -> dict[str, str]:
        """The sender's side: the headers, signed with the first key there is. ``timestamp`` is in Unix seconds."""
